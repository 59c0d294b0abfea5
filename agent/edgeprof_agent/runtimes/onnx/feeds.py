"""Between ONNX Runtime's types and ours: inputs as its session declares them, and feeds as it takes them."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from edgeprof_agent.runtimes.element_types import ELEMENT_TYPES, stored
from edgeprof_agent.runtimes.inputs import Container, Declared, Feed, Rank
from edgeprof_agent.runtimes.onnx.api import Input, OrtApi, OrtFeed, OrtSession
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure
from edgeprof_agent.worker_protocol.document import InputFact

_DTYPES = {"float": "float32", "double": "float64", "string": "U"}
_CONTAINERS: tuple[tuple[str, Container], ...] = (
    ("optional(seq(tensor(", "optional sequence"),
    ("optional(tensor(", "optional"),
    ("seq(tensor(", "sequence"),
    ("tensor(", "tensor"),
)

Run = Callable[[Mapping[str, OrtFeed]], list[object]]


def declared_inputs(session: OrtSession, facts: Sequence[InputFact]) -> list[Declared]:
    """Raises RuntimeFailure `input_unsupported` for a type that nothing here can feed."""
    by_name = {fact["name"]: fact for fact in facts}
    return [_declared(each, by_name.get(each.name)) for each in session.get_inputs()]


def _declared(each: Input, fact: InputFact | None) -> Declared:
    container, word = _parsed(each)
    element = ELEMENT_TYPES.get(word)
    try:
        dtype = np.dtype(element.values if element else _DTYPES.get(word, word))
    except TypeError:
        raise _unsupported(each) from None
    rank: Rank = "known" if each.shape or (fact and fact["has_rank"]) else "open" if fact else "unsure"
    name = word if element else ""
    uses, likely_rank = (fact["uses"], fact["likely_rank"] or 2) if fact else ((), 2)
    return Declared(each.name, dtype, each.shape, element, name, container, rank, uses, likely_rank)


def dtype_name(declared: str) -> str:
    """`float32` of `tensor(float)`; what is no tensor keeps the runtime's own words.

    >>> dtype_name("tensor(float)"), dtype_name("tensor(int64)"), dtype_name("seq(map(int64,tensor(float)))")
    ('float32', 'int64', 'seq(map(int64,tensor(float)))')
    """
    if not declared.startswith("tensor("):
        return declared
    word = declared.removeprefix("tensor(").rstrip(")")
    return {**_DTYPES, "string": "string"}.get(word, word)


def _parsed(each: Input) -> tuple[Container, str]:
    """`optional(seq(tensor(float)))` as its container and the word for its elements."""
    for prefix, container in _CONTAINERS:
        if each.type.startswith(prefix):
            return container, each.type.removeprefix(prefix).rstrip(")")
    raise _unsupported(each)


def _unsupported(each: Input) -> RuntimeFailure:
    return RuntimeFailure(
        "input_unsupported",
        f"Input {each.name!r} is a {each.type}. Only tensors, sequences of tensors, and optional ones can be fed: "
        "export the model with such inputs.",
    )


def needs_values(session: OrtSession) -> bool:
    """Whether an output is of a type that numpy does not have: `run` could not hand it out."""
    return any(word in ELEMENT_TYPES for each in session.get_outputs() for word in [each.type[7:-1]])


def runner(session: OrtSession) -> Run:
    """One inference by the call that can hand out what this model puts out."""
    if needs_values(session):
        return lambda feeds: session.run_with_ort_values(None, feeds)
    return lambda feeds: session.run(None, feeds)


def handed_over(
    api: OrtApi, session: OrtSession, declared: Sequence[Declared], feeds: Mapping[str, Feed]
) -> dict[str, OrtFeed]:
    """The feeds as this session takes them. An OrtValue uses the array's own memory, and keeps it."""
    by_name = {each.name: each for each in declared}
    every_value = needs_values(session)
    return {name: _handed(api, by_name[name], feed, every_value) for name, feed in feeds.items()}


def _handed(api: OrtApi, each: Declared, feed: Feed, as_value: bool) -> OrtFeed:
    if each.element is not None and feed is not None:
        if isinstance(feed, list):
            raise RuntimeFailure("input_unsupported", f"Input {each.name!r} is a sequence of {each.type_name} tensors.")
        return api.OrtValue.ortvalue_from_numpy_with_onnx_type(stored(feed, each.element), each.element.onnx_code)
    if each.takes_text and isinstance(feed, np.ndarray) and feed.dtype.kind == "S":
        feed = np.char.decode(feed.astype(np.bytes_), "utf-8")
    if as_value and isinstance(feed, np.ndarray):
        return api.OrtValue.ortvalue_from_numpy(feed)
    return feed
