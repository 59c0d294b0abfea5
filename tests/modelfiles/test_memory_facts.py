"""What a file says of the memory that it needs, against what the formats' own libraries say."""

from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from ai_edge_litert.interpreter import Interpreter  # pyright: ignore[reportMissingTypeStubs]
from onnx import numpy_helper

import edgeprof_exports
from edgeprof.modelfiles import inspect
from edgeprof.modelfiles.memory_facts import MemoryFacts, memory_facts
from edgeprof_agent.runtimes.llama.tiny_gguf import FEED_FORWARD, HEADS, WIDTH, WORDS, write_tiny_gguf
from tests.modelfiles.makers import onnx_with_external_data

BUNDLED = Path(edgeprof_exports.__path__[0]) / "bundled"
MIB = 1024 * 1024


def facts_of(path: Path) -> MemoryFacts:
    file = inspect(path)
    return memory_facts(file.format, file.manifest, lambda name: file.folder / name)


def test_an_onnx_file_s_weights_are_its_initializers() -> None:
    path = BUNDLED / "digits-cnn-int8.onnx"
    found = facts_of(path)
    stored = sum(
        numpy_helper.to_array(each).nbytes for each in onnx.load_from_string(path.read_bytes()).graph.initializer
    )
    assert found.weights_mib * MIB == pytest.approx(stored, rel=0.02)
    assert (found.opset, found.foreign_operators, found.open_inputs) == (18, (), ())


def test_external_data_counts_as_file_and_as_weights(tmp_path: Path) -> None:
    path = onnx_with_external_data(tmp_path)
    (tmp_path / "weights.bin").write_bytes(np.zeros(300, np.float32).tobytes())
    found = facts_of(path)
    assert found.file_mib * MIB == pytest.approx(path.stat().st_size + 1200)
    assert found.weights_mib * MIB == pytest.approx(1200)


def test_a_tflite_graph_s_arena_is_at_least_its_largest_step() -> None:
    path = BUNDLED / "digits-cnn-fp32.tflite"
    found = facts_of(path)
    interpreter: Any = Interpreter(model_path=str(path))
    interpreter.allocate_tensors()
    inputs = sum(4 * prod(each["shape"].tolist()) for each in interpreter.get_input_details())
    assert found.arena_mib is not None
    assert inputs < found.arena_mib * MIB < 10 * MIB
    assert found.foreign_operators == ()


def test_a_gguf_s_cache_and_vocabulary_are_its_head_s(tmp_path: Path) -> None:
    found = facts_of(write_tiny_gguf(tmp_path / "tiny.gguf")).language
    assert found is not None
    assert (found.width, found.feed_forward, found.vocabulary) == (WIDTH, FEED_FORWARD, WORDS)
    assert found.kv_values == HEADS * 2 * (WIDTH // HEADS)
    assert found.repacked_mib == 0
