#!/usr/bin/env bash
# Guess:   `reset_all_variables()` brings a LiteRT interpreter back to where it was, so that one interpreter can hear one
#          recording after another. The name says all, and its help says no more.
# Reality: it resets variable tensors (those of LSTM and SVDF operators) and leaves resource variables (VAR_HANDLE, what
#          TensorFlow 2 and Keras models convert to) as they are; allocate_tensors() leaves them, too. The next recording is
#          the last one's continuation, without an error. A new interpreter starts at the file's own values.
# Version: ai-edge-litert 2.3.0. Source: seen by running.
# Hurt:    who evaluates a streaming wake-word or speech model over many clips: microWakeWord's published models are made
#          of these operators, and their scores then depend on the order of the clips.
set -euo pipefail
t=$(mktemp -d); trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check ai-edge-litert==2.3.0 flatbuffers==25.12.19 numpy==2.4.6 2>/dev/null
cat > "$t/p.py" <<'P'
import sys
from importlib.metadata import version
import flatbuffers, numpy as np
from ai_edge_litert import schema_py_generated as s
from ai_edge_litert.interpreter import Interpreter
codes, buffers = [], [s.BufferT()]
def tensor(name, shape, kind, buffer=0):
    t = s.TensorT(); t.name, t.shape, t.type, t.buffer = name, shape, kind, buffer
    return t
def operator(builtin, inputs, outputs, options, **values):
    c = s.OperatorCodeT(); n = getattr(s.BuiltinOperator, builtin)
    c.builtinCode, c.deprecatedBuiltinCode, c.version = n, min(n, 127), 1
    codes.append(c)
    o = s.OperatorT(); o.opcodeIndex, o.inputs, o.outputs = len(codes) - 1, inputs, outputs
    o.builtinOptionsType, o.builtinOptions = getattr(s.BuiltinOptions, options), getattr(s, options + "T")()
    for name, value in values.items():
        setattr(o.builtinOptions, name, value)
    return o
def graph(tensors, operators, inputs, outputs):
    g = s.SubGraphT(); g.tensors, g.operators, g.inputs, g.outputs = tensors, operators, inputs, outputs
    return g
zero = s.BufferT(); zero.data = np.zeros(4, np.uint8); buffers.append(zero)
handle = dict(container="", sharedName="sum")
main = graph(  # y = x + state; state = y
    [tensor("x", [1, 1], 0), tensor("h", [], 13), tensor("state", [1, 1], 0), tensor("y", [1, 1], 0)],
    [operator("CALL_ONCE", [], [], "CallOnceOptions", initSubgraphIndex=1),
     operator("VAR_HANDLE", [], [1], "VarHandleOptions", **handle),
     operator("READ_VARIABLE", [1], [2], "ReadVariableOptions"),
     operator("ADD", [0, 2], [3], "AddOptions"),
     operator("ASSIGN_VARIABLE", [1, 3], [], "AssignVariableOptions")], [0], [3])
start = graph(  # state = 0
    [tensor("zero", [1, 1], 0, 1), tensor("h", [], 13)],
    [operator("VAR_HANDLE", [], [1], "VarHandleOptions", **handle),
     operator("ASSIGN_VARIABLE", [1, 0], [], "AssignVariableOptions")], [], [])
m = s.ModelT(); m.version, m.operatorCodes, m.subgraphs, m.buffers = 3, codes, [main, start], buffers
b = flatbuffers.Builder(1024); b.Finish(m.Pack(b), b"TFL3"); data = bytes(b.Output())
def made():
    i = Interpreter(model_content=data, num_threads=1); i.allocate_tensors()
    return i
def heard(i):
    out = []
    for _ in range(3):
        i.set_tensor(i.get_input_details()[0]["index"], np.ones((1, 1), np.float32)); i.invoke()
        out.append(float(i.get_tensor(i.get_output_details()[0]["index"])[0, 0]))
    return out
i = made()
first = heard(i)
i.reset_all_variables(); reset = heard(i)
i.allocate_tensors(); allocated = heard(i)
new = heard(made())
print("ai-edge-litert", version("ai-edge-litert"), "- three inputs of 1, outputs:")
print("  first", first, "- after reset_all_variables()", reset, "- after allocate_tensors()", allocated, "- new interpreter", new)
sys.exit(0 if first == new == [1, 2, 3] and reset == [4, 5, 6] and allocated == [7, 8, 9] else 1)
P
"$t/v/bin/python" "$t/p.py" 2>/dev/null || { echo CHANGED; exit 1; }
echo "as described"
