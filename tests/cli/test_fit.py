"""`edgeprof fit`: real models and runtimes, boards that nobody owns, and inputs that no verdict can be given for."""

import json
import struct
from pathlib import Path

import pytest
from onnx import TensorProto, helper

import edgeprof_exports
from edgeprof.errors import MissingPartError
from edgeprof_agent.runtimes.llama.tiny_gguf import write_tiny_gguf
from tests.cli.conftest import Run
from tests.hub.fake_agent import FakeAgent

BUNDLED = Path(edgeprof_exports.__path__[0]) / "bundled"
ONNX, TFLITE = BUNDLED / "digits-cnn-int8.onnx", BUNDLED / "digits-cnn-int8.tflite"


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return write_tiny_gguf(tmp_path / "tiny.gguf")


def test_every_known_board_and_this_machine_has_a_verdict(run: Run) -> None:
    shown = run("fit", str(ONNX), "--no-dry-run")
    lines = {line.split()[0]: line for line in shown.out.splitlines() if line.strip()}
    assert shown.code == 0
    assert "fits" in lines["this-machine"]
    assert "fits" in lines["rpi-zero2w"]
    assert "no wheel for Android" in lines["pixel-8"]
    assert "cannot tell" in lines["arm64-generic"]
    assert "--memory-limit-mib" in lines["arm64-generic"]


@pytest.mark.parametrize("model", [ONNX, TFLITE], ids=["onnx", "tflite"])
def test_a_tensor_model_is_tried_in_a_child_and_the_sum_is_shown(run: Run, model: Path) -> None:
    found = json.loads(run("fit", str(model), "--device", "this-machine", "--json").out)
    (here,) = found["devices"]
    assert found["method"] == "engine"
    assert here["outcome"] == "fits"
    assert [part["name"] for part in here["parts"]][:3] == ["Python", "runtime", "model"]
    assert sum(part["mib"] for part in here["parts"]) == pytest.approx(here["peak_mib"])
    assert sum(part["held_mib"] for part in here["parts"]) == pytest.approx(here["held_mib"])
    assert 30 < here["peak_mib"] < 120


def test_a_language_model_is_summed_by_llama_cpp_s_own_dry_run(run: Run, tiny: Path) -> None:
    found = json.loads(run("fit", str(tiny), "--device", "rpi-5-8", "--context", "1024", "--json").out)
    (board,) = found["devices"]
    assert (found["method"], found["context_tokens"]) == ("engine", 1024)
    assert {"weights, mapped", "KV cache", "compute buffers"} <= {part["name"] for part in board["parts"]}
    assert board["outcome"] == "fits"


def test_what_cannot_stay_in_memory_does_not_fit(run: Run) -> None:
    shown = run("fit", str(ONNX), "--device", "this-machine", "--memory-limit-mib", "10", "--no-dry-run")
    assert shown.code == 1
    assert "DOES NOT FIT on this-machine" in shown.out
    assert "must stay in memory" in shown.out


def test_a_context_beyond_training_does_not_fit(run: Run, tiny: Path) -> None:
    shown = run("fit", str(tiny), "--device", "rpi-5-8", "--context", "2048", "--no-dry-run")
    assert shown.code == 1
    assert "2,048 tokens; the model was trained for 1,024" in shown.out


def test_a_board_is_meant_in_all_its_sizes(run: Run) -> None:
    shown = run("fit", str(TFLITE), "--device", "rpi-5", "--no-dry-run", "--json")
    assert [each["device"] for each in json.loads(shown.out)["devices"]] == [
        "rpi-5-2",
        "rpi-5-4",
        "rpi-5-8",
        "rpi-5-16",
    ]


def test_a_device_of_the_hub_is_judged_by_its_own_facts(run: Run, agent: FakeAgent) -> None:
    (found,) = json.loads(run("fit", str(TFLITE), "--device", "agent-1", "--no-dry-run", "--json").out)["devices"]
    assert found["device"] == "agent-1"
    assert found["limit_mib"] is not None


def test_a_model_with_open_sizes_says_what_to_enter(run: Run, tmp_path: Path) -> None:
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])],
        "open",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", "m"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", "m"])],
    )
    path = tmp_path / "open.onnx"
    path.write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString())
    tried = run("fit", str(path), "--device", "this-machine")
    assert "CANNOT TELL" in tried.out
    assert "--dim" in tried.out
    by_formula = run("fit", str(path), "--device", "this-machine", "--no-dry-run")
    assert "leaves the size of x open" in by_formula.out
    given = run("fit", str(path), "--device", "this-machine", "--dim", "n=1", "--dim", "m=8")
    assert "FITS" in given.out


def test_an_operator_that_no_runtime_has_is_named(run: Run, tmp_path: Path) -> None:
    graph = helper.make_graph(
        [helper.make_node("Warp", ["x"], ["y"], domain="acme.ops")],
        "own",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("acme.ops", 1)]
    path = tmp_path / "own.onnx"
    path.write_bytes(helper.make_model(graph, opset_imports=opsets).SerializeToString())
    shown = run("fit", str(path), "--device", "rpi-4b-4", "--no-dry-run")
    assert "acme.ops.Warp" in shown.out
    assert shown.code == 1


def test_a_cut_file_and_a_part_of_a_split_model_are_refused_in_one_sentence(run: Run, tmp_path: Path) -> None:
    cut = tmp_path / "cut.tflite"
    cut.write_bytes(TFLITE.read_bytes()[:3000])
    assert run("fit", str(cut)).refused_with("truncated")
    split = tmp_path / "big-00001-of-00002.gguf"
    key = b"split.count"
    pair = struct.pack("<Q", len(key)) + key + struct.pack("<II", 4, 2)
    split.write_bytes(struct.pack("<4sIQQ", b"GGUF", 3, 0, 1) + pair)
    refused = run("fit", str(split))
    assert refused.refused_with("truncated")
    assert "big-00002-of-00002.gguf is missing" in refused.err


def test_an_unknown_device_and_a_wrong_runtime_are_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEPROF_HUB", "http://127.0.0.1:9")
    assert run("fit", str(ONNX), "--device", "no-such-board").refused_with("unknown_device")
    assert run("fit", str(ONNX), "--runtime", "litert").refused_with("wrong_runtime")


def test_without_the_device_profiles_boards_are_left_out_with_the_remedy(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> dict[str, object]:
        raise MissingPartError("yaml_missing", "Device profiles need PyYAML. Install it: pip install 'edgeprof[hub]'")

    monkeypatch.setattr("edgeprof_devices.loader.load_profiles", missing)
    shown = run("fit", str(ONNX), "--no-dry-run")
    assert shown.err.endswith("pip install 'edgeprof[hub]'. Boards are left out.\n")
    assert "this-machine" in shown.out
