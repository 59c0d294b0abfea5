"""A search against a model: within its bound in what is stored, counted, and the same from the same seed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from edgeprof.commands.evaluation_set import set_
from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.quality.packaged.resolve import resolve_set
from edgeprof.quality.perturbations.attack import Attacked, attack
from edgeprof.quality.sets import read_set
from edgeprof_agent.evaluating.onnx_margins import OnnxMargins

BUNDLED = Path(__file__).parents[2] / "model_exports/edgeprof_exports/bundled"
MODEL = BUNDLED / "digits-cnn-fp32.onnx"
ITEMS = 12


def attacked(out: Path, epsilon: float = 0.2, tries: int = 60) -> Attacked:
    found, folder = resolve_set("digits")
    margins = OnnxMargins(MODEL, found.facts)
    return attack(folder, margins.margin, "f" * 64, out, epsilon=epsilon, tries=tries, items=ITEMS)


def rows(folder: Path) -> Any:
    return np.load(folder / "files/rows.npy").astype(np.float64)[:ITEMS]


def test_stored_values_stay_within_the_bound(tmp_path: Path) -> None:
    """0.2 of 16 is 3.2: the bound is 3 whole steps."""
    made = attacked(tmp_path / "a")
    change = np.abs(rows(tmp_path / "a") - rows(resolve_set("digits").folder))
    assert 0 < change.max() <= 3
    assert made.derived.made.facts.perturbation == f"random-search(epsilon=0.2, tries=60, model={'f' * 12}, seed=1)"
    assert made.derived.made.set_id == attacked(tmp_path / "b").derived.made.set_id


def test_what_was_counted_as_fooled_is_wrong_in_the_set(tmp_path: Path) -> None:
    made = attacked(tmp_path / "a")
    margins = OnnxMargins(MODEL, read_set(tmp_path / "a").facts)
    images = np.load(tmp_path / "a/files/rows.npy")
    wrong = sum(margins.margin(images[item["row"]], item["label"]) <= 0 for item in made.derived.made.items)
    assert wrong == made.fooled + (ITEMS - made.right)
    assert 0 < made.fooled <= made.right


def test_the_model_has_its_digits_right_before(tmp_path: Path) -> None:
    found, folder = resolve_set("digits")
    margins, images = OnnxMargins(MODEL, found.facts), np.load(folder / "files/rows.npy")
    right = sum(margins.margin(images[item["row"]], item["label"]) > 0 for item in found.items)
    assert right >= 0.98 * len(found.items)


def test_a_bound_below_one_step_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Use 0.062\.|Use 0.063\."):
        attacked(tmp_path / "a", epsilon=0.05)


def test_a_set_of_another_task_is_refused(tmp_path: Path) -> None:
    made = CliRunner().invoke(set_, ["generate", "ordering:each=1", "--out", str(tmp_path / "ordering")])
    assert made.exit_code == 0
    with pytest.raises(UsageError, match="image-classification"):
        attack(tmp_path / "ordering", lambda image, label: 1.0, "f" * 64, tmp_path / "a", epsilon=0.1, tries=1)


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.onnx").write_bytes(b"not a model")
    with pytest.raises(EdgeprofError) as caught:
        OnnxMargins(tmp_path / "bad.onnx", resolve_set("digits").evaluation_set.facts)
    assert caught.value.code == "bad_attack"


def test_the_command_says_what_it_found(tmp_path: Path) -> None:
    words = ["attack", "digits", "--model", str(MODEL), "--epsilon", "0.2", "--items", "5", "--tries", "30"]
    done = CliRunner().invoke(set_, [*words, "--out", str(tmp_path / "a")])
    assert done.exit_code == 0, done.exception
    assert "that the model has right are wrong within the bound" in done.output
