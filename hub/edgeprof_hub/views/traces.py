"""The trace of a run (artifact `trace`): temperature, clocks and the load of others over time."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from edgeprof.tables import figures
from edgeprof.wire.messages import Result
from edgeprof_hub.views.facts import DataTable
from edgeprof_hub.views.lines import Drawn, Line, LineChart, PlotPoint, thinned

MOST_ROWS = 40
MOST_LINES = 6
"""Of one chart. Of more, as of the clocks of many cores, the highest and the lowest are drawn."""
_CHARTS: dict[str, tuple[str, str, bool]] = {
    "temperature_c": ("Temperature", "°C", False),
    "cpu_mhz": ("Processor's clock", "MHz", True),
    "others_cpu_share": ("Other programs' share of the cores", "%", True),
    "stolen_cpu_share": ("Share taken by a hypervisor", "%", True),
    "memory_pressure_share": ("Share of time waiting for memory", "%", True),
    "memory_available_mib": ("Memory available", "MiB", True),
}
"""What is drawn of a trace, in this order: title, unit, whether the axis begins at zero."""

Readings = Sequence[float | None]
Fetch = Callable[[str], bytes | None]


class _Document(msgspec.Struct):
    series: dict[str, list[float | None] | dict[str, list[float | None]]]


def trace_of(result: Result, fetch: Fetch) -> Drawn | None:
    """What can be drawn of the trace; None where there is none, or where it cannot be read."""
    stored = next((artifact for artifact in result.artifacts if artifact.name == "trace"), None)
    data = fetch(stored.sha256) if stored else None
    if data is None:
        return None
    try:
        series = msgspec.json.decode(data, type=_Document).series
    except (msgspec.MsgspecError, UnicodeDecodeError):  # an agent may store any bytes under this name
        return None
    times = series.get("t_ms")
    if not isinstance(times, list) or not times or None in times:
        return None
    times_s = [time_ms / 1e3 for time_ms in times if time_ms is not None]
    groups = {name: _group(name, series[name], len(times_s)) for name in _CHARTS if name in series}
    charts = tuple(_chart(name, lines, times_s) for name, lines in groups.items() if lines)
    return Drawn(charts, *_table(groups, times_s)) if charts else None


def _group(name: str, found: Readings | Mapping[str, Readings], count: int) -> dict[str, Readings]:
    """The lines of one chart by name; readings that do not fit the times are no line."""
    lines = dict(found) if isinstance(found, Mapping) else {"": found}
    factor = 100.0 if _CHARTS[name][1] == "%" else 1.0
    fitting: dict[str, Readings] = {
        figures.clean(key): [None if value is None else value * factor for value in values]
        for key, values in lines.items()
        if len(values) == count and any(value is not None for value in values)
    }
    apart = _merged(fitting)
    return _extremes(fitting) if len(apart) > MOST_LINES else apart


def _merged(lines: Mapping[str, Readings]) -> dict[str, Readings]:
    """Lines that lie on each other, such as the clocks of one cluster's cores, as one with all their names."""
    names: dict[tuple[float | None, ...], list[str]] = {}
    for name, values in lines.items():
        names.setdefault(tuple(values), []).append(name)
    return {", ".join(found): values for values, found in names.items()}


def _extremes(lines: Mapping[str, Readings]) -> dict[str, Readings]:
    moments = [[value for value in moment if value is not None] for moment in zip(*lines.values(), strict=True)]
    return {
        f"highest of {len(lines)}": [max(moment, default=None) for moment in moments],
        f"lowest of {len(lines)}": [min(moment, default=None) for moment in moments],
    }


def _chart(name: str, lines: Mapping[str, Readings], times_s: Sequence[float]) -> LineChart:
    title, unit, from_zero = _CHARTS[name]
    drawn = tuple(
        Line(key, thinned([PlotPoint(x, y) for x, y in zip(times_s, values, strict=True) if y is not None]))
        for key, values in lines.items()
    )
    return LineChart(title, "seconds", unit, drawn, from_zero=from_zero)


def _table(groups: Mapping[str, Mapping[str, Readings]], times_s: Sequence[float]) -> tuple[DataTable, int]:
    every = -(-len(times_s) // MOST_ROWS)
    columns = [(_head(name, key), values) for name, lines in groups.items() for key, values in lines.items()]
    rows = tuple(
        (f"{times_s[index]:.1f} s", *(_cell(values[index]) for _, values in columns))
        for index in range(0, len(times_s), every)
    )
    return DataTable(("Time", *(head for head, _ in columns)), rows), every


def _head(name: str, key: str) -> str:
    title, unit, _ = _CHARTS[name]
    return f"{title}{f' {key}' if key else ''}, {unit}"


def _cell(value: float | None) -> str:
    return "" if value is None else figures.number(value)
