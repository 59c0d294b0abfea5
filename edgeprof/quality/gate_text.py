"""A gate as a person writes it, and as it is printed again: one line that names the set, the metric and the limit.

fashion-mnist: accuracy >= source - 1
receipts: character_error_rate <= source + 0.5 at 99 %
bias-pairs: flips <= 0
fashion-mnist: accuracy >= 85
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from edgeprof.errors import UsageError
from edgeprof.quality.comparing import DIVERGENCES
from edgeprof.wire.metrics import METRICS

GateKind = Literal["margin", "minimum", "flips"]

FLIPS = ("flips", "losses")
"""Counts of items: that changed between right and wrong, that went from right to wrong."""

_LINE = re.compile(
    r"\s*(?P<set>\S.*?)\s*:\s*(?P<metric>[a-z0-9_@]+)\s*(?P<sign>>=|<=)\s*(?:(?P<source>source)\s*(?:(?P<way>[+-])\s*)?)?"
    r"(?P<limit>\d+(?:\.\d+)?)?\s*(?:at\s+(?P<confidence>\d+(?:\.\d+)?)\s*%)?\s*"
)
_SUFFIXES = ("_percent", "_nats", "_per_h")
_EXAMPLE = "Use a line such as 'fashion-mnist: accuracy >= source - 1' or 'bias-pairs: flips <= 0'."


@dataclass(frozen=True, kw_only=True)
class Gate:
    """What a variant must hold. `limit`: points below the source, the least figure allowed, or a number of items."""

    set_name: str
    metric: str
    """A name in METRICS, or `flips`, `losses`."""
    kind: GateKind
    limit: float
    confidence: float = 0.95
    """Of the interval whose end is held against the limit; a count of items needs none."""

    @property
    def higher_is_better(self) -> bool:
        """Whether the figure must lie above its limit."""
        return self.kind != "flips" and METRICS[self.metric].better == "higher"

    def __str__(self) -> str:
        """The line again, which `parse_gate` reads to an equal gate."""
        name, limit = _short(self.metric), f"{self.limit:.12g}"
        if self.kind == "flips":
            return f"{self.set_name}: {name} <= {limit}"
        sign, way = (">=", "-") if self.higher_is_better else ("<=", "+")
        of_source = f"source {way} " if self.kind == "margin" else ""
        at = "" if self.confidence == 0.95 else f" at {100 * self.confidence:.12g} %"
        return f"{self.set_name}: {name} {sign} {of_source}{limit}{at}"


def parse_gate(text: str) -> Gate:
    """The gate of a line. Raises UsageError `bad_gate`, with what is wrong and an example.

    >>> gate = parse_gate("fashion-mnist: accuracy>=source-1")
    >>> gate.kind, gate.limit, str(gate)
    ('margin', 1.0, 'fashion-mnist: accuracy >= source - 1')
    """
    found = _LINE.fullmatch(text)
    if found is None or (found["limit"] is None) != (found["source"] is not None and found["way"] is None):
        raise _bad(f"'{text}' is not a gate.")
    confidence = float(found["confidence"] or 95) / 100
    if not 0.5 < confidence < 1:
        raise _bad(f"A confidence of {found['confidence']} % is not between 50 and 100.")
    if found["metric"] in FLIPS:
        return _flips(text, found)
    metric = _metric(found["metric"])
    sign, way = (">=", "-") if METRICS[metric].better == "higher" else ("<=", "+")
    if found["sign"] != sign or found["way"] not in (None, way):
        raise _bad(f"'{text}' allows a better figure only: {found['metric']} must be {sign} source {way} a margin.")
    return Gate(
        set_name=found["set"],
        metric=metric,
        kind="margin" if found["source"] else "minimum",
        limit=float(found["limit"] or 0),
        confidence=confidence,
    )


def parse_gates(lines: Iterable[str]) -> tuple[Gate, ...]:
    """The gates of a family, as its TOML lists them: `gates = ["…", "…"]`. Raises UsageError."""
    return tuple(parse_gate(line) for line in lines)


def _flips(text: str, found: re.Match[str]) -> Gate:
    limit = float(found["limit"] or 0)
    if found["source"] or found["sign"] != "<=" or found["confidence"] or limit != int(limit):
        raise _bad(f"'{text}': {found['metric']} are a count of items, as in '{found['metric']} <= 0'.")
    return Gate(set_name=found["set"], metric=found["metric"], kind="flips", limit=limit)


def _metric(name: str) -> str:
    known = next((full for full in (name, *(name + suffix for suffix in _SUFFIXES)) if full in METRICS), None)
    if known is None or METRICS[known].scope != "quality":
        names = ", ".join(_short(metric.name) for metric in METRICS.values() if metric.scope == "quality")
        raise _bad(f"'{name}' is not a figure of quality. Figures: flips, losses, {names}.")
    if known in DIVERGENCES:
        raise _bad(f"{name} is an alarm and no gate: it orders nothing among good variants.")
    return known


def _short(metric: str) -> str:
    suffix = next((suffix for suffix in _SUFFIXES if metric.endswith(suffix)), "")
    return metric.removesuffix(suffix) if suffix else metric


def _bad(what: str) -> UsageError:
    return UsageError("bad_gate", f"{what} {_EXAMPLE}")
