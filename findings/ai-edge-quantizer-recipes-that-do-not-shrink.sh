#!/usr/bin/env bash
# Guess:   a recipe of Google's quantizer for LiteRT that is named for 8 or 4 bits makes the file smaller, or raises.
# Reality: three kinds of valid file come out as they went in, or larger, and nothing is raised:
#          - weights that are stored as float16 (behind DEQUANTIZE, as the converter's own float16 option writes them) are
#            left by every recipe, byte for byte;
#          - recipes in blocks (…b32, …b64) leave convolutions in float and pack fully connected layers only;
#          - the recipe with a Hadamard rotation (…_hr) stores the rotation in float: a layer of 256 x 64 grows fourfold.
# Version: ai-edge-quantizer 0.10.0, ai-edge-litert 2.3.0. Source: seen by running.
# Hurt:    who names the result after the recipe and measures it as "int8": it is the model from before.
set -euo pipefail
t=$(mktemp -d); trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check ai-edge-quantizer==0.10.0 ai-edge-litert==2.3.0 flatbuffers==25.12.19 numpy==2.4.6 2>/dev/null
cat > "$t/p.py" <<'P'
import contextlib, io, sys
import flatbuffers, numpy as np
from ai_edge_litert import schema_py_generated as s
from ai_edge_quantizer import quantizer, recipe
draw = np.random.default_rng(1)
def model(layer, half):
    buffers, codes, operators, tensors = [s.BufferT()], [], [], []
    def tensor(name, shape, data=None, kind=0):
        t = s.TensorT(); t.name, t.shape, t.type, t.buffer = name, list(shape), kind, 0
        if data is not None:
            b = s.BufferT(); b.data = np.frombuffer(data.tobytes(), np.uint8); buffers.append(b); t.buffer = len(buffers) - 1
        tensors.append(t)
        return len(tensors) - 1
    def operator(builtin, inputs, outputs, options, **values):
        c, n = s.OperatorCodeT(), getattr(s.BuiltinOperator, builtin)
        c.builtinCode, c.deprecatedBuiltinCode, c.version = n, min(n, 127), 1; codes.append(c)
        o = s.OperatorT(); o.opcodeIndex, o.inputs, o.outputs = len(codes) - 1, inputs, outputs
        o.builtinOptionsType, o.builtinOptions = getattr(s.BuiltinOptions, options), getattr(s, options + "T")()
        for name, value in values.items():
            setattr(o.builtinOptions, name, value)
        operators.append(o)
    shape, x, y = {"fully connected": ((64, 256), (1, 256), (1, 64)), "convolution": ((32, 3, 3, 16), (1, 8, 8, 16), (1, 8, 8, 32))}[layer]
    weights = draw.standard_normal(shape).astype(np.float32)
    into, out = tensor("x", x), tensor("y", y)
    used = tensor("w", shape, weights.astype(np.float16) if half else weights, 1 if half else 0)
    bias = tensor("b", shape[:1], np.zeros(shape[0], np.float32))
    if half:
        wide = tensor("wide", shape); operator("DEQUANTIZE", [used], [wide], "DequantizeOptions"); used = wide
    if layer == "convolution":
        ones = dict(strideW=1, strideH=1, dilationWFactor=1, dilationHFactor=1)
        operator("CONV_2D", [into, used, bias], [out], "Conv2DOptions", **ones)
    else:
        operator("FULLY_CONNECTED", [into, used, bias], [out], "FullyConnectedOptions")
    g = s.SubGraphT(); g.tensors, g.operators, g.inputs, g.outputs = tensors, operators, [into], [out]
    m = s.ModelT(); m.version, m.operatorCodes, m.subgraphs, m.buffers = 3, codes, [g], buffers
    b = flatbuffers.Builder(1024); b.Finish(m.Pack(b), b"TFL3")
    return bytes(b.Output())
seen = {}
for layer, half, name in (("convolution", False, "dynamic_wi8_afp32"), ("convolution", True, "dynamic_wi8_afp32"),
        ("fully connected", True, "weight_only_wi8_afp32"), ("fully connected", False, "dynamic_wi4b32_afp32"),
        ("convolution", False, "dynamic_wi4b32_afp32"), ("fully connected", False, "dynamic_wi8c_hr_afp32")):
    path = f"{sys.argv[1]}/m.tflite"
    with open(path, "wb") as file:
        before = file.write(model(layer, half))
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        after = len(quantizer.Quantizer(path, getattr(recipe, name)()).quantize().quantized_model)
    seen[layer, half, name] = round(after / before, 2)
    print(f"{layer}, float{16 if half else 32}, {name}: {before} -> {after} bytes")
assert list(seen.values()) == [0.3, 1.0, 1.0, 0.15, 1.0, 4.24], seen
P
"$t/v/bin/python" "$t/p.py" "$t" 2>/dev/null
# Seen: convolution, float32, dynamic_wi8_afp32: 19040 -> 5664 bytes
#       convolution, float16, dynamic_wi8_afp32: 9968 -> 9968 bytes
#       fully connected, float16, weight_only_wi8_afp32: 33596 -> 33596 bytes
#       fully connected, float32, dynamic_wi4b32_afp32: 66228 -> 10064 bytes
#       convolution, float32, dynamic_wi4b32_afp32: 19040 -> 19040 bytes
#       fully connected, float32, dynamic_wi8c_hr_afp32: 66228 -> 280704 bytes
