"""How a run was timed, how it started cold and warm, how far its device is calibrated: in words for its page."""

from dataclasses import dataclass

from edgeprof.tables import allowances, figures
from edgeprof.tables.window_end import reached_precision, window_end_text
from edgeprof.wire import messages as m
from edgeprof.wire.evidence import ColdStart, Timing
from edgeprof_hub.views.facts import DataTable, Fact, duration

_STARTS = (
    ("Load", "load_ms", "load_cold_ms"),
    ("First inference", "first_inference_ms", "first_inference_cold_ms"),
    ("First token", "ttft_ms", "ttft_cold_ms"),
)

NO_RATIO = "none: one reading each, within noise"
"""A cold start is not faster than a warm one: two single readings just differ."""


@dataclass(frozen=True)
class ColdView:
    """Cold and warm start side by side, and how cold the cold one was."""

    table: DataTable
    sentence: str
    is_cold: bool


def timing_facts(result: m.Result) -> tuple[Fact, ...]:
    """What the clock can tell, and what ended warm-up and window; empty where nothing was recorded."""
    timing = result.timing
    if timing is None:
        return ()
    return (
        Fact("Clock", f"resolution {duration(timing.clock_resolution_ns)}"),
        Fact("Loop overhead", f"{duration(timing.loop_overhead_ns)} in every sample, not subtracted"),
        _warmup(timing, result.protocol),
        _window(timing, result.protocol),
        _precision(timing, result.protocol),
        _calibration(result),
    )


def _warmup(timing: Timing, protocol: m.RunProtocol) -> Fact:
    if timing.settled and not timing.warmup_runs:
        return Fact("Warm-up", "none after the first run: the speed was steady at once")
    if timing.settled:
        return Fact("Warm-up", f"{timing.warmup_runs:,} runs until the speed was steady")
    limit = f"the time limit of {protocol.warmup_limit_s:g} s"
    return Fact("Warm-up", f"{timing.warmup_runs:,} runs up to {limit}; the speed never became steady", warns=True)


def _window(timing: Timing, protocol: m.RunProtocol) -> Fact:
    return Fact("Window", window_end_text(timing, protocol), warns=not reached_precision(timing, protocol))


def _precision(timing: Timing, protocol: m.RunProtocol) -> Fact:
    if timing.relative_half_width is None:
        return Fact("Precision", "the median has no 95 % interval", is_absent=True)
    reached = figures.percent(timing.relative_half_width)
    missed = not reached_precision(timing, protocol)
    return Fact("Precision", f"95 % interval of the median within ± {reached} of it", warns=missed)


def _calibration(result: m.Result) -> Fact:
    floor = result.noise_floor
    if floor is None:
        return Fact("Noise floor", "unknown: device not calibrated. Run edgeprof calibrate on it.", is_absent=True)
    where = "" if floor.is_of(result.model_id, result.config_key) else " for another configuration; ranks do not use it"
    return Fact("Noise floor", f"{allowances.floor_text(floor)}, measured on {figures.clean(floor.series)}{where}")


def cold_view(result: m.Result) -> ColdView | None:
    """Cold and warm start; None where no cold start was recorded."""
    cold = result.cold_start
    if cold is None:
        return None
    values = {row.metric: row.value for row in result.metrics}
    rows = tuple(
        _start_row(name, values.get(warm), values.get(chilled))
        for name, warm, chilled in _STARTS
        if warm in values or chilled in values
    )
    return ColdView(DataTable(("Start", "Cold, ms", "Warm, ms", "Cold / warm"), rows), _sentence(cold), cold.evicted)


def _start_row(name: str, warm: float | None, cold: float | None) -> tuple[str, ...]:
    ratio = ""
    if warm and cold is not None:
        ratio = f"{figures.number(cold / warm)}×" if cold > warm else NO_RATIO
    cells = ("" if value is None else figures.number(value) for value in (cold, warm))
    return (name, *cells, ratio)


def _sentence(cold: ColdStart) -> str:
    if not cold.evicted:
        return f"The model's files could not be dropped from the page cache: {cold.reason or 'no reason given'}."
    before, after = cold.resident_before_share, cold.resident_after_share
    if before is None or after is None:
        return "The model's files were dropped from the page cache. How much was left is unknown (mincore)."
    return (
        f"{figures.percent(before)} of the model's pages were in memory before the page cache was dropped, "
        f"{figures.percent(after)} after (mincore)."
    )
