#!/usr/bin/env bash
# Guess:   A session optimizes the model that it opens, whatever its format: a quantized model (QuantizeLinear and
#          DequantizeLinear around MatMul) saved as .ort with basic optimizations is fused to integer kernels at load.
# Reality: only the .onnx is. The .ort saved at "basic" dequantizes its weights in each inference and multiplies floats, also
#          when opened with ORT_ENABLE_ALL. So does one that records the fusion for load time ("save", the conversion script's
#          style Runtime): the file names QDQSelectorActionTransformer, and the session does not apply it, though the
#          documentation says that full builds do. The .onnx saved at "basic", and a .ort saved at "extended", run QLinearMatMul.
# Version: onnxruntime 1.32.0, onnx 1.23.2, CPU. Source: seen by running, kernels by ONNX Runtime's own profile.
# Hurt:    who saves .ort at "basic" because that is the level for any device, and measures an int8 model without one
#          integer kernel. Its outputs are right, so nothing tells.
set -euo pipefail
t=$(mktemp -d); trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6 2>/dev/null
cat > "$t/p.py" <<'P'
import json, sys
import numpy as np, onnxruntime as ort
from onnx import TensorProto as T, helper as h, numpy_helper as nh
ort.disable_telemetry_events(); ort.set_default_logger_severity(3)
folder, size, level = sys.argv[1], 64, ort.GraphOptimizationLevel
weights = np.random.default_rng(1).integers(-100, 100, (size, size)).astype(np.int8)
constants = {"w": weights, "ws": np.float32(0.01), "wz": np.int8(0), "xs": np.float32(0.02), "xz": np.uint8(128),
             "ys": np.float32(0.2), "yz": np.uint8(128)}
nodes = [h.make_node("QuantizeLinear", ["x", "xs", "xz"], ["xq"]), h.make_node("DequantizeLinear", ["xq", "xs", "xz"], ["xd"]),
         h.make_node("DequantizeLinear", ["w", "ws", "wz"], ["wd"]), h.make_node("MatMul", ["xd", "wd"], ["m"]),
         h.make_node("QuantizeLinear", ["m", "ys", "yz"], ["mq"]), h.make_node("DequantizeLinear", ["mq", "ys", "yz"], ["y"])]
ends = [h.make_tensor_value_info(name, T.FLOAT, [1, size]) for name in "xy"]
graph = h.make_graph(nodes, "g", ends[:1], ends[1:], [nh.from_array(np.asarray(a), n) for n, a in constants.items()])
model = h.make_model(graph, opset_imports=[h.make_opsetid("", 21)], ir_version=10).SerializeToString()
def saved(name, at, style=None):
    o = ort.SessionOptions(); o.graph_optimization_level = at; o.optimized_model_filepath = f"{folder}/{name}"
    if name.endswith(".ort"):
        o.add_session_config_entry("session.save_model_format", "ORT")
    if style is not None:
        o.add_session_config_entry("optimization.minimal_build_optimizations", style)
    ort.InferenceSession(model, o, providers=["CPUExecutionProvider"])
    return o.optimized_model_filepath
def kernels(path):
    o = ort.SessionOptions(); o.graph_optimization_level = level.ORT_ENABLE_ALL
    o.enable_profiling, o.profile_file_prefix = True, f"{folder}/profile"
    s = ort.InferenceSession(path, o, providers=["CPUExecutionProvider"])
    s.run(None, {"x": np.ones((1, size), np.float32)})
    events = json.load(open(s.end_profiling()))
    return [e["args"]["op_name"] for e in events if e.get("cat") == "Node" and e["name"].endswith("kernel_time")]
print("onnxruntime", ort.__version__, "- every file is opened with ORT_ENABLE_ALL")
found = {}
for words, at in (("basic", level.ORT_ENABLE_BASIC), ("extended", level.ORT_ENABLE_EXTENDED)):
    for suffix in ("onnx", "ort"):
        found[words, suffix] = kernels(saved(f"{words}.{suffix}", at))
        print(f"  .{suffix} saved at {words}: {', '.join(found[words, suffix])}")
later = saved("later.ort", level.ORT_ENABLE_ALL, "save")
found["save", "ort"] = kernels(later)
recorded = b"QDQSelectorActionTransformer" in open(later, "rb").read()
print(f"  .ort with the fusion recorded ({recorded}): {', '.join(found['save', 'ort'])}")
fused = [each for each in found if "QLinearMatMul" in found[each] and "MatMul" not in found[each]]
floats = [each for each in found if "MatMul" in found[each] and "QLinearMatMul" not in found[each]]
sys.exit(0 if recorded and floats == [("basic", "ort"), ("save", "ort")] and len(fused) == 3 else 1)
P
ORT_DISABLE_TELEMETRY=1 "$t/v/bin/python" "$t/p.py" "$t" || { echo CHANGED; exit 1; }
echo "as described"
