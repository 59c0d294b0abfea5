"""ONNX Runtime's own format (.ort): a flatbuffer that holds a graph which was optimized when it was saved.

Field numbers from onnxruntime/core/flatbuffers/schema/ort.fbs. Saved optimizations are left to the runtime.
"""

from collections.abc import Iterator

from edgeprof.modelfiles.flatbuffer import (
    BYTES,
    FLOATS,
    INTS,
    LONGS,
    TEXT,
    TEXTS,
    Field,
    Schema,
    Walker,
    slot_of,
)
from edgeprof.modelfiles.parse import elements, table, table_text, text_at
from edgeprof.modelfiles.window import FileWindow, PastEnd

MAGIC = b"ORTM"
MAGIC_AT = 4

_EDGE_END = Field("elements", element_bytes=12)

_TABLES: Schema = {
    "Session": {0: TEXT, 1: Field("table", "Model")},
    "Model": {
        1: Field("tables", "OperatorSet"),
        2: TEXT,
        3: TEXT,
        4: TEXT,
        6: TEXT,
        7: Field("table", "Graph"),
        8: TEXT,
        9: Field("tables", "Entry"),
    },
    "OperatorSet": {0: TEXT},
    "Entry": {0: TEXT, 1: TEXT},
    "Graph": {
        0: Field("tables", "Tensor"),
        1: Field("tables", "ValueInfo"),
        2: Field("tables", "Node"),
        4: Field("tables", "NodeEdge"),
        5: TEXTS,
        6: TEXTS,
        7: Field("tables", "SparseTensor"),
    },
    "Tensor": {0: TEXT, 1: TEXT, 2: LONGS, 4: BYTES, 5: TEXTS},
    "SparseTensor": {0: Field("table", "Tensor"), 1: Field("table", "Tensor"), 2: LONGS},
    "ValueInfo": {0: TEXT, 1: TEXT, 2: Field("table", "TypeInfo")},
    "TypeInfo": {0: TEXT, 2: Field("union", "TensorType")},
    "TensorType": {1: Field("table", "Shape")},
    "Shape": {0: Field("tables", "Dimension")},
    "Dimension": {0: Field("table", "DimensionValue"), 1: TEXT},
    "DimensionValue": {2: TEXT},
    "Node": {
        **dict.fromkeys((0, 1, 2, 5, 7), TEXT),
        **dict.fromkeys((8, 9, 12), TEXTS),
        10: Field("tables", "Attribute"),
        11: INTS,
    },
    "NodeEdge": {1: _EDGE_END, 2: _EDGE_END},
    "Attribute": {
        **dict.fromkeys((0, 1, 5), TEXT),
        6: Field("table", "Tensor"),
        7: Field("table", "Graph"),
        8: FLOATS,
        9: LONGS,
        10: TEXTS,
        11: Field("tables", "Tensor"),
        12: Field("tables", "Graph"),
    },
}
_SESSION_MODEL, _MODEL_GRAPH = 1, 7
_GRAPH_INITIALIZERS, _GRAPH_NODE_ARGS, _GRAPH_NODES, _GRAPH_INPUTS, _GRAPH_OUTPUTS = 0, 1, 2, 5, 6
_NODE_ATTRIBUTES = 10
_ATTRIBUTE_TENSOR, _ATTRIBUTE_GRAPH, _ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS = 6, 7, 11, 12
_TENSOR_NAME, _TENSOR_DIMS, _TENSOR_TYPE = 0, 2, 3
_VALUE_NAME, _VALUE_TYPE, _TYPE_VALUE, _TENSOR_SHAPE, _SHAPE_DIM = 0, 2, 2, 1, 0
_DIM_VALUE, _DIM_KIND, _DIM_SIZE, _DIM_SYMBOL = 0, 0, 1, 2
_IS_SIZE, _IS_SYMBOL = b"\x01", b"\x02"
_MAX_DIMENSIONS = 64


def check(window: FileWindow) -> None:
    """Raises ModelFileError unless the file is an ORT model whose parts all lie within it."""
    try:
        if window.read(MAGIC_AT, len(MAGIC)) != MAGIC:
            raise window.damaged("it does not start like an ONNX Runtime file")
        root = window.u32(0)
        Walker(window, _TABLES).table("Session", root)
        graph = _graph(window)
    except PastEnd:
        raise window.truncated("ONNX Runtime") from None
    if graph is None:
        raise window.damaged("it has no graph")


def tensors(window: FileWindow) -> Iterator[tuple[list[int], int]]:
    """(sizes, ONNX data type) of each initializer and of each tensor in an attribute, also in branches and loops."""
    for at in _stored(window):
        kind = slot_of(window, at, _TENSOR_TYPE)
        yield _longs(window, at, _TENSOR_DIMS), window.u32(kind) if kind else 0


def _stored(window: FileWindow) -> Iterator[int]:
    first = _graph(window)
    waiting = [] if first is None else [first]
    seen = set(waiting)  # a damaged file may use one graph many times
    while waiting:
        graph = waiting.pop()
        yield from _held(window, graph, _GRAPH_INITIALIZERS)
        for node in _held(window, graph, _GRAPH_NODES):
            for attribute in _held(window, node, _NODE_ATTRIBUTES):
                yield from _one(window, attribute, _ATTRIBUTE_TENSOR)
                yield from _held(window, attribute, _ATTRIBUTE_TENSORS)
                inner = {*_one(window, attribute, _ATTRIBUTE_GRAPH), *_held(window, attribute, _ATTRIBUTE_GRAPHS)}
                waiting += inner - seen
                seen |= inner


def _held(window: FileWindow, owner: int, number: int) -> Iterator[int]:
    return (table(window, at) for at in elements(window, owner, number))


def _one(window: FileWindow, owner: int, number: int) -> Iterator[int]:
    slot = slot_of(window, owner, number)
    if slot:
        yield table(window, slot)


def inputs(window: FileWindow) -> Iterator[tuple[str, tuple[int | str | None, ...]]]:
    """Name and sizes of each input; a size is a number, a symbol's name, or None: open and without a name."""
    stored = {table_text(window, tensor, _TENSOR_NAME) for tensor in _tables(window, _GRAPH_INITIALIZERS)}
    for name, value in _ends(window, _GRAPH_INPUTS):
        if name not in stored:
            yield name, value


def outputs(window: FileWindow) -> Iterator[tuple[str, tuple[int | str | None, ...]]]:
    """The same of each output."""
    return _ends(window, _GRAPH_OUTPUTS)


def _ends(window: FileWindow, number: int) -> Iterator[tuple[str, tuple[int | str | None, ...]]]:
    named = {table_text(window, value, _VALUE_NAME): value for value in _tables(window, _GRAPH_NODE_ARGS)}
    for at in _of_graph(window, number):
        name = text_at(window, table(window, at))
        yield name, tuple(_sizes(window, named[name])) if name in named else ()


def _sizes(window: FileWindow, value: int) -> Iterator[int | str | None]:
    shape = value
    for number in (_VALUE_TYPE, _TYPE_VALUE, _TENSOR_SHAPE):
        slot = slot_of(window, shape, number)
        if not slot:
            return
        shape = table(window, slot)
    for at in elements(window, shape, _SHAPE_DIM)[:_MAX_DIMENSIONS]:
        slot = slot_of(window, table(window, at), _DIM_VALUE)
        yield _size(window, table(window, slot)) if slot else None


def _size(window: FileWindow, dimension: int) -> int | str | None:
    kind = slot_of(window, dimension, _DIM_KIND)
    which = window.read(kind, 1) if kind else b""
    if which == _IS_SYMBOL:
        return table_text(window, dimension, _DIM_SYMBOL) or None
    slot = slot_of(window, dimension, _DIM_SIZE)
    size = window.u64(slot) if which == _IS_SIZE and slot else 0
    return size if 0 < size < 1 << 63 else None


def _graph(window: FileWindow) -> int | None:
    model = slot_of(window, window.u32(0), _SESSION_MODEL)
    slot = slot_of(window, table(window, model), _MODEL_GRAPH) if model else 0
    return table(window, slot) if slot else None


def _of_graph(window: FileWindow, number: int) -> range:
    graph = _graph(window)
    return range(0) if graph is None else elements(window, graph, number)


def _tables(window: FileWindow, number: int) -> Iterator[int]:
    return (table(window, at) for at in _of_graph(window, number))


def _longs(window: FileWindow, owner: int, number: int) -> list[int]:
    slot = slot_of(window, owner, number)
    if not slot:
        return []
    at = table(window, slot)
    count = min(window.u32(at), _MAX_DIMENSIONS)
    return [window.u64(place) for place in range(at + 4, at + 4 + 8 * count, 8)]
