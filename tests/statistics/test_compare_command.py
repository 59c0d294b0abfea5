"""`edgeprof compare` on result files, folders of them and results on a hub."""

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from edgeprof.commands.compare import compare
from edgeprof.errors import EdgeprofError
from edgeprof.wire import identity
from edgeprof.wire import messages as m
from tests.hub import fleet
from tests.hub.live import serving

FP32 = fleet.model("cnn fp32", "cnn")
INT8 = fleet.model("cnn int8", "cnn", quantization="int8")
LLM = fleet.model("llm", "llm", "gguf")


def run(*args: str | Path) -> str:
    outcome = CliRunner().invoke(compare, [str(arg) for arg in args], catch_exceptions=False)
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


def times(around_ms: float, seed: int, n: int = 150) -> tuple[float, ...]:
    draw = random.Random(seed)
    return tuple(around_ms * (1 + 0.01 * draw.gauss(0, 1)) for _ in range(n))


def vision(around_ms: float, seed: int = 1, **changed: Any) -> m.Result:
    made = fleet.result(1, FP32, fleet.vision_rows(around_ms, around_ms / 50))
    return replace(made, **{"samples_ms": times(around_ms, seed), **changed})


def kept(path: Path, result: m.Result) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(msgspec.json.encode(result))
    return path


def with_artifact(result: m.Result, around_ms: float) -> tuple[m.Result, bytes]:
    series = {"latency": [time * 1e6 for time in times(around_ms, 3, 500)]}
    data = json.dumps({"unit": "ns", "series": series}).encode()
    ref = m.ArtifactRef(name="samples", sha256=identity.sha256_hex(data), size=len(data), media_type="application/json")
    return replace(result, samples_ms=(), artifacts=(ref,)), data


def test_one_run_a_side_says_that_the_spread_of_runs_is_not_known(tmp_path: Path) -> None:
    a, b = kept(tmp_path / "a.json", vision(10)), kept(tmp_path / "b.json", vision(11, 2))
    text = run(a, b)
    assert text.startswith("No verdict on A and B: the noise floor of this device is not known")
    assert "B / A: 1.09" in text or "B / A: 1.10" in text
    assert "Smallest effect" in text


def test_several_runs_a_side_give_a_verdict(tmp_path: Path) -> None:
    for number in range(3):
        kept(tmp_path / "a" / f"{number}.json", vision(10 + number / 50, number))
        kept(tmp_path / "b" / f"{number}.json", vision(9 + number / 50, number))
    report = json.loads(run(tmp_path / "a", tmp_path / "b", "--json"))
    assert report["verdict"]["outcome"] == "faster"
    assert report["verdict"]["runs_a"] == 3
    assert report["verdict"]["low"] < 0.9 < report["verdict"]["high"]
    assert len(report["a_ms"]) == 3


def test_a_learned_floor_allows_a_verdict_on_single_runs(tmp_path: Path) -> None:
    for number in range(8):
        kept(tmp_path / "aa" / f"{number}.json", vision(10 + number / 50, number))
    floor = tmp_path / "floor.json"
    told = run(tmp_path / "aa", "--learn-floor", floor)
    assert "8 runs" in told
    a, b, near = (kept(tmp_path / f"{ms}.json", vision(ms)) for ms in (10, 11, 10.05))
    assert run(a, b, "--floor", floor).startswith("B is slower than A by 10.0%")
    assert run(a, near, "--floor", floor).startswith("No difference shown")


def test_a_floor_of_another_device_is_not_used(tmp_path: Path) -> None:
    for number in range(5):
        kept(tmp_path / "aa" / f"{number}.json", vision(10 + number / 50, number, device_id="d-other"))
    run(tmp_path / "aa", "--learn-floor", tmp_path / "floor.json")
    a, b = kept(tmp_path / "a.json", vision(10)), kept(tmp_path / "b.json", vision(11))
    text = run(a, b, "--floor", tmp_path / "floor.json")
    assert "No verdict" in text
    assert "noise floor ignored" in text


def test_samples_beside_the_file_are_used_if_they_are_the_results_own(tmp_path: Path) -> None:
    result, data = with_artifact(vision(10), 10)
    a, b = kept(tmp_path / "a.json", result), kept(tmp_path / "b.json", vision(14))
    assert "stored intervals" in run(a, b)
    (tmp_path / "a.samples.json").write_bytes(data)
    assert "stored intervals" not in run(a, b)
    (tmp_path / "a.samples.json").write_bytes(data + b" ")
    assert "stored intervals" in run(a, b)


def test_rates_of_a_language_model_are_compared_as_times(tmp_path: Path) -> None:
    a = kept(tmp_path / "a.json", fleet.result(1, LLM, fleet.language_rows(40)))
    b = kept(tmp_path / "b.json", fleet.result(1, LLM, fleet.language_rows(80)))
    report = json.loads(run(a, b, "--series", "decode", "--json"))
    assert report["verdict"]["outcome"] == "faster"
    assert report["verdict"]["ratio"] == pytest.approx(0.5)
    assert report["a_ms"] == [25.0]


def test_an_emulated_device_is_never_ranked(tmp_path: Path) -> None:
    a, b = kept(tmp_path / "a.json", vision(10)), kept(tmp_path / "b.json", vision(30, emulated=True))
    assert run(a, b).startswith(
        "No verdict on A and B: B is emulated, and times of an emulated device are never ranked"
    )


def test_another_workload_is_a_warning(tmp_path: Path) -> None:
    a = vision(10)
    assert a.effective is not None
    other = replace(a.effective, threads=1, inputs={"x": "float32[8,1,28,28]"})
    text = run(kept(tmp_path / "a.json", a), kept(tmp_path / "b.json", replace(a, effective=other)))
    assert "warning: different threads: 4 in A, 1 in B" in text
    assert "warning: different inputs" in text


def test_another_model_is_the_subject_and_no_warning(tmp_path: Path) -> None:
    b = replace(fleet.result(1, INT8, fleet.vision_rows(4, 0.1)), samples_ms=times(4, 2))
    text = run(kept(tmp_path / "a.json", vision(10)), kept(tmp_path / "b.json", b))
    assert text.startswith("B is faster than A by 60")
    assert "differs: model: cnn fp32 in A, cnn int8 in B" in text
    assert "warning" not in text


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (None, "no_results"),
        (fleet.result(1, FP32, failure=fleet.UNSUPPORTED), "result_failed"),
        (replace(vision(10, samples_ms=()), metrics=()), "nothing_to_compare"),
        (vision(10, samples_ms=(10.0, 11.0)), "no_median"),
        (vision(10, samples_ms=(0.0,) * 30), "no_median"),
    ],
    ids=["no result", "failed", "no samples", "two samples", "no time"],
)
def test_what_cannot_be_compared_is_told_with_a_code(tmp_path: Path, result: m.Result | None, code: str) -> None:
    (tmp_path / "a").mkdir()
    if result is not None:
        kept(tmp_path / "a" / "a.json", result)
    with pytest.raises(EdgeprofError) as caught:
        run(tmp_path / "a", kept(tmp_path / "b.json", vision(10)))
    assert caught.value.code == code


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(EdgeprofError, match="No file"):
        run(tmp_path / "a.json", tmp_path / "b.json")


@pytest.mark.parametrize("args", [["a"], ["a", "b", "c"], ["a", "b", "--learn-floor", "f"]])
def test_a_wrong_number_of_results_is_told(tmp_path: Path, args: list[str]) -> None:
    for name in "abc":
        kept(tmp_path / f"{name}.json", vision(10))
    with pytest.raises(EdgeprofError) as caught:
        run(*[tmp_path / f"{arg}.json" if len(arg) == 1 and arg != "f" else arg for arg in args])
    assert caught.value.code == "bad_usage"


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b"[1]", b'{"unit": "ns"}'])
def test_a_file_that_is_no_result_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(EdgeprofError, match="is not a result") as caught:
        run(tmp_path / "a.json", tmp_path / "a.json")
    assert caught.value.code == "not_a_result"


def test_a_result_on_the_hub_is_compared_with_its_samples(tmp_path: Path) -> None:
    result, data = with_artifact(vision(10), 10)
    digest = result.artifacts[0].sha256
    with serving(tmp_path / "hub") as live:
        with live.http("PUT", f"/artifacts/{digest}", data) as answer:
            assert answer.status == 201
        live.hub.writer.call(
            lambda store: fleet.fill(store, fleet.Fleet([fleet.state(1, "pi")], [fleet.facts(1)], [FP32], [result]))
        )
        b = kept(tmp_path / "b.json", vision(20))
        report = json.loads(run(result.result_id, b, "--hub", live.url, "--json"))
    assert report["verdict"]["outcome"] == "slower"
    assert report["a_ms"] == [pytest.approx(10, rel=0.01)]
    assert not any("stored intervals" in note for note in report["notes"])


def test_without_arguments_it_is_the_table(tmp_path: Path) -> None:
    with serving(tmp_path / "hub") as live:
        live.hub.writer.call(lambda store: fleet.fill(store, fleet.typical()))
        assert "digits-cnn" in run("--hub", live.url)
        assert "cells" in json.loads(run("--hub", live.url, "--json"))
