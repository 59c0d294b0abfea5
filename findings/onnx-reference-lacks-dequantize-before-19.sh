#!/usr/bin/env bash
# Guess:   ONNX's own reference evaluator runs every standard operator at every opset that its checker accepts, so that
#          it can judge a quantized file.
# Reality: it has QuantizeLinear from opset 10 on, but DequantizeLinear only from 19 on. A QDQ file of opset 10 to 18
#          passes the checker, runs in ONNX Runtime, and is refused by the reference. Quantizers write mostly those
#          opsets.
# Version: onnx 1.23.2, onnxruntime 1.32.0. Source: seen by running.
# Hurts:   who takes the reference's answers for the truth of an int8 model, or its refusal for a broken file. Raising
#          the opset with the version converter first is the way out (opset 19 below).
set -euo pipefail
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 2>/dev/null
cat >"$t/both.py" <<'P'
import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

scale, zero = numpy_helper.from_array(np.float32(0.1), "s"), numpy_helper.from_array(np.int8(0), "z")
nodes = [
    helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
    helper.make_node("DequantizeLinear", ["q", "s", "z"], ["y"]),
]
x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3]) for name in "xy")
feed = {"x": np.float32([[0.1, 0.22, -9]])}
changed = False
for opset in (10, 13, 18, 19, 21):
    graph = helper.make_graph(nodes, "g", [x], [y], [scale, zero])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
    onnx.checker.check_model(model)
    theirs = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, feed)[0]
    try:
        seen = str(ReferenceEvaluator(model).run(None, feed)[0].round(2).tolist())
    except RuntimeError as error:
        seen = str(error)
    print(f"opset {opset}: ONNX Runtime {theirs.round(2).tolist()}; reference: {seen}")
    changed |= seen.startswith("No implementation for operator 'DequantizeLinear'") != (opset < 19)
raise SystemExit("CHANGED" if changed else 0)
P
export ORT_DISABLE_TELEMETRY=1
echo "onnx 1.23.2, onnxruntime 1.32.0"
"$t/v/bin/python" "$t/both.py"
echo "as described"
