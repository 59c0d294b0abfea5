#!/usr/bin/env bash
# Guess:   a boolean session option takes 0 or 1, and ONNX Runtime refuses another word for it, or a key that it does
#          not know.
# Reality: `true`, `yes` and `on` are accepted, read back as they were given, and mean the default (off). A misspelt key
#          is accepted and read back, too. No error, no warning: the run is measured with the option off.
# Version: onnxruntime 1.32.0. Source: seen by running.
# Hurts:   who compares a setting against the default and writes `true` for it: both sides are the same.
set -euo pipefail
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 2>/dev/null
cat >"$t/one.py" <<'P'
import sys

import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

key, value = sys.argv[1:]
x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 8]) for name in "xy")
scale = numpy_helper.from_array(np.float32([1e-39]), "s")  # a denormal: 0 where denormals are flushed
graph = helper.make_graph([helper.make_node("Mul", ["x", "s"], ["y"])], "g", [x], [y], [scale])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
options = ort.SessionOptions()
options.add_session_config_entry(key, value)
session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
flushed = not session.run(None, {"x": np.ones((1, 8), np.float32)})[0].any()
told = session.get_session_options().get_session_config_entry(key)
print(f"{'flushes' if flushed else 'does not flush'}, reads back {told!r}")
P
export ORT_DISABLE_TELEMETRY=1
expect() {
  seen=$("$t/v/bin/python" "$t/one.py" "$1" "$2")
  printf '%-34s %-5s -> %s\n' "$1" "$2" "$seen"
  [ "$seen" = "$3, reads back '$2'" ] || { echo CHANGED; exit 1; }
}
echo "onnxruntime 1.32.0, one process each"
expect session.set_denormal_as_zero 1 "flushes"
expect session.set_denormal_as_zero true "does not flush"
expect session.set_denormal_as_zero yes "does not flush"
expect session.set_denormal_as_zero on "does not flush"
expect session.set_denormals_as_zero 1 "does not flush" # misspelt: one letter too many
echo "as described: only 1 turns it on, and nothing else is refused"
