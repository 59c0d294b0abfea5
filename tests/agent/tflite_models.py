"""Small TFLite models made on the spot with the schema that LiteRT brings, each with one property a test is about."""

from pathlib import Path
from typing import Any

import flatbuffers  # pyright: ignore[reportMissingTypeStubs]
import numpy as np
from ai_edge_litert import schema_py_generated as schema  # pyright: ignore[reportMissingTypeStubs]

_FLOAT32, _INT32, _INT64, _BOOL, _RESOURCE = 0, 2, 4, 6, 13


class Builder:
    """One graph: tensors, then operators between them, from `x` to `y`."""

    def __init__(self) -> None:
        self._tensors: list[Any] = []
        self._operators: list[Any] = []
        self._codes: list[Any] = []
        self._buffers: list[Any] = [schema.BufferT()]

    def tensor(self, name: str, shape: list[int], signature: list[int] | None = None, kind: int = _FLOAT32) -> int:
        made: Any = schema.TensorT()
        made.name, made.shape, made.shapeSignature, made.type = name, shape, signature, kind
        self._tensors.append(made)
        return len(self._tensors) - 1

    def constant(self, name: str, values: list[int]) -> int:
        place = self.tensor(name, [len(values)] if len(values) > 1 else [], kind=_INT32)
        buffer: Any = schema.BufferT()
        buffer.data = np.frombuffer(np.array(values, dtype=np.int32).tobytes(), dtype=np.uint8)
        self._buffers.append(buffer)
        self._tensors[place].buffer = len(self._buffers) - 1
        return place

    def zero(self, name: str) -> int:
        place = self.tensor(name, [1, 1])
        buffer: Any = schema.BufferT()
        buffer.data = np.zeros(4, np.uint8)
        self._buffers.append(buffer)
        self._tensors[place].buffer = len(self._buffers) - 1
        return place

    def second_graph(self) -> "Builder":
        """Another graph of the same file."""
        made = Builder()
        made._codes, made._buffers = self._codes, self._buffers
        return made

    def operator(self, builtin: str, inputs: list[int], outputs: list[int], options: str, **values: int | str) -> None:
        code: Any = schema.OperatorCodeT()
        number = getattr(schema.BuiltinOperator, builtin)
        code.builtinCode, code.deprecatedBuiltinCode, code.version = number, min(number, 127), 1
        self._codes.append(code)
        made: Any = schema.OperatorT()
        made.opcodeIndex, made.inputs, made.outputs = len(self._codes) - 1, inputs, outputs
        made.builtinOptionsType = getattr(schema.BuiltinOptions, options)
        made.builtinOptions = getattr(schema, f"{options}T")()
        for name, value in values.items():
            setattr(made.builtinOptions, name, value)
        self._operators.append(made)

    def share_operators(self, other: "Builder") -> None:
        """The operators of another graph, for tensors of the same places."""
        self._operators = other._operators

    def graph(self, inputs: list[int], outputs: list[int]) -> Any:
        graph: Any = schema.SubGraphT()
        graph.tensors, graph.operators, graph.inputs, graph.outputs = self._tensors, self._operators, inputs, outputs
        return graph

    def save(self, path: Path, inputs: list[int], outputs: list[int], signatures: list[Any] | None = None) -> Path:
        return self.write(path, [self.graph(inputs, outputs)], signatures or [])

    def write(self, path: Path, graphs: list[Any], signatures: list[Any]) -> Path:
        model: Any = schema.ModelT()
        model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, self._codes, graphs, self._buffers
        model.signatureDefs = signatures
        packed: Any = flatbuffers.Builder(1024)
        packed.Finish(model.Pack(packed), b"TFL3")
        path.write_bytes(bytes(packed.Output()))
        return path


def doubled(path: Path, shape: list[int], signature: list[int] | None = None) -> Path:
    """y = x + x: one node, which XNNPACK takes."""
    made = Builder()
    x, y = made.tensor("x", shape, signature), made.tensor("y", shape, signature)
    made.operator("ADD", [x, x], [y], "AddOptions")
    return made.save(path, [x], [y])


def doubled_and_summed_up(path: Path) -> Path:
    """y = cumsum(x + x): XNNPACK has no kernel for the second node."""
    made = Builder()
    x, between, y = (made.tensor(name, [1, 4]) for name in ("x", "between", "y"))
    axis = made.constant("axis", [1])
    made.operator("ADD", [x, x], [between], "AddOptions")
    made.operator("CUMSUM", [between, axis], [y], "CumsumOptions")
    return made.save(path, [x], [y])


def running_sum(path: Path) -> Path:
    """y = the sum of every x so far, in a resource variable, as microWakeWord's listening models hold theirs."""
    made = Builder()
    x, handle = made.tensor("x", [1, 1]), made.tensor("handle", [], kind=_RESOURCE)
    state, y = made.tensor("state", [1, 1]), made.tensor("y", [1, 1])
    made.operator("CALL_ONCE", [], [], "CallOnceOptions", initSubgraphIndex=1)
    made.operator("VAR_HANDLE", [], [handle], "VarHandleOptions", container="", sharedName="sum")
    made.operator("READ_VARIABLE", [handle], [state], "ReadVariableOptions")
    made.operator("ADD", [x, state], [y], "AddOptions")
    made.operator("ASSIGN_VARIABLE", [handle, y], [], "AssignVariableOptions")
    start = made.second_graph()
    zero, its_handle = start.zero("zero"), start.tensor("its_handle", [], kind=_RESOURCE)
    start.operator("VAR_HANDLE", [], [its_handle], "VarHandleOptions", container="", sharedName="sum")
    start.operator("ASSIGN_VARIABLE", [its_handle, zero], [], "AssignVariableOptions")
    return made.write(path, [made.graph([x], [y]), start.graph([], [])], [])


def reshaped_otherwise(path: Path) -> Path:
    """y is declared [1, 4] and comes out [2, 2]."""
    made = Builder()
    x, y = made.tensor("x", [1, 4]), made.tensor("y", [1, 4])
    shape = made.constant("shape", [2, 2])
    made.operator("RESHAPE", [x, shape], [y], "ReshapeOptions")
    return made.save(path, [x], [y])


def finds_nothing(path: Path) -> Path:
    """`found` lists where x is above x + x, which is nowhere for positive numbers: an output of no rows."""
    made = Builder()
    x, doubled, above = (
        made.tensor("x", [1, 8]),
        made.tensor("doubled", [1, 8]),
        made.tensor("above", [1, 8], kind=_BOOL),
    )
    found = made.tensor("found", [0, 2], kind=_INT64)
    made.operator("ADD", [x, x], [doubled], "AddOptions")
    made.operator("GREATER", [x, doubled], [above], "GreaterOptions")
    made.operator("WHERE", [above], [found], "WhereOptions")
    return made.save(path, [x], [found])


def rows_of_a_table(path: Path, rows: int) -> Path:
    """y = rows of a table of `rows` x 1 by `tokens`, behind a cast."""
    made = Builder()
    tokens, wide = made.tensor("tokens", [1, 64], kind=_INT32), made.tensor("wide", [1, 64], kind=_INT64)
    y = made.tensor("y", [1, 64], kind=_INT32)
    table = made.constant("table", list(range(rows)))
    made.operator("CAST", [tokens], [wide], "CastOptions")
    made.operator("GATHER", [table, wide], [y], "GatherOptions")
    return made.save(path, [tokens], [y])


def rank_of(path: Path, kind: str) -> Path:
    """y is the number of dimensions of x, of any type by the schema's name for it."""
    made = Builder()
    x, y = made.tensor("x", [1, 3], kind=getattr(schema.TensorType, kind)), made.tensor("y", [1], kind=_INT32)
    made.operator("RANK", [x], [y], "RankOptions")
    return made.save(path, [x], [y])


def rank_of_texts(path: Path) -> Path:
    return rank_of(path, "STRING")


def reshaped_to_four(path: Path) -> Path:
    """y = x as [1, 4], so that only a leading size of 1 can run."""
    made = Builder()
    x, y = made.tensor("x", [1, 4], [-1, 4]), made.tensor("y", [1, 4])
    shape = made.constant("shape", [1, 4])
    made.operator("RESHAPE", [x, shape], [y], "ReshapeOptions")
    return made.save(path, [x], [y])


def joined(path: Path, names: tuple[str, str], signature: tuple[str, str] | None = None) -> Path:
    """y = the two inputs, [1, 8] and [1, 24], next to each other. `signature`: their names in one."""
    made = Builder()
    inputs = [made.tensor(name, [1, columns]) for name, columns in zip(names, (8, 24), strict=True)]
    y = made.tensor("y", [1, 32])
    made.operator("CONCATENATION", inputs, [y], "ConcatenationOptions", axis=1)
    entries = [] if signature is None else [signature_of("serve", 0, dict(zip(signature, inputs, strict=True)), y)]
    return made.save(path, inputs, [y], entries)


def with_signatures(path: Path, rows: dict[str, int], unsigned_rows: int | None = None) -> Path:
    """Each signature doubles a table of so many rows, in a graph of its own. `unsigned_rows`: a first graph without."""
    graphs: list[Any] = []
    entries: list[Any] = []
    first = Builder()
    first.operator("ADD", [0, 0], [1], "AddOptions")
    for key, count in [*([] if unsigned_rows is None else [("", unsigned_rows)]), *rows.items()]:
        made = Builder()
        made.tensor("x", [count, 64])
        made.tensor("y", [count, 64])
        made.share_operators(first)
        if key:
            entries.append(signature_of(key, len(graphs), {"x": 0}, 1))
        graphs.append(made.graph([0], [1]))
    return first.write(path, graphs, entries)


def signature_of(key: str, graph: int, inputs: dict[str, int], output: int) -> Any:
    """An entry of the model's table of signatures."""
    made: Any = schema.SignatureDefT()
    made.signatureKey, made.subgraphIndex = key, graph
    made.inputs, made.outputs = [_map(name, index) for name, index in inputs.items()], [_map("y", output)]
    return made


def _map(name: str, index: int) -> Any:
    made: Any = schema.TensorMapT()
    made.name, made.tensorIndex = name, index
    return made
