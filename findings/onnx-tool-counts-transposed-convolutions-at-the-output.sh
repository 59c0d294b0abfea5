#!/usr/bin/env bash
# Guess:   a counter of operations counts a transposed convolution as it counts a convolution: in channels x out
#          channels x kernel x the positions that the kernel visits, which here are those of the input.
# Reality: onnx-tool takes the positions of the output, and counts twice. With stride 2 a 3 x 3 kernel on 10 x 10 is
#          254,016 "MACs" where 28,800 products are formed, 8.8 times as many. A plain convolution is exact.
# Version: onnx-tool 1.0.1. Source: seen by running; the products are counted by a loop over the definition.
# Hurts:   a decoder or a super-resolution net looks an order of magnitude heavier than it is, and "achieved over peak"
#          of such a node comes out above 100 %.
set -euo pipefail
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check onnx==1.23.2 onnx-tool==1.0.1 2>/dev/null
cat >"$t/count.py" <<'P'
import numpy as np
import onnx_tool
from onnx import TensorProto, helper, numpy_helper


def counted(op, weight, size_in, size_out, **attributes):
    channels_out = weight.shape[1 if op == "ConvTranspose" else 0]
    graph = helper.make_graph(
        [helper.make_node(op, ["x", "w"], ["y"], **attributes)],
        "one",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4, size_in, size_in])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, channels_out, size_out, size_out])],
        [numpy_helper.from_array(weight, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    graph = onnx_tool.Model(model).graph
    graph.shape_infer()
    graph.profile()
    return int(graph.macs[0])


def products(weight, size_in):
    """Of a transposed convolution: each input value meets each weight of its channel once (no padding)."""
    return sum(1 for _ in range(size_in * size_in) for _ in range(weight.size))


convolution = counted("Conv", np.zeros((8, 4, 3, 3), np.float32), 10, 8)
weight = np.zeros((4, 8, 3, 3), np.float32)
transposed = counted("ConvTranspose", weight, 10, 21, strides=[2, 2])
formed = products(weight, 10)
print(f"Conv:          counted {convolution:,}, formed {8 * 4 * 9 * 64:,}")
print(f"ConvTranspose: counted {transposed:,}, formed {formed:,}: {transposed / formed:.1f} times")
raise SystemExit(0 if convolution == 8 * 4 * 9 * 64 and transposed / formed > 8 else "CHANGED")
P
"$t/v/bin/python" "$t/count.py" 2>/dev/null
echo "as described"
