"""What a result says of energy: from which source, what it covers, how it was integrated, how far it may be off.

A joule without these is not comparable with any other, so none crosses the wire without them.
"""

from dataclasses import dataclass, field
from typing import Literal, get_args

PowerScope = Literal[
    "wall_ac", "dc_input", "module_input", "battery_gauge", "platform", "partial_rails", "cpu_package", "gpu"
]
"""What a source covers. Figures of two scopes are never compared, added or ranked together."""

POWER_SCOPES: tuple[PowerScope, ...] = get_args(PowerScope)

SCOPE_WORDS: dict[PowerScope, str] = {
    "wall_ac": "the whole device at the wall, its power supply included",
    "dc_input": "the whole device at its DC input, without its power supply",
    "module_input": "the compute module's input, without the carrier board, fan, USB and storage",
    "battery_gauge": "the battery's output, by its own gauge",
    "platform": "the platform, as estimated by the processor (psys)",
    "partial_rails": "some of the board's rails: less than the board draws",
    "cpu_package": "the processor package alone",
    "gpu": "the graphics board alone",
}

Integration = Literal["counter", "trapezoid", "held"]
"""Joules by the source's own counter, by trapezoids over watts, or by holding each value until the next one comes."""

EnergyPhase = Literal["inference", "prefill", "decode"]
CALIBRATED = "_calibrated"


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Watts = `slope` * reading + `offset_w`, found on one unit against an external meter (least squares).

    What it makes of a reading estimates the reference's scope: it is shown as that scope by calibration, and compared
    with no figure that a meter of that scope gave directly.
    """

    calibration_id: str
    device_id: str
    sensor: str
    reference: str
    """The meter that it was made against, by its name."""
    reference_scope: PowerScope
    made_on: str
    """ISO date."""
    slope: float
    offset_w: float
    points: int
    low_w: float
    high_w: float
    """The readings that it was made between; beyond them it is an extrapolation."""
    residual_w: float | None
    """Root mean square of what the line leaves; None with two points, which every line fits."""
    uncertainty_share: float | None = None
    """The reference's own, as a share of its reading; None: not known."""


@dataclass(frozen=True, kw_only=True)
class PowerSource:
    """Where the joules are from."""

    name: str
    """As in the table of sensors, or a meter's name in the agent's settings."""
    scope: PowerScope
    source: str
    """Which files, command or topic it reads."""
    version: str | None
    """Of what makes the values (firmware, driver, the meter's own); None: it does not tell."""
    integration: Integration
    sample_hz_asked: float | None
    """None: the source decides when it sends."""
    sample_hz_got: float | None
    """New values a second: one that repeats itself counts once. None: it was not recorded in this run."""
    calibration: Calibration | None = None

    @property
    def comparable_as(self) -> str:
        """What stands as a figure's scope: figures are compared only where these are equal."""
        return f"{self.calibration.reference_scope}{CALIBRATED}" if self.calibration else self.scope


@dataclass(frozen=True, kw_only=True)
class EnergyWindow:
    """One window of load. `net_j`: without what the device draws idle with the model loaded."""

    phase: EnergyPhase
    start_s: float
    """From the beginning of the power trace."""
    end_s: float
    units: int
    """Inferences, or tokens."""
    gross_j: float
    net_j: float | None


@dataclass(frozen=True, kw_only=True)
class UncertaintyPart:
    """One cause, as a share of the gross energy a unit (95 %). `assumed`: no measurement backs the number."""

    cause: str
    share: float
    assumed: bool = False


@dataclass(frozen=True, kw_only=True)
class EnergyRun:
    """Idle, load, idle in one trace, by one source. `problem`: why it yields no figure; then no joule stands here."""

    source: PowerSource
    problem: str | None = None
    idle_before_w: float | None = None
    idle_after_w: float | None = None
    idle_sd_w: float | None = None
    windows: tuple[EnergyWindow, ...] = ()
    average_w: float | None = None
    peak_w: float | None = None
    """Of single readings in the windows; a source that averages shows less than there was."""
    spread_share: float | None = None
    """Median absolute deviation of the windows' energy a unit over its median, of the phase where it is larger."""
    clock_offset_s: float | None = None
    """By how much the source's values came after the load that they speak of; None: one clock, nothing to estimate."""
    clock_offset_error_s: float | None = None
    throughput_ratio: float | None = None
    """Units a second here over those of the latency window, where no power was read."""
    sampler_cpu_share: float | None = None
    """Of one core, what reading this source took; None: nothing here reads it."""
    battery_capacity_j: float | None = None
    uncertainty: tuple[UncertaintyPart, ...] = ()
    uncertainty_share: float | None = None
    """All parts together (root of the sum of squares), 95 %."""
    marks: dict[str, str] = field(default_factory=lambda: {})
    """What a reader should know, by name, with its reason; the names and rules are in docs/measuring-energy.md."""


def scope_words(scope: str) -> str:
    """What a figure's scope covers, as a person reads it; a scope that is not known stands as it is."""
    plain = scope.removesuffix(CALIBRATED)
    words = next((text for known, text in SCOPE_WORDS.items() if known == plain), plain)
    return f"{words}, estimated by this unit's calibration" if scope != plain else words
