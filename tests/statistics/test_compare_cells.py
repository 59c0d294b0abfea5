"""`edgeprof compare` on cells of a hub: DEVICE/MODEL and DEVICE/MODEL@RUNTIME."""

import json
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from edgeprof.client import cells, http_client
from edgeprof.commands.compare import compare
from edgeprof.errors import EdgeprofError
from edgeprof.wire import identity
from edgeprof.wire import messages as m
from tests.hub import fleet
from tests.hub.live import Live, serving
from tests.statistics.test_compare_command import times

FP32 = fleet.model("cnn/v2 fp32", "cnn")
INT8 = fleet.model("cnn@edge int8", "cnn", quantization="int8")
TWINS = fleet.model("twin", "twin"), fleet.model("twin", "twin", quantization="int8")
NEVER_RUN = fleet.model("never run", "never")
MODELS = [FP32, INT8, *TWINS, NEVER_RUN]


def runs(model_of: m.Result, around_ms: float, count: int = 3) -> list[m.Result]:
    """Several measured runs; each is another result."""
    return [
        replace(model_of, result_id=identity.new_id(), samples_ms=times(around_ms + number / 50, number))
        for number in range(count)
    ]


def elsewhere(result: m.Result, runtime: str) -> m.Result:
    """The same as another configuration."""
    config = replace(result.config, runtime=runtime)
    return replace(result, config=config, config_key=identity.config_key(config))


FAST, SLOW = fleet.result(1, INT8, fleet.vision_rows(4, 0.1)), fleet.result(1, FP32, fleet.vision_rows(10, 0.1))
FAILED = fleet.result(1, FP32, failure=fleet.UNSUPPORTED)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Generator[Live]:
    """Two models on a device, the first with two runtimes; a failed run; two devices of one name."""
    stored = [*runs(SLOW, 10), FAILED, *runs(FAST, 4)]
    states = [fleet.state(1, "pi/kitchen"), fleet.state(2, "twin"), fleet.state(3, "twin")]
    facts = [fleet.facts(number) for number in (1, 2, 3)]
    with serving(tmp_path_factory.mktemp("hub")) as hub:
        hub.hub.writer.call(lambda store: fleet.fill(store, fleet.Fleet(states, facts, MODELS)))
        for item in runs(elsewhere(SLOW, "tvm"), 30):
            received(hub, item, fleet.NOW_S - 60)
        for item in stored:
            received(hub, item, fleet.NOW_S)
        yield hub


def received(live: Live, result: m.Result, at_s: float) -> None:
    digest = identity.sha256_hex(result.result_id.encode())
    live.hub.writer.call(lambda store: store.save_result(result, digest, at_s))


def run(live: Live, *args: str) -> str:
    outcome = CliRunner().invoke(compare, [*args, "--hub", live.url], catch_exceptions=False)
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


def test_cells_are_compared_with_all_their_measured_runs(live: Live) -> None:
    report = json.loads(run(live, "pi/kitchen/cnn/v2 fp32@onnxruntime", "pi/kitchen/cnn@edge int8", "--json"))
    assert report["verdict"]["outcome"] == "faster"
    assert (report["verdict"]["runs_a"], report["verdict"]["runs_b"]) == (3, 3)
    assert report["verdict"]["ratio"] == pytest.approx(0.4, rel=0.02)
    assert any("model: cnn/v2 fp32 in A, cnn@edge int8 in B" in line for line in report["subject"])


def test_of_several_configurations_the_last_one_is_compared_and_that_is_said(live: Live) -> None:
    report = json.loads(run(live, "pi/kitchen/cnn/v2 fp32", "pi/kitchen/cnn/v2 fp32@tvm", "--json"))
    assert report["a_ms"] == [pytest.approx(10, rel=0.02)] * 3
    assert report["b_ms"] == [pytest.approx(30, rel=0.02)] * 3
    (said,) = [note for note in report["notes"] if "configurations" in note]
    assert said == ("pi/kitchen/cnn/v2 fp32 has 2 configurations; comparing the newest: onnxruntime, all cores")


def test_ids_name_a_cell_too(live: Live) -> None:
    text = f"{fleet.device_id(1)}/{INT8.model_id[:12]}"
    report = json.loads(run(live, text, text, "--json"))
    assert report["verdict"]["outcome"] == "no_difference_shown"


def test_a_cell_with_too_few_runs_teaches_no_floor(live: Live, tmp_path: Path) -> None:
    with pytest.raises(EdgeprofError, match="needs at least 5 runs; this has 3"):
        run(live, "pi/kitchen/cnn@edge int8", "--learn-floor", str(tmp_path / "floor.json"))


@pytest.mark.parametrize(
    ("text", "code", "sentence"),
    [
        ("nobody/cnn", "unknown_device", r"nobody/cnn is not a file. As a cell .* No device 'nobody'"),
        ("twin/cnn", "ambiguous_device", "2 devices are named 'twin'"),
        ("pi/kitchen/gpt", "unknown_model", "No model 'gpt' on this hub"),
        ("pi/kitchen/gpt@tvm", "unknown_model", "No model 'gpt' on this hub"),
        ("pi/kitchen/twin", "ambiguous_model", "2 models are named 'twin'"),
        ("pi/kitchen/never run", "nothing_measured", "No measured result of never run on pi/kitchen"),
        (
            "pi/kitchen/cnn/v2 fp32@mnn",
            "unknown_configuration",
            "no runs with 'mnn'. Its runtimes: onnxruntime, tvm",
        ),
    ],
)
def test_what_names_no_cell_is_one_sentence(live: Live, text: str, code: str, sentence: str) -> None:
    with pytest.raises(EdgeprofError, match=sentence) as caught:
        run(live, text, "pi/kitchen/cnn@edge int8")
    assert caught.value.code == code
    assert "\n" not in caught.value.message


def test_without_a_hub_the_file_that_is_not_there_is_told_first() -> None:
    with pytest.raises(EdgeprofError, match=r"^runs/a is not a file. As a cell of the hub: No hub answers"):
        CliRunner().invoke(compare, ["runs/a", "runs/b", "--hub", "http://127.0.0.1:9"], catch_exceptions=False)


def test_the_newest_runs_of_a_large_cell_are_enough(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "MAX_RUNS", 2)
    found = cells.find(http_client.HubClient(live.url), "pi/kitchen/cnn@edge int8")
    everything = http_client.HubClient(live.url).results(
        device_id=fleet.device_id(1), model_id=INT8.model_id, config_key=FAST.config_key, limit=10
    )
    assert len(everything) == 3
    assert list(found.results) == [stored.result for stored in everything[:2]]
