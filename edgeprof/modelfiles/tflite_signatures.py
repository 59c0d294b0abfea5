"""A TFLite model's signatures: each is a graph of the file with names of its own for inputs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgeprof.errors import UsageError
from edgeprof.modelfiles import parse
from edgeprof.modelfiles.flatbuffer import slot_of
from edgeprof.modelfiles.parse import elements, table, table_text
from edgeprof.modelfiles.window import FileWindow

# Field numbers of tensorflow/lite/schema.fbs.
_MODEL_SIGNATURES = 7
_SIGNATURE_INPUTS, _SIGNATURE_KEY, _SIGNATURE_GRAPH = 0, 2, 4
_MAP_NAME, _MAP_INDEX = 0, 1
_MAX_SIGNATURES = 1000


@dataclass(frozen=True)
class Signature:
    """One way to run the model: its key, its graph, and the names of its inputs (name -> tensor index)."""

    key: str
    graph: int
    inputs: dict[str, int]


def signatures_of(path: Path) -> tuple[Signature, ...]:
    """The signatures of a TFLite file that `inspect` has found whole, in its order."""
    with parse.open_window(path) as window:
        return signatures_in(window)


def signatures_in(window: FileWindow) -> tuple[Signature, ...]:
    """The same of an open file."""
    graphs = len(elements(window, window.u32(0), parse.TFLITE_SUBGRAPHS))
    found = [
        _signature(window, table(window, at))
        for at in elements(window, window.u32(0), _MODEL_SIGNATURES)[:_MAX_SIGNATURES]
    ]
    return tuple(each for each in found if each.graph < graphs)


def chosen(signatures: Sequence[Signature], key: str, model: str) -> Signature | None:
    """The signature of this key; for an empty key that of the first graph, if it has one.

    Raises UsageError `bad_signature` for a key that the model does not have.
    """
    found = next((each for each in signatures if (each.key == key if key else each.graph == 0)), None)
    if key and found is None:
        known = ", ".join(each.key for each in signatures) or "none"
        raise UsageError("bad_signature", f"{model} has no signature {key!r}. Signatures: {known}.")
    return found


def _signature(window: FileWindow, at: int) -> Signature:
    graph = slot_of(window, at, _SIGNATURE_GRAPH)
    pairs = [table(window, each) for each in elements(window, at, _SIGNATURE_INPUTS)[:_MAX_SIGNATURES]]
    names = {table_text(window, pair, _MAP_NAME): _index(window, pair) for pair in pairs}
    return Signature(table_text(window, at, _SIGNATURE_KEY), window.u32(graph) if graph else 0, names)


def _index(window: FileWindow, pair: int) -> int:
    slot = slot_of(window, pair, _MAP_INDEX)
    return window.u32(slot) if slot else 0
