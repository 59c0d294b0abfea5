"""An EnergyRun as the figures of a result: gross and net a unit, watts, battery. Pure.

The interval of a gross figure is the stated uncertainty around the windows' median. Net energy is a difference: its
interval also carries what is not known of the idle power, and so may be much wider, or include 0.
"""

from collections.abc import Sequence
from statistics import median

from edgeprof.wire.energy import EnergyRun, EnergyWindow
from edgeprof.wire.figures import MetricRow
from edgeprof_agent.energy.windows import by_phase
from edgeprof_agent.measuring.figures import Figures

NAMES = {
    "inference": ("energy_per_inference_j", "net_energy_per_inference_j"),
    "prefill": ("energy_per_prompt_token_j", "net_energy_per_prompt_token_j"),
    "decode": ("energy_per_token_j", "net_energy_per_token_j"),
}
WATTS = ("average_power_w", "peak_power_w", "idle_power_w")
BATTERY = "battery_per_1000_percent"
BATTERY_SCOPES = ("battery_gauge", "dc_input")
"""Power that a battery gives. Rails or a package alone would make it last longer than it does."""


def names_of(kind: str) -> tuple[str, ...]:
    """The figures that a run of this kind (`tensor`, `text`) has where there is energy."""
    phases = ("inference",) if kind == "tensor" else ("prefill", "decode")
    return (*(name for phase in phases for name in NAMES[phase]), *WATTS)


def add_energy(figures: Figures, run: EnergyRun | str, kind: str) -> None:
    """All figures of the leading source, or the one reason why there are none."""
    reason = run if isinstance(run, str) else run.problem
    if isinstance(run, str) or reason is not None:
        known = {row.metric for row in figures.absent}
        for name in names_of(kind):
            if name not in known:
                figures.miss(name, str(reason))
        return
    for phase, windows in by_phase(run.windows).items():
        gross, net = NAMES[phase]
        _add_gross(figures, gross, run, windows)
        _add_net(figures, net, run, windows)
    for name in names_of(kind):
        if figures.value(name) is None and name not in WATTS and all(row.metric != name for row in figures.absent):
            figures.miss(name, "none of its windows ran before time ran out")
    _add_watts(figures, run)
    _add_battery(figures, run, kind)


def _add_gross(figures: Figures, name: str, run: EnergyRun, windows: Sequence[EnergyWindow]) -> None:
    value = median(window.gross_j / window.units for window in windows)
    _row(figures, name, value, abs(value) * (run.uncertainty_share or 0.0), run, windows)


def _add_net(figures: Figures, name: str, run: EnergyRun, windows: Sequence[EnergyWindow]) -> None:
    if "coarse_net" in run.marks:
        figures.miss(name, f"{run.marks['coarse_net']}: their difference would be mostly rounding")
        return
    gross = median(window.gross_j / window.units for window in windows)
    net = median((window.net_j or 0.0) / window.units for window in windows)
    seconds = median((window.end_s - window.start_s) / window.units for window in windows)
    idle_error_w = abs((run.idle_after_w or 0.0) - (run.idle_before_w or 0.0)) / 2
    # What is wrong with the source by a factor is wrong with the difference by the same factor; the idle power's own
    # error and the windows' scatter are not.
    share = run.uncertainty_share or 0.0
    scatter = max((part.share for part in run.uncertainty if part.cause == "spread of the windows"), default=0.0)
    width = ((abs(net) * share) ** 2 + (gross * scatter) ** 2 + (idle_error_w * seconds) ** 2) ** 0.5
    _row(figures, name, net, width, run, windows)


def _add_watts(figures: Figures, run: EnergyRun) -> None:
    share = run.uncertainty_share or 0.0
    idle_w = ((run.idle_before_w or 0.0) + (run.idle_after_w or 0.0)) / 2
    for name, value in (("average_power_w", run.average_w), ("peak_power_w", run.peak_w), ("idle_power_w", idle_w)):
        if value is None:
            figures.miss(name, "no single reading lies in the windows")
        else:
            width = None if name == "peak_power_w" else abs(value) * share
            _row(figures, name, value, width, run, run.windows)


def _add_battery(figures: Figures, run: EnergyRun, kind: str) -> None:
    """Only where the source is the battery's own, or a calibration made it the device's whole input."""
    capacity_j = run.battery_capacity_j
    scope = run.source.calibration.reference_scope if run.source.calibration else run.source.scope
    if not capacity_j or scope not in BATTERY_SCOPES:
        return
    one_j = figures.value(NAMES["inference" if kind == "tensor" else "decode"][0])
    if one_j is not None:
        value = 1000 * one_j / capacity_j * 100
        _row(figures, BATTERY, value, abs(value) * (run.uncertainty_share or 0.0), run, run.windows)


def _row(
    figures: Figures, name: str, value: float, width: float | None, run: EnergyRun, windows: Sequence[EnergyWindow]
) -> None:
    figures.rows.append(
        MetricRow(
            metric=name,
            value=value,
            n=len(windows),
            ci_low=None if width is None else value - width,
            ci_high=None if width is None else value + width,
            scope=run.source.comparable_as,
        )
    )
