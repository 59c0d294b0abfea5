"""`edgeprof optimize` from the source to what to ship: make, measure all, measure the winner again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.modelfiles import inspect
from edgeprof.optimizing.making import Split, is_quantized, make_all, split_of
from edgeprof.optimizing.variants import Made, VariantRow, rows_of, winner_of
from edgeprof.profiler.model_profiler import ModelProfiler
from edgeprof.profiler.plan import OptionValue
from edgeprof.profiler.running import OnProgress
from edgeprof.quality.gate_text import parse_gate
from edgeprof.quality.packaged.resolve import resolve_set
from edgeprof.quality.tasks.table import TASKS
from edgeprof.wire.metrics import METRICS

FORMATS = ("onnx", "tflite", "gguf")
MIN_FINAL_REPEATS = 6
"""Runs of the winner and of the source in the second measurement."""
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to optimize, for which device, under which gates. `steps`: empty for all that need no request."""

    source: Path
    folder: Path
    target: str = "local"
    set_name: str = ""
    gates: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    calibrating: int = 100
    repeats: int = 3
    seed: int = 0
    hub: str = ""
    token: str | None = None
    options: Mapping[str, OptionValue] = field(default_factory=lambda: {})


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What to ship on one device. `again`: the row of the winner's second measurement; None: nothing was faster."""

    device: str
    rows: tuple[VariantRow, ...]
    winner: VariantRow | None
    again: VariantRow | None

    @property
    def ship(self) -> VariantRow | None:
        """The winner where its second measurement agrees, else the source; None: the source was not measured."""
        if self.winner is not None and self.again is not None and self.again.outcome == "faster":
            return self.winner
        return next((row for row in self.rows if row.is_source and row.time is not None), None)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Everything that was tried."""

    source: str
    choices: tuple[Choice, ...]
    missing: tuple[tuple[str, str], ...]
    split: Split | None
    gates: tuple[str, ...]
    requantized: bool = False
    """Whether the source is quantized itself: its losses are in every file."""


def optimize(request: Request, say: Say, on_progress: OnProgress) -> Outcome:
    """Raises UsageError for a request that contradicts itself, before anything is made."""
    if inspect(request.source).format not in FORMATS:
        raise UsageError("no_ladder", f"{request.source.name}: the ladder starts from an ONNX, TFLite or GGUF file.")
    split = _split(request)
    gates = request.gates or _default_gates(request.set_name)
    made, missing = make_all(request.source, request.folder, request.steps, split, say)
    if len(made) == 1:
        raise EdgeprofError(
            "no_variant", "No step made a file. " + " ".join(f"{title}: {why}." for title, why in missing)
        )
    rows = _measured(request, made, gates, split, on_progress)
    choices = [_chosen(request, made, device_rows, on_progress) for device_rows in _by_device(rows)]
    return Outcome(
        source=str(request.source),
        choices=tuple(choices),
        missing=tuple(missing),
        split=split,
        gates=gates,
        requantized=is_quantized(request.source),
    )


def _split(request: Request) -> Split | None:
    if not request.set_name:
        if request.gates:
            raise UsageError("bad_profile_plan", "A gate needs the set that it names: --set.")
        return None
    found, _ = resolve_set(request.set_name)
    if inspect(request.source).format == "gguf":  # no step for it takes inputs
        return Split(request.set_name, scored=len(found.items), calibrating=0)
    return split_of(request.set_name, len(found.items), request.calibrating)


def _default_gates(set_name: str) -> tuple[str, ...]:
    """One point below the source, where the set's task has a figure that can be held so."""
    if not set_name:
        return ()
    facts = resolve_set(set_name)[0].facts
    lead = METRICS[TASKS[facts.task].lead]
    if lead.unit != "%":
        return ()
    sign = ">= source -" if lead.better == "higher" else "<= source +"
    return (str(parse_gate(f"{facts.name}: {lead.name} {sign} 1")),)


def _measured(
    request: Request, made: Sequence[Made], gates: tuple[str, ...], split: Split | None, on_progress: OnProgress
) -> list[VariantRow]:
    options = dict(request.options)
    if split is not None:
        options["evaluation_items"] = split.scored
    profiler = ModelProfiler(
        models=[each.model for each in made],
        metrics=("latency", "memory", *(("accuracy",) if split else ())),
        deployment_targets=(request.target,),
        evaluation_sets=(request.set_name,) if split else (),
        gates=gates,
        source=str(request.source) if gates else "",
        hub=request.hub,
        token=request.token,
        repeats=request.repeats,
        seed=request.seed,
        options=options,
    )
    return rows_of(profiler.characterize_models(on_progress), made, str(request.source))


def _by_device(rows: Sequence[VariantRow]) -> list[list[VariantRow]]:
    return [[row for row in rows if row.device == device] for device in dict.fromkeys(row.device for row in rows)]


def _chosen(request: Request, made: Sequence[Made], rows: list[VariantRow], on_progress: OnProgress) -> Choice:
    """The fastest of many looks faster than it is: only a second, interleaved measurement is claimed."""
    winner = winner_of(rows)
    again = None
    if winner is not None:
        pair = [each for each in made if each.model in (str(request.source), winner.model)]
        twice = replace(request, repeats=max(MIN_FINAL_REPEATS, request.repeats), seed=request.seed + 1)
        found = _measured(twice, pair, (), None, on_progress)
        again = next((row for row in found if row.model == winner.model and row.device == winner.device), None)
    return Choice(device=rows[0].device, rows=tuple(rows), winner=winner, again=again)
