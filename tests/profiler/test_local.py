"""The profiler on this machine: real models, real runs with windows of a tenth of a second."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

import edgeprof
from edgeprof.cli import edgeprof as command
from edgeprof.profiler.characterization import Characterization
from edgeprof.profiler.plan import OptionValue
from edgeprof.profiler.running import ProfilerProgress
from edgeprof.quality.evaluation_set import SetFacts
from edgeprof.quality.sets.folder import write_set
from tests.agent.odd_endpoint import odd_endpoint

BUNDLED = Path(__file__).parents[2] / "model_exports" / "edgeprof_exports" / "bundled"
FP32, INT8 = str(BUNDLED / "digits-cnn-fp32.onnx"), str(BUNDLED / "digits-cnn-int8.onnx")
BRIEF: dict[str, OptionValue] = {
    "threads": 1,
    "window_s": 0.1,
    "window_limit_s": 0.1,
    "warmup_runs": 1,
    "warmup_limit_s": 0.1,
    "cold_start": False,
    "evaluation_items": 60,
}
HOSTED = "openai:gpt-5-nano"
MODELS = (FP32, INT8, "digits-cnn-int8-tflite", "missing.onnx", HOSTED)


def words(folder: Path) -> Path:
    """Two questions; the endpoint's answer, `word word ...`, is right for one of them."""
    facts = SetFacts(name="words", task="exact-match", domain="language", template="{question}")
    answer = " ".join(["word"] * 4)
    items = [
        {"id": str(at), "question": "?", "target": target, "max_tokens": 4} for at, target in enumerate((answer, "7"))
    ]
    write_set(folder, facts, items, {})
    return folder


def profiler(models: Any = MODELS, **changes: Any) -> edgeprof.ModelProfiler:
    given: dict[str, Any] = {
        "metrics": ["latency", "memory", "throughput", "accuracy", "cost"],
        "evaluation_sets": ["digits"],
        "options": BRIEF,
        **changes,
    }
    return edgeprof.ModelProfiler(models, **given)


@pytest.fixture(scope="module")
def steps() -> list[ProfilerProgress]:
    return []


@pytest.fixture(scope="module")
def found(steps: list[ProfilerProgress]) -> Characterization:
    """Measured once for all tests of this file."""
    return asyncio.run(profiler().characterize_models_async(steps.append))


def test_each_model_on_each_target_has_figures_with_their_unit_interval_and_origin(found: Characterization) -> None:
    assert [one.model for one in found.profiles] == list(MODELS)
    for model in MODELS[:3]:
        one = found.profile(model, "local")
        latency, accuracy = one.figure("latency_p50_ms"), one.figure("accuracy_percent", "digits")
        assert latency is not None
        assert (latency.unit, latency.origin, latency.runs, latency.n > 100) == ("ms", "measured", 1, True)
        assert (latency.ci_low is None) == bool(latency.no_interval)
        assert accuracy is not None
        assert accuracy.ci_low is not None
        assert accuracy.ci_high is not None
        assert accuracy.ci_low < accuracy.value < accuracy.ci_high
        assert (accuracy.n, accuracy.evaluation_set) == (60, "digits")
        assert one.figure("peak_memory_mib") is not None
        assert one.figure("throughput_per_s") is not None
        assert len(one.result_ids) == 2
    assert found.matrix("latency_p50_ms")["missing.onnx"] == {found.profiles[0].device: None}


def test_what_cannot_run_is_a_named_failure_beside_the_others(found: Characterization) -> None:
    failures = {one.model: [failure.code for failure in one.failures] for one in found.profiles if one.failures}
    assert failures == {"missing.onnx": ["unknown_model"], HOSTED: ["wrong_target"]}
    assert found.profile("missing.onnx").reason("latency_p50_ms") == "No file missing.onnx here. Check the path."
    assert found.has_failures


def test_what_was_not_measured_is_absent_with_its_reason_and_never_zero(found: Characterization) -> None:
    reason = found.profile(FP32).reason("cost_usd")
    assert reason == "only a hub has the prices; name a hub's device"
    rows = [row for row in found.rows() if row["metric"] == "cost_usd"]
    assert [(row["value"], row["reason"]) for row in rows] == [(None, reason)] * 3


def test_progress_names_the_target_and_what_is_done(found: Characterization, steps: list[ProfilerProgress]) -> None:
    assert {step.target for step in steps if step.target} == {found.profiles[0].device}
    assert any(step.stage.startswith("run 3 of 3") for step in steps)
    assert any("60 of 60 items" in step.note for step in steps)


def test_plan_file_and_python_give_the_same_bytes(found: Characterization, tmp_path: Path) -> None:
    found.save(tmp_path / "kept")
    quoted = ", ".join(f'"{model}"' for model in MODELS)
    options = "\n".join(f"{name} = {str(value).lower()}" for name, value in BRIEF.items())
    plan = tmp_path / "plan.toml"
    plan.write_text(
        f"models = [{quoted}]\nmetrics = ['latency', 'memory', 'throughput', 'accuracy', 'cost']\n"
        f"deployment_targets = ['local']\nevaluation_sets = ['digits']\n[options]\n{options}\n"
    )
    out, page = tmp_path / "out.json", tmp_path / "out.html"
    arguments = [str(plan), "--from", str(tmp_path / "kept"), "--json", str(out), "--report", str(page)]
    assert command.main(["characterize", *arguments], standalone_mode=False) == 1
    assert out.read_bytes() == found.json() == profiler().from_recording(tmp_path / "kept").json()
    assert page.read_bytes() == found.report(tmp_path / "other.html").read_bytes()


def test_the_verdict_rests_on_the_same_comparison_as_compare_does(found: Characterization) -> None:
    speed, quality = found.verdict().rankings
    assert speed.figure == "latency"
    assert len(speed.rests_on) >= 2
    assert quality.figure == "Accuracy on digits"
    assert not quality.is_shown
    assert "apart: n = 60 shows" in quality.rests_on[0]
    assert "missing.onnx" not in str(found.verdict())


def test_the_text_and_the_table_of_a_notebook_show_every_model(found: Characterization) -> None:
    assert re.search(r"^digits-cnn-int8.onnx +\S+ +\d", repr(found), re.MULTILINE)
    assert "[unknown_model]" in repr(found)
    html: str = getattr(found, "_repr_html_")()  # noqa: B009
    assert html.count("<tr>") == 1 + len(MODELS)
    assert "Accuracy on digits [%]" in html


def test_a_model_that_can_answer_none_of_the_sets_says_so(tmp_path: Path) -> None:
    """Where nothing else was requested, that is its failure."""
    (one,) = (
        profiler(INT8, metrics="accuracy", evaluation_sets=words(tmp_path / "words")).characterize_models().profiles
    )
    assert [(failure.code, failure.about) for failure in one.failures] == [("wrong_set", str(tmp_path / "words"))]


def test_repeats_are_interleaved_and_their_spread_carries_the_verdict() -> None:
    made = profiler((FP32, INT8), metrics="latency", evaluation_sets=(), repeats=2).characterize_models()
    figure = made.profile(INT8).figure("latency_p50_ms")
    assert figure is not None
    assert (figure.runs, figure.no_interval) == (2, "2 runs; an interval over runs takes 6")
    times = {cell.model: [result.started.wall_s for result in cell.results] for cell in made.recording.cells}
    first, second = times.values()
    assert (first[0] < second[0]) != (first[1] < second[1])  # A B B A
    (ranking,) = made.verdict().rankings
    assert "97 % interval" in ranking.rests_on[0]


def test_profiles_come_one_by_one_and_an_endpoint_by_its_url_runs_hosted_models_only(tmp_path: Path) -> None:
    with odd_endpoint() as server:
        url = f"http://127.0.0.1:{server.server_port}/v1"
        made = edgeprof.ModelProfiler(
            ["test:tiny", INT8],
            ["latency", "accuracy"],
            [url],
            evaluation_sets=["digits", words(tmp_path / "words")],
            options={**BRIEF, "prompt_tokens": 8, "decode_tokens": 4},
        )
        by_model = {one.model: one for one in made.iter_profiles()}
    hosted, file = by_model["test:tiny"], by_model[INT8]
    assert file.failures[0].code == "wrong_target"
    assert file.failures[0].message.startswith("An endpoint runs hosted models")
    assert hosted.failures == ()  # the set that is for other models is no failure
    assert hosted.device == f"127.0.0.1:{server.server_port}"
    assert hosted.figure("ttft_ms") is not None
    answered = hosted.figure("exact_match_percent", "words")
    assert answered is not None
    assert (answered.n, answered.value) == (2, 50.0)
