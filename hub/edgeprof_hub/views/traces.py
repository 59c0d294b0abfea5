"""The trace of a run (artifact `trace`): temperature, clocks, cores in use and memory over time."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from edgeprof.tables import figures
from edgeprof.wire.messages import Result
from edgeprof_hub.views.facts import DataTable
from edgeprof_hub.views.lines import ChartLine, Drawn, LineChart, PlotPoint, thinned

MAX_ROWS = 40
MAX_LINES = 6
"""Of one chart. Of more, as of the clocks of many cores, the highest and the lowest are drawn."""
MIN_SPAN_S = 0.5
"""The kernel counts processor time in ticks of 10 ms: over less than this, a rate would be mostly rounding."""
MODEL, CLIENT = "the model", "the client"
_CHARTS: dict[str, tuple[str, str, bool]] = {
    "temperature_c": ("Temperature", "°C", False),
    "cpu_mhz": ("CPU clock", "MHz", True),
    "cores_used": ("Cores in use", "cores", True),
    "worker_mib": ("Worker memory", "MiB", True),
    "memory_mib": ("Memory", "MiB", True),
}
"""What is drawn of a trace, in this order: title, unit, whether the axis begins at zero."""

Readings = Sequence[float | None]
Fetch = Callable[[str], bytes | None]
_Values = list[float | str | bool | None]


class _Document(msgspec.Struct):
    series: dict[str, _Values | dict[str, _Values]]


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
    times = [time_ms / 1e3 for time_ms in _numbers(series.get("t_ms")) if time_ms is not None]
    if not times or times != sorted(times) or len(times) != len(series["t_ms"]):
        return None
    recorded = {
        name: {figures.clean(label): _numbers(values) for label, values in labels.items() if len(values) == len(times)}
        for name, labels in series.items()
        if isinstance(labels, dict)
    }
    groups = {name: _drawable(lines) for name, lines in _groups(recorded, times, result.remote is not None).items()}
    charts = tuple(_chart(name, groups[name], times) for name in _CHARTS if groups.get(name))
    return Drawn(charts, *_table(groups, times)) if charts else None


def _numbers(values: object) -> list[float | None]:
    """Numbers; a text or a truth value is no reading that can be drawn."""
    found: list[object] = msgspec.convert(values, list[object]) if isinstance(values, list) else []
    return [float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None for value in found]


def _groups(
    recorded: Mapping[str, Mapping[str, Readings]], times: Sequence[float], is_remote: bool
) -> dict[str, Mapping[str, Readings]]:
    """The lines of each chart by name; counters become rates. For a remote model the worker is the client."""
    nothing: Mapping[str, Readings] = {}
    worker = nothing if is_remote else recorded.get("worker", nothing)
    cores = _cores_used(recorded, times)
    return {
        "temperature_c": recorded.get("temperature_c", {}),
        "cpu_mhz": recorded.get("cpu_mhz", {}),
        "cores_used": {CLIENT if is_remote and name == MODEL else name: values for name, values in cores.items()},
        "worker_mib": {"RSS": worker["rss_mib"]} if "rss_mib" in worker else {},
        "memory_mib": recorded.get("memory_mib", {}),
    }


def _cores_used(recorded: Mapping[str, Mapping[str, Readings]], times: Sequence[float]) -> dict[str, Readings]:
    """Processor time a second of the model's process, and of all programs that are neither it nor the agent."""
    columns = [recorded.get(group, {}).get(label) for group, label in _COUNTERS]
    if any(column is None for column in columns):
        return {}
    model: list[float | None] = [None] * len(times)
    others: list[float | None] = [None] * len(times)
    known = [
        (index, counts)
        for index in range(len(times))
        if None not in (counts := [column[index] for column in columns if column is not None])
    ]
    last = known[:1]
    for index, counts in known[1:]:
        earlier, before = last[0]
        span_s = times[index] - times[earlier]
        if span_s >= MIN_SPAN_S:
            busy, worker, agent = ((now or 0) - (then or 0) for now, then in zip(counts, before, strict=True))
            model[index], others[index] = worker / span_s, max(0.0, busy - worker - agent) / span_s
            last = [(index, counts)]
    return {MODEL: model, "other programs": others}


_COUNTERS = (("cores_s", "busy"), ("worker", "cpu_s"), ("agent", "cpu_s"))


def _drawable(lines: Mapping[str, Readings]) -> dict[str, Readings]:
    """Lines that have a reading; those that lie on each other as one, and of very many the extremes."""
    fitting = {name: values for name, values in lines.items() if any(value is not None for value in values)}
    apart = _merged(fitting)
    return _extremes(fitting) if len(apart) > MAX_LINES else apart


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


def _chart(name: str, lines: Mapping[str, Readings], times: Sequence[float]) -> LineChart:
    title, unit, from_zero = _CHARTS[name]
    drawn = tuple(
        ChartLine(key, thinned([PlotPoint(x, y) for x, y in zip(times, values, strict=True) if y is not None]))
        for key, values in lines.items()
    )
    return LineChart(title, "seconds", unit, drawn, from_zero=from_zero)


def _table(groups: Mapping[str, Mapping[str, Readings]], times: Sequence[float]) -> tuple[DataTable, int]:
    """A row for every so many readings, with the last that each line had among them."""
    every = -(-len(times) // MAX_ROWS)
    columns = [(_head(name, key), values) for name in _CHARTS for key, values in groups.get(name, {}).items()]
    rows = tuple(
        (f"{times[first]:.1f} s", *(_last(values[first : first + every]) for _, values in columns))
        for first in range(0, len(times), every)
    )
    return DataTable(("Time", *(head for head, _ in columns)), rows), every


def _head(name: str, key: str) -> str:
    title, unit, _ = _CHARTS[name]
    return f"{title}: {key}, {unit}"


def _last(values: Readings) -> str:
    known = [value for value in values if value is not None]
    return figures.number(known[-1]) if known else ""
