"""Plans that contradict themselves, and models that are live objects: nothing is measured here."""

import doctest
import importlib
import pkgutil
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import edgeprof
import edgeprof.profiler
from edgeprof.client.http_client import HubClient
from edgeprof.errors import MissingPartError, UsageError
from edgeprof.profiler import hub_runs
from edgeprof.profiler.cells import Cell, CellFailure, Recording, load
from edgeprof.profiler.characterization import Characterization
from edgeprof.profiler.models import ModelSource
from edgeprof.profiler.plan import Plan, read_plan
from edgeprof.profiler.targets import Target, kind_of
from tests.hub import fleet


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"models": []}, "bad_profile_plan", "has no models"),
        ({"models": ["a", "a"]}, "bad_profile_plan", "named twice"),
        ({"metrics": ["speed"]}, "bad_metric", "Groups: latency"),
        ({"metrics": []}, "bad_metric", "at least one metric"),
        ({"metrics": ["accuracy"]}, "bad_profile_plan", "needs evaluation_sets"),
        ({"evaluation_sets": ["digits"]}, "bad_profile_plan", "Add 'accuracy'"),
        ({"options": {"window": 1}}, "bad_profile_plan", "No option 'window'"),
        ({"options": {"threads": "two"}}, "bad_profile_plan", "Option threads"),
        ({"options": {"threads": -1}}, "bad_profile_plan", "out of range"),
        ({"repeats": 0}, "bad_profile_plan", "1 to 1000"),
        ({"gates": ["digits: accuracy >= source - 1"]}, "bad_profile_plan", "Name it: source"),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused_before_anything_is_measured(
    changes: dict[str, Any], code: str, words: str
) -> None:
    given: dict[str, Any] = {"models": ["a.onnx"], **changes}
    with pytest.raises(UsageError, match=words) as caught:
        edgeprof.ModelProfiler(**given)
    assert caught.value.code == code


@pytest.mark.parametrize("text", ["models = 3", "models = ['a']\nmetric = ['latency']", "models = ["])
def test_a_file_that_is_no_plan_names_the_field(text: str, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(text)
    with pytest.raises(UsageError, match=r"is not a plan"):
        read_plan(tmp_path / "plan.toml")
    with pytest.raises(UsageError, match="Cannot read"):
        read_plan(tmp_path / "other.toml")


def torch_module() -> object:
    """An object of a class that is a module to whoever looks at its bases, as PyTorch's are."""
    base = type("Module", (), {"__module__": "torch.nn.modules.module"})
    return type("TinyNet", (base,), {"__module__": "user"})()


def test_a_live_module_without_torch_or_inputs_is_a_named_failure_of_that_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # also where it is installed
    module = torch_module()
    made = edgeprof.ModelProfiler(
        [module, edgeprof.TorchModel(module=module, example_inputs=(1,), name="net")]
    ).characterize_models()
    bare, given = made.profiles
    assert (bare.model, bare.failures[0].code) == ("module:TinyNet", "no_example_inputs")
    assert (given.model, given.failures[0].code) == ("module:net", "extra_missing")
    assert "pip install 'edgeprof[exports]'" in given.failures[0].message


def test_words_for_a_hubs_devices_without_a_hub_are_failures() -> None:
    made = edgeprof.ModelProfiler(
        ["openai:tiny"], ["latency"], ["edge", "http://127.0.0.1:9/lab"], hub="http://127.0.0.1:9"
    ).characterize_models()
    assert [one.failures[0].code for one in made.profiles] == ["hub_unreachable", "hub_unreachable"]
    assert str(made.verdict()) == "Nothing was measured that can be ranked."


def notebook_html(made: Characterization) -> str:
    """As a notebook asks for it."""
    return getattr(made, "_repr_html_")()  # noqa: B009


@pytest.mark.parametrize(
    ("endpoint", "profile_id", "kind"),
    [
        (None, None, "edge"),
        (None, "rpi-5", "edge"),
        (None, "pixel-8", "mobile"),
        ("https://api.example.com/v1", None, "cloud"),
        ("http://127.0.0.1:8080/v1", None, "edge"),
    ],
)
def test_a_device_is_of_one_kind(endpoint: str | None, profile_id: str | None, kind: str) -> None:
    device = fleet.record(1, replace(fleet.facts(1), endpoint=endpoint))
    assert kind_of(replace(device, profile_id=profile_id)) == kind


def made_of(*failures: CellFailure, model: str = "<script>alert(1)</script>") -> Characterization:
    plan = Plan(models=(model,), metrics=("latency",), deployment_targets=("local",))
    return Characterization(
        plan, Recording(cells=(Cell(model=model, target="local", device="<d>", failures=failures),))
    )


def test_no_text_of_others_is_markup_in_the_report_or_a_notebook(tmp_path: Path) -> None:
    made = made_of(CellFailure(code="x", message='"><img src=x onerror=alert(1)>'))
    for html in (made.report(tmp_path / "r.html").read_text(), notebook_html(made)):
        assert "<script" not in html
        assert "<img" not in html
        assert "&lt;script&gt;" in html
    page = (tmp_path / "r.html").read_text()
    assert "light dark" in page
    assert "width=device-width" in page
    assert "http" not in page.replace("http-equiv", "")


def test_a_data_frame_names_the_missing_part_or_has_a_row_for_each_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    made = made_of(CellFailure(code="x", message="It failed."))
    monkeypatch.setitem(sys.modules, "pandas", None)  # type: ignore[arg-type]
    with pytest.raises(MissingPartError, match="pip install pandas"):
        made.to_dataframe()
    stand_in = ModuleType("pandas")
    stand_in.DataFrame = list  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pandas", stand_in)
    (row,) = made.to_dataframe()
    assert (row["status"], row["value"], row["reason"]) == ("failed", None, "It failed.")


def test_a_folder_that_is_no_recording_or_anothers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Make one with --save"):
        load(tmp_path)
    made_of(CellFailure(code="x", message="It failed.")).save(tmp_path / "kept")
    with pytest.raises(UsageError, match="has no results of other"):
        edgeprof.ModelProfiler(["other"]).from_recording(tmp_path / "kept")
    with pytest.raises(UsageError, match="is not empty"):
        made_of().save(tmp_path / "kept")


def test_the_examples_in_the_docstrings_hold() -> None:
    names = [one.name for one in pkgutil.iter_modules(edgeprof.profiler.__path__, "edgeprof.profiler.")]
    results = [doctest.testmod(importlib.import_module(name)) for name in names]
    assert sum(one.failed for one in results) == 0
    assert sum(one.attempted for one in results) >= 8


def test_two_names_of_one_model_have_a_cell_each() -> None:
    """Two files of one content have one id on a hub. Nothing answers at this address: each is a named failure."""
    record = fleet.model("digits", "digits")
    sources = [ModelSource(name=name, record=record, format="onnx") for name in ("a.onnx", "copy-of-a.onnx")]
    target = Target(text="alpha", kind="hub", device="alpha", record=fleet.record(1, fleet.facts(1)))
    plan = Plan(models=("a.onnx", "copy-of-a.onnx"), metrics=("latency",), deployment_targets=("alpha",))
    client = HubClient("http://127.0.0.1:9")
    started = hub_runs.start(plan, client, target, sources)
    cells = [cell for cell, _ in hub_runs.collect(plan, client, target, started, lambda stage, fraction, note: None)]
    assert [(cell.model, len(cell.failures)) for cell in cells] == [("a.onnx", 1), ("copy-of-a.onnx", 1)]
