"""A model and its variants on one device: each against the source, and which one to ship. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from edgeprof.compare.report import Report, report_on
from edgeprof.compare.sources import default_series
from edgeprof.errors import EdgeprofError
from edgeprof.optimizing.front import front_of
from edgeprof.profiler.characterization import Characterization
from edgeprof.profiler.profiles import FAILED, ModelProfile, ProfileFigure
from edgeprof.profiler.rankings import good_results
from edgeprof.quality.gates import GateState, GateVerdict
from edgeprof.quality.tasks.table import TASKS
from edgeprof.wire.metrics import METRICS

EQUAL_WITHIN = 0.05
"""Of time, memory and size, on the Pareto front: a process's peak memory differs by some per cent between runs."""
SPEED = ("latency_p50_ms", "inter_token_p50_ms")
MEMORY = "peak_memory_mib"
_STATES: tuple[GateState, ...] = ("passes", "undecided", "fails")
_WORDS = {
    "faster": "faster",
    "slower": "slower",
    "no_difference_shown": "no difference shown",
    "abstains": "no verdict",
}


@dataclass(frozen=True, kw_only=True)
class VariantRow:
    """One file on one device. `speedup`: time of the source over its own, with the ends of the interval.

    `gate`: the worst state over all gates; empty where none judges it. `worse`: what it loses to its source.
    """

    model: str
    step: str
    title: str
    size_bytes: int
    device: str
    time: ProfileFigure | None = None
    memory: ProfileFigure | None = None
    quality: ProfileFigure | None = None
    speedup: tuple[float, float, float] | None = None
    outcome: str = ""
    gate: str = ""
    worse: tuple[str, ...] = ()
    on_front: bool = False
    reason: str = ""
    """Why there are no figures, or no comparison."""

    @property
    def is_source(self) -> bool:
        """Whether it is the model that all others were made from."""
        return not self.step

    @property
    def may_ship(self) -> bool:
        """Measured, and held by every gate that judges it."""
        return self.time is not None and self.gate in ("", "passes")


@dataclass(frozen=True, kw_only=True)
class Made:
    """A file as the ladder made it. `step`: empty for the source."""

    model: str
    step: str
    title: str
    size_bytes: int


def rows_of(found: Characterization, made: Sequence[Made], source: str) -> list[VariantRow]:
    """A row for each file and device, in the order of the steps, those on the Pareto front marked."""
    gates = _gates(found.verdict().gates)
    rows = [
        _row(found, each, profile, source, gates)
        for profile in found.profiles
        for each in made
        if each.model == profile.model
    ]
    return [row for device in dict.fromkeys(row.device for row in rows) for row in _marked(rows, device)]


def winner_of(rows: Sequence[VariantRow]) -> VariantRow | None:
    """The fastest file of one device that is shown to be faster than the source and may ship; None: none is.

    `speedup` of several is compared by its middle: the winner is measured again before anything is claimed.
    """
    able = [row for row in rows if not row.is_source and row.may_ship and row.outcome == "faster" and row.speedup]
    return max(able, key=lambda row: row.speedup[0] if row.speedup else 0.0, default=None)


def _row(
    found: Characterization, made: Made, profile: ModelProfile, source: str, gates: Mapping[str, GateState]
) -> VariantRow:
    time = next((figure for name in SPEED if (figure := profile.figure(name)) is not None), None)
    report = _against_source(found, profile, source) if made.step and time else None
    title = found.plan.titles.get(profile.model, profile.model)
    gate = gates.get(f"{title} on {profile.device}", "")
    base = found.profile(source, profile.device)
    quality = _lead(profile)
    return VariantRow(
        model=made.model,
        step=made.step,
        title=made.title,
        size_bytes=made.size_bytes,
        device=profile.device,
        time=time,
        memory=profile.figure(MEMORY),
        quality=quality,
        speedup=_speedup(report) if isinstance(report, Report) else None,
        outcome=_WORDS[report.verdict.outcome] if isinstance(report, Report) else "",
        gate=gate,
        worse=_worse(report, profile, base, gate) if made.step else (),
        reason=_reason(profile, report),
    )


def _reason(profile: ModelProfile, report: Report | str | None) -> str:
    if profile.status == FAILED:
        return profile.failures[0].message if profile.failures else "failed"
    return report if isinstance(report, str) else ""


def _against_source(found: Characterization, profile: ModelProfile, source: str) -> Report | str:
    recording = found.recording
    sides = [
        [
            recording.run(result)
            for cell in recording.cells
            if cell.model == model and cell.device == profile.device
            for result in good_results(cell, evaluated=False)
        ]
        for model in (source, profile.model)
    ]
    if not all(sides):
        return "the source has no measured run on this device"
    try:
        return report_on(sides[0], sides[1], default_series(sides[0][0].result))
    except EdgeprofError as error:
        return error.message


def _speedup(report: Report) -> tuple[float, float, float] | None:
    """The verdict's ratio is the variant's time over the source's."""
    verdict = report.verdict
    if not verdict.ratio or not verdict.low or not verdict.high:
        return None
    return 1 / verdict.ratio, 1 / verdict.high, 1 / verdict.low


def _worse(report: Report | str | None, profile: ModelProfile, base: ModelProfile, gate: str) -> tuple[str, ...]:
    lines: list[str] = []
    if isinstance(report, Report) and report.verdict.outcome == "slower":
        lines.append("slower")
    own, other = profile.figure(MEMORY), base.figure(MEMORY)
    if own is not None and other is not None and own.ci_low is None and own.value > (1 + EQUAL_WITHIN) * other.value:
        lines.append("more memory")
    if gate == "fails":
        lines.append("fails its gate")
    return tuple(lines)


def _lead(profile: ModelProfile) -> ProfileFigure | None:
    leads = {task.lead for task in TASKS.values()}
    return next((one for one in profile.figures if one.evaluation_set and one.metric in leads), None)


def _gates(verdicts: Sequence[GateVerdict]) -> dict[str, GateState]:
    """The worst state of each name."""
    found: dict[str, GateState] = {}
    for verdict in sorted(verdicts, key=lambda one: _STATES.index(one.state)):
        found[verdict.name] = verdict.state
    return found


def _marked(rows: Sequence[VariantRow], device: str) -> list[VariantRow]:
    here = [row for row in rows if row.device == device]
    able = [index for index, row in enumerate(here) if row.may_ship]
    front = front_of([_costs(here[index]) for index in able], (EQUAL_WITHIN, EQUAL_WITHIN, EQUAL_WITHIN, 0.0))
    marked = {able[place] for place in front}
    return [replace(row, on_front=index in marked) for index, row in enumerate(here)]


def _costs(row: VariantRow) -> tuple[float, ...]:
    """Less is better in each: time, peak memory, size, loss of quality. Absent figures count as equal."""
    loss = 0.0
    if row.quality is not None:
        sign = -1.0 if METRICS[row.quality.metric].better == "higher" else 1.0
        loss = sign * row.quality.value
    time = row.time.value if row.time is not None else math.inf
    return time, row.memory.value if row.memory is not None else 1.0, float(row.size_bytes), loss
