#!/usr/bin/env bash
# Guess:   ONNX Runtime's 4-bit weight quantizer packs the weights of every linear layer, whichever of ONNX's two operators
#          the exporter wrote for it.
# Reality: it packs MatMul and leaves Gemm in float. It raises nothing and ends as for a success: one line of its log says
#          "skip to quantize". torch.onnx writes a linear layer with a bias on a two-dimensional input as Gemm, so such a
#          "4-bit" file is as large as before.
# Version: onnxruntime 1.32.0 (MatMulNBitsQuantizer). Source: seen by running.
# Hurt:    who takes the quantized file's name for its content and compares "int4" with float: it is the float model.
set -euo pipefail
t=$(mktemp -d); trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 onnx-ir==1.1.0 numpy==2.4.6 2>/dev/null
cat > "$t/p.py" <<'P'
import logging
import numpy as np
from onnx import TensorProto as T, helper as h, numpy_helper as nh
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
logging.disable(logging.CRITICAL)
weights = np.random.default_rng(0).standard_normal((256, 256)).astype(np.float32)
seen = {}
for operator, attributes in (("MatMul", {}), ("Gemm", {"transB": 1})):
    io = [h.make_tensor_value_info(name, T.FLOAT, [1, 256]) for name in "xy"]
    graph = h.make_graph([h.make_node(operator, ["x", "w"], ["y"], **attributes)], "g", io[:1], io[1:], [nh.from_array(weights, "w")])
    model = h.make_model(graph, opset_imports=[h.make_opsetid("", 21)], ir_version=10)
    before = model.ByteSize()
    quantizer = MatMulNBitsQuantizer(model, block_size=32, is_symmetric=True)
    quantizer.process()
    after = quantizer.model.model
    seen[operator] = ([node.op_type for node in after.graph.node], before, after.ByteSize())
    print(operator, *seen[operator])
assert seen["MatMul"][0] == ["MatMulNBits"] and seen["MatMul"][2] < seen["MatMul"][1] / 5, seen
assert seen["Gemm"][0] == ["Gemm"] and seen["Gemm"][2] >= seen["Gemm"][1], seen
P
"$t/v/bin/python" "$t/p.py"
# Seen: MatMul ['MatMulNBits'] 262241 41190
#       Gemm ['Gemm'] 262254 262273
