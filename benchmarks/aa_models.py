"""The three set-ups of the A/A benchmark: about 0.1 ms, about 20 ms, and a language model; one thread each.

The ONNX models are made on the spot, their weights drawn with a fixed seed, so that everybody has the same ones.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edgeprof.modelfiles import inspect
from edgeprof.wire.messages import RunConfig, RunProtocol
from edgeprof_agent.series.setups import Setup
from edgeprof_exports import catalogue, fetch

SEED = 20_261_125
RECIPE = "smollm2-135m-q4-1"


def setups_in(folder: Path, llm_runtime: str) -> list[Setup]:
    """The models as files in `folder` (the language model in edgeprof's cache), each with its own short protocol."""
    folder.mkdir(parents=True, exist_ok=True)
    tensor, text = (
        RunConfig(runtime="onnxruntime", threads=1),
        RunConfig(runtime=llm_runtime, threads=1, prompt_tokens=16, decode_tokens=16),
    )
    return [
        _setup("short", matmuls(folder / "short.onnx"), tensor, window_s=0.4),
        _setup("middle", convolutions(folder / "middle.onnx"), tensor, window_s=0.8),
        _setup("llm", fetch.ensure(catalogue.load_recipes()[RECIPE], print), text, window_s=0.6),
    ]


def _setup(name: str, file: Path, config: RunConfig, window_s: float) -> Setup:
    protocol = RunProtocol(
        cold_start=False, warmup_limit_s=0.5, window_s=window_s, window_limit_s=2 * window_s, deadline_s=120
    )
    return Setup(file=inspect(file), config=config, protocol=protocol, label=name, folder=name)


def matmuls(file: Path) -> Path:
    """Nine products of 4 × 256 and 256 × 256: 4.7 MFLOP."""
    names = _names(9)
    nodes = [helper.make_node("MatMul", [names[at], f"w{at}"], [names[at + 1]]) for at in range(9)]
    return _save(file, nodes, [4, 256], [_weights(f"w{at}", (256, 256)) for at in range(9)])


def convolutions(file: Path, channels: int = 64) -> Path:
    """Eight 3 × 3 convolutions on 56 × 56; of 64 channels: 1.8 GFLOP."""
    names = _names(8)
    nodes = [
        helper.make_node("Conv", [names[at], f"w{at}"], [names[at + 1]], kernel_shape=[3, 3], pads=[1, 1, 1, 1])
        for at in range(8)
    ]
    weights = [_weights(f"w{at}", (channels, channels, 3, 3)) for at in range(8)]
    return _save(file, nodes, [1, channels, 56, 56], weights)


def _names(layers: int) -> list[str]:
    """Of the tensors in a chain from `x` to `y`."""
    return ["x", *(f"h{index}" for index in range(1, layers)), "y"]


def _weights(name: str, shape: tuple[int, ...]) -> onnx.TensorProto:
    """Of a size that neither dies out nor grows through the layers."""
    draw = np.random.default_rng([SEED, *name.encode()])
    fan_in = int(np.prod(shape[1:])) if len(shape) == 4 else shape[0]
    return numpy_helper.from_array((draw.standard_normal(shape) / np.sqrt(fan_in)).astype(np.float32), name)


def _save(file: Path, nodes: list[onnx.NodeProto], shape: list[int], weights: list[onnx.TensorProto]) -> Path:
    graph = helper.make_graph(
        nodes,
        file.stem,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    file.write_bytes(model.SerializeToString())
    return file
