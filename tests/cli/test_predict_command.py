"""`edgeprof predict`: a table by board kind, always marked, and "cannot tell" with what to measure."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.modelfiles import makers


@pytest.fixture
def writer(tmp_path: Path) -> Path:
    return made(tmp_path, "small.gguf", makers.gguf())


def made(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_every_board_kind_has_a_figure_or_the_reason(run: Run, writer: Path) -> None:
    ended = run("predict", str(writer))
    assert ended.code == 0
    assert "rpi-5-2/4/8/16" in ended.out
    assert "roofline, memcpy 5.4 GB/s" in ended.out
    assert "Cannot tell:" in ended.out
    assert "to the board; the hub then predicts the rest." in ended.out
    assert "Origin: predicted." in ended.out


def test_a_program_gets_range_and_origin(run: Run, writer: Path) -> None:
    rows = json.loads(run("predict", str(writer), "--device", "rpi-5-8", "--device", "pixel-8", "--json").out)
    told = {row["board"]: row for row in rows}
    assert told["rpi-5-8"]["low"] < told["rpi-5-8"]["value"] < told["rpi-5-8"]["high"]
    assert (told["rpi-5-8"]["tier"], told["rpi-5-8"]["origin"]) == ("cold", "predicted")
    assert told["pixel-8"]["tier"] == "cannot tell"
    assert "memcpy" in told["pixel-8"]["reason"]


def test_a_tensor_model_needs_its_operations(run: Run, tmp_path: Path) -> None:
    model = made(tmp_path, "net.onnx", makers.onnx_model().SerializeToString())
    assert (
        "The operations of one inference are unknown. Give --gflop."
        in run("predict", str(model), "--device", "rpi-5").out
    )
    assert " ms " in run("predict", str(model), "--device", "rpi-5", "--gflop", "1.1").out


@pytest.mark.parametrize("kind", ["rpi-99", "rpi", "pixel"])
def test_an_unknown_board_kind_is_named_with_the_known_ones(run: Run, writer: Path, kind: str) -> None:
    ended = run("predict", str(writer), "--device", kind)
    assert ended.code == 2
    assert f"No board kind {kind!r}. Board kinds: " in ended.err


def test_a_mixture_of_experts_is_told_by_its_file(run: Run, tmp_path: Path) -> None:
    tables = (makers.gguf_text("general.architecture", "llama"), makers.gguf_whole("llama.expert_count", 8))
    ended = run("predict", str(made(tmp_path, "mix.gguf", makers.gguf(tables))), "--device", "rpi-5-8")
    assert "Cannot tell: rpi-5-8." in ended.out
    assert "A mixture of experts reads a part of its bytes a token" in ended.out
    assert "Profile it on the board." in ended.out
