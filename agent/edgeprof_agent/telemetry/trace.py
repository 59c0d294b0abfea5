"""A trace: moments, and beside each what the probes said. It stays small however long the run is."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from edgeprof_agent.telemetry.base import Value

_T = TypeVar("_T")
DENSE_ROWS = 3000
"""The first five minutes at 10 Hz, in which the measured window lies, are kept as they were taken."""
THIN_ROWS = 3000
"""What comes after (a soak) is thinned out to half whenever it would be more than this."""


@dataclass
class Trace:
    """Rows of equal length; a column is one label of one group. None: not read then, or no value could be had."""

    asked_hz: float
    columns: list[tuple[str, str]] = field(default_factory=lambda: [])
    units: dict[str, str] = field(default_factory=lambda: {})
    absent: dict[str, str] = field(default_factory=lambda: {})
    """Group -> why it has no column, or why values in it are missing."""
    at_ns: list[int] = field(default_factory=lambda: [])
    rows: list[list[Value]] = field(default_factory=lambda: [])
    sampler_cpu_ns: list[int] = field(default_factory=lambda: [])
    """The sampler's own processor time up to each row."""

    def add(self, at_ns: int, row: list[Value], cpu_ns: int) -> None:
        """One moment, later than all before."""
        self.at_ns.append(at_ns)
        self.rows.append(row)
        self.sampler_cpu_ns.append(cpu_ns)
        if len(self.rows) >= DENSE_ROWS + THIN_ROWS:
            self._thin()

    def labels(self, group: str) -> list[str]:
        return [label for name, label in self.columns if name == group]

    def series(self, group: str, label: str) -> list[tuple[int, Value]]:
        """Moments and values of one column, without the gaps."""
        try:
            index = self.columns.index((group, label))
        except ValueError:
            return []
        return [(at, row[index]) for at, row in zip(self.at_ns, self.rows, strict=True) if row[index] is not None]

    def document(self) -> bytes:
        """The artifact: times in ms from `start_ns` (CLOCK_MONOTONIC)."""
        start_ns = self.at_ns[0] if self.at_ns else 0
        series: dict[str, object] = {"t_ms": [round((at - start_ns) / 1e6, 1) for at in self.at_ns]}
        for index, (group, label) in enumerate(self.columns):
            values = [_short(row[index]) for row in self.rows]
            labels = series.setdefault(group, {})
            if isinstance(labels, dict):
                labels[label] = values
        document = {"start_ns": start_ns, "unit": {"t_ms": "ms", **self.units}, "absent": self.absent, "series": series}
        return json.dumps(document, separators=(",", ":")).encode()

    def _thin(self) -> None:
        """Half of the later rows. Of two, the second is kept, and what only the first one knew."""
        late = [_merged(a, b) for a, b in _pairs(self.rows[DENSE_ROWS:])]
        self.rows[DENSE_ROWS:] = late
        self.at_ns[DENSE_ROWS:] = [b for _, b in _pairs(self.at_ns[DENSE_ROWS:])]
        self.sampler_cpu_ns[DENSE_ROWS:] = [b for _, b in _pairs(self.sampler_cpu_ns[DENSE_ROWS:])]


def _pairs(items: list[_T]) -> Iterator[tuple[_T, _T]]:
    return zip(items[::2], items[1::2], strict=False)


def _merged(first: list[Value], second: list[Value]) -> list[Value]:
    return [a if b is None else b for a, b in zip(first, second, strict=True)]


def _short(value: Value) -> Value:
    return round(value, 3) if isinstance(value, float) else value
