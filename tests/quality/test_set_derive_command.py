"""`edgeprof set perturb` and `edgeprof set generate` from the terminal."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edgeprof.commands.evaluation_set import set_
from edgeprof.errors import EdgeprofError
from edgeprof.quality.generated.table import GENERATORS
from edgeprof.quality.perturbations.table import PERTURBATIONS
from edgeprof.quality.sets import read_set


def run(*words: str) -> Result:
    return CliRunner().invoke(set_, list(words))


def test_a_packaged_set_is_perturbed_by_its_name(tmp_path: Path) -> None:
    done = run("perturb", "digits", "--with", "noise:sigma=0.1", "--items", "20", "--out", str(tmp_path / "noisy"))
    assert done.exit_code == 0
    assert "20 of 20 items differ from the parent's" in done.output
    found = read_set(tmp_path / "noisy")
    assert found.facts.perturbation == "noise(sigma=0.1, seed=1)"
    assert found.facts.name == "digits + noise"


def test_a_generated_set_is_perturbed_by_its_folder(tmp_path: Path) -> None:
    assert run("generate", "ordering:each=2", "--out", str(tmp_path / "ordering")).exit_code == 0
    parent = read_set(tmp_path / "ordering")
    for step in ("typos:share=0.1", "option-order", "distractors", "paraphrase"):
        out = tmp_path / step.partition(":")[0]
        assert run("perturb", str(tmp_path / "ordering"), "--with", step, "--out", str(out)).exit_code == 0
        found = read_set(out)
        assert [item["id"] for item in found.items] == [item["id"] for item in parent.items]
        for old, new in zip(parent.items, found.items, strict=True):
            assert new["choices"][new["label"]] == old["choices"][old["label"]]


def test_the_lists_name_everything() -> None:
    assert all(f"\n{name}  " in f"\n{run('perturb', '--list').output}" for name in PERTURBATIONS)
    assert all(f"\n{name}  " in f"\n{run('generate', '--list').output}" for name in GENERATORS)


@pytest.mark.parametrize("words", [("perturb", "digits"), ("generate",), ("generate", "needle")])
def test_what_is_missing_is_named(words: tuple[str, ...]) -> None:
    done = run(*words)
    assert isinstance(done.exception, EdgeprofError)
    assert done.exception.code == "bad_usage"
