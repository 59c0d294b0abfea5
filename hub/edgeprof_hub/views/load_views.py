"""Load after the window: the soak with its curve and knee, and the open loop with its queue."""

from dataclasses import dataclass

from edgeprof.tables import figures
from edgeprof.wire import messages as m
from edgeprof.wire.evidence import OpenLoop, Soak, SoakBucket
from edgeprof_hub.views.facts import DataTable, Fact, text_of, with_unit
from edgeprof_hub.views.lines import ChartLine, ChartMark, Drawn, LineChart, PlotPoint, thinned

_RESPONSES = ("response_p50_ms", "response_p95_ms", "response_p99_ms")
_MAX_ROWS = 60


@dataclass(frozen=True)
class SoakView:
    """Burst and sustained apart, the curve between them."""

    facts: tuple[Fact, ...]
    drawn: Drawn


def soak_view(result: m.Result) -> SoakView | None:
    """None where the run has no soak."""
    soak = result.soak
    if soak is None:
        return None
    unit = "generated token" if _writes_tokens(result) else "inference"
    return SoakView(_soak_facts(soak, unit), _soak_curve(soak, unit))


def _writes_tokens(result: m.Result) -> bool:
    return any(row.metric in ("decode_tokens_per_s", "ttft_ms") for row in result.metrics)


def _soak_facts(soak: Soak, unit: str) -> tuple[Fact, ...]:
    knee = "none: no lasting drop in speed shown"
    if soak.knee_s is not None:
        knee = f"lasting drop in speed after {figures.number(soak.knee_s)} s"
    return (
        Fact("Burst", f"{with_unit(soak.burst_p50_ms, 'ms')}, median {unit} of the measured window before the soak"),
        Fact("Sustained", f"{with_unit(soak.sustained_p50_ms, 'ms')}, median {unit} of the soak's last fifth"),
        Fact("Slowdown", f"{figures.number(soak.slowdown)}× (sustained / burst)"),
        Fact("Knee", knee, warns=soak.knee_s is not None),
        _load(soak),
        *_throttling(soak),
    )


def _throttling(soak: Soak) -> tuple[Fact, ...]:
    """Throttling that the board reported during the soak, if any."""
    reported = ", ".join(flag.replace("_", " ") for flag in soak.throttle_flags)
    return (Fact("Throttling", f"the board reported {reported}", warns=True),) if reported else ()


def _load(soak: Soak) -> Fact:
    text = f"{figures.number(soak.duration_s)} s without pauses"
    return Fact("Load", text if soak.complete else f"{text}, less than requested", warns=not soak.complete)


def _soak_curve(soak: Soak, unit: str) -> Drawn:
    curve = soak.curve
    rules = () if soak.knee_s is None else (ChartMark(soak.knee_s, "knee"),)
    speed = thinned([PlotPoint(bucket.at_s, bucket.p50_ms) for bucket in curve])
    charts = [
        LineChart(f"Median {unit}", "seconds of load", "ms", (ChartLine("", speed),), rules, from_zero=True, dots=True)
    ]
    for title, axis_unit, values in (
        ("Temperature", "°C", [(bucket.at_s, bucket.temperature_c) for bucket in curve]),
        ("CPU clock", "MHz", [(bucket.at_s, bucket.cpu_mhz) for bucket in curve]),
    ):
        points = thinned([PlotPoint(x, y) for x, y in values if y is not None])
        if len(points) > 1:
            line = (ChartLine("", points),)
            charts.append(LineChart(title, "seconds of load", axis_unit, line, rules, from_zero=axis_unit == "MHz"))
    every = -(-len(curve) // _MAX_ROWS) or 1
    heads = ("At, s", "Median, ms", "n", "Temperature, °C", "Clock, MHz")
    table = DataTable(heads, tuple(_soak_row(bucket) for bucket in curve[::every])).without_empty_columns()
    return Drawn(tuple(charts), table, every)


def _soak_row(bucket: SoakBucket) -> tuple[str, ...]:
    speed = (f"{bucket.at_s:,.1f}", figures.number(bucket.p50_ms), f"{bucket.n:,}")
    return (*speed, text_of(bucket.temperature_c), text_of(bucket.cpu_mhz))


def open_loop_facts(result: m.Result) -> tuple[Fact, ...]:
    """Empty where there was no open loop."""
    loop = result.open_loop
    if loop is None:
        return ()
    return (
        Fact(
            "Arrivals",
            f"{figures.number(loop.rate_per_s)} per second, Poisson, {loop.n:,} total, seed {loop.seed}",
        ),
        _kept_up(loop),
        *_responses(result),
        Fact("Offered load", f"{figures.percent(loop.busy_share)} of capacity", warns=loop.busy_share >= 1),
        Fact("Longest queue", f"{loop.longest_queue:,}"),
    )


def _kept_up(loop: OpenLoop) -> Fact:
    if loop.kept_up:
        return Fact("Kept up", "yes: every request was answered in time")
    lost = f"; {loop.unanswered:,} requests were never answered" if loop.unanswered else ""
    text = f"no: response times reflect the length of the test, not the device{lost}"
    return Fact("Kept up", text, warns=True)


def _responses(result: m.Result) -> list[Fact]:
    rows = {row.metric: row for row in result.metrics}
    absent = {item.metric: item.reason for item in result.absent}
    found: list[Fact] = []
    for name in _RESPONSES:
        title = name.removesuffix("_ms").replace("_", " ").capitalize()
        if row := rows.get(name):
            span = figures.interval(row)
            unknown = " (no 95 % interval)" if row.no_interval is not None else ""
            found.append(Fact(title, with_unit(row.value, "ms") + (f" (95 % {span})" if span else unknown)))
        elif name in absent:
            found.append(Fact(title, absent[name], is_absent=True))
    return found
