#!/usr/bin/env bash
# Guess:   an OrtValue of 4-bit integers is made of packed bytes (two elements a byte, as TensorProto stores them), or of
#          one byte an element that ONNX Runtime packs itself.
# Reality: neither. `ortvalue_from_numpy_with_onnx_type` takes the tensor's shape from the array's, so 15 elements need
#          an array of 15 bytes; of those the first 8 are read, as packed pairs, low half first. One byte an element gives
#          wrong values without an error; truly packed bytes give a tensor of another shape, which the model refuses.
# Version: onnxruntime 1.32.0. Source: seen by running.
# Hurts:   who feeds an int4 input from Python: every other value is 0, and the rest are at the wrong place.
set -euo pipefail
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 2>/dev/null
cat >"$t/try.py" <<'P'
import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper

ort.set_default_logger_severity(4)
x = helper.make_tensor_value_info("x", TensorProto.UINT4, [3, 5])
y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [3, 5])
graph = helper.make_graph([helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT)], "g", [x], [y])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
values = np.arange(15, dtype=np.uint8)
pairs = np.append(values, np.uint8(0)).reshape(-1, 2)
packed = pairs[:, 0] | pairs[:, 1] << 4


def fed(name, array):
    value = ort.OrtValue.ortvalue_from_numpy_with_onnx_type(array, TensorProto.UINT4)
    try:
        seen = session.run(None, {"x": value})[0].ravel().astype(int).tolist()
    except Exception as error:
        seen = f"refused: {str(error).split(' Please')[0].split(' : ')[-1].strip()}"
    print(f"{name:34} shape {value.shape()} -> {seen}")
    return seen


one_each = fed("one byte an element", values.reshape(3, 5))
alone = fed("packed bytes", packed)
first = np.zeros(15, np.uint8)
first[:8] = packed
right = fed("packed at the start of 15 bytes", first.reshape(3, 5))
assert one_each == [0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7], "CHANGED"
assert isinstance(alone, str), "CHANGED"
assert right == list(range(15)), "CHANGED"
P
export ORT_DISABLE_TELEMETRY=1
echo "onnxruntime 1.32.0: uint4 values 0 to 14 for an input of 3 x 5"
"$t/v/bin/python" "$t/try.py"
echo "as described: the shape is that of the array, the bytes are packed"
