"""What became of one item, and the artifact `outcomes` that holds all of a run's: one JSON object a line."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One item's answer and what it is worth. An item without an answer has a `problem`, and counts as not answered."""

    item_id: str
    correct: bool | None = None
    """Whether the answer is right; None where the task has no right and wrong, or there is no answer."""
    score: float | None = None
    """What the task averages, as 1 or 0, edits of a text, a log-likelihood. None: no answer."""
    answer: Any = None
    """As the task defines it, in JSON: a class index, a text, boxes."""
    problem: str = ""
    """Why there is no answer, in a sentence. Empty: there is one."""
    model_ns: int = 0
    """Time of the runtime's own calls for this item."""
    pipeline_ns: int = 0
    """From the item's stored form to its answer; `parts_ns` says what it holds."""
    parts_ns: dict[str, int] = field(default_factory=lambda: {})
    """`decode`, `prepare`, `model`, `finish`."""
    details: dict[str, float] = field(default_factory=lambda: {})
    """The task's own numbers, as `margin` or `top5`."""


_DEFAULTS = asdict(Outcome(item_id=""))
_TYPES: dict[str, Any] = {
    "item_id": str,
    "correct": bool | None,
    "score": int | float | None,
    "problem": str,
    "model_ns": int,
    "pipeline_ns": int,
    "parts_ns": dict,
    "details": dict,
}


def encode_outcomes(outcomes: Iterable[Outcome]) -> bytes:
    """The artifact: one JSON object a line, in the order of the items."""
    return b"".join(encode_outcome(outcome) for outcome in outcomes)


def encode_outcome(outcome: Outcome) -> bytes:
    """One line. Fields at their default are left out."""
    document = {name: value for name, value in asdict(outcome).items() if value != _DEFAULTS[name]}
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode() + b"\n"


def decode_outcomes(data: bytes) -> Iterator[Outcome]:
    """The lines of an artifact. Raises ValueError for a line that is not an outcome; unknown fields are left out."""
    names = set(Outcome.__dataclass_fields__)
    for number, line in enumerate(data.splitlines(), start=1):
        try:
            document = json.loads(line, parse_constant=_no_constant)
            outcome = Outcome(**{name: value for name, value in document.items() if name in names})
            _check_types(outcome)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"line {number} is not an outcome: {error}") from error
        yield outcome


def _check_types(outcome: Outcome) -> None:
    """An artifact is what a device sent. Raises ValueError."""
    for name, kinds in _TYPES.items():
        if not isinstance(getattr(outcome, name), kinds):
            raise ValueError(f"{name} is of another type")
    for name in ("details", "parts_ns"):
        if not all(isinstance(value, (int, float)) for value in getattr(outcome, name).values()):
            raise ValueError(f"{name} does not hold numbers only")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number of JSON")
