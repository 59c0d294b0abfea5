"""What to characterize: models, metrics, targets, sets and options; the same from Python and from `plan.toml`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from edgeprof.errors import UsageError
from edgeprof.profiler.metric_groups import chosen, is_quality
from edgeprof.quality.gate_text import parse_gate
from edgeprof.wire.formats import FORMATS
from edgeprof.wire.run_config import RunConfig
from edgeprof.wire.run_field import fields_of
from edgeprof.wire.run_protocol import RunProtocol

MAX_REPEATS = 1000
HOST_OPTIONS = ("endpoint_key_env", "memory_limit_mib")
_SET_BY_PLAN = ("evaluation_set", "power_mode", "sweep")
OptionValue = str | int | float | bool | dict[str, int | float | str | list[int]]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A characterization as a person asks for it. Check it with `checked`; its JSON is part of every document.

    `models`, `deployment_targets`, `evaluation_sets` as written; `options`: fields of RunConfig and RunProtocol by
    name, such as `threads` or `window_s`. `gates` as in `fashion-mnist: accuracy >= 85`.
    """

    models: tuple[str, ...]
    metrics: tuple[str, ...]
    deployment_targets: tuple[str, ...]
    evaluation_sets: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()
    source: str = ""
    """The model that gates compare with, as in `models`. Empty: gates on a minimum only."""
    hub: str = ""
    """The hub's URL, for targets and models there. Empty: EDGEPROF_HUB, or the one on this machine."""
    repeats: int = 1
    seed: int = 0
    """Of the run order."""
    options: dict[str, OptionValue] = field(default_factory=lambda: {})

    @property
    def wants_speed(self) -> bool:
        """Whether anything but quality is asked for."""
        return any(not is_quality(name) for names in chosen(self.metrics).values() for name in names)

    @property
    def wants_cost(self) -> bool:
        """Whether the hub is asked for the cost of each result."""
        return "cost" in self.metrics

    @property
    def titles(self) -> dict[str, str]:
        """How tables call each model: a file by its name, where that tells it from the others.

        >>> Plan(models=("v1/a.onnx", "v2/a.onnx", "v2/b.onnx"), metrics=(), deployment_targets=()).titles
        {'v1/a.onnx': 'v1/a.onnx', 'v2/a.onnx': 'v2/a.onnx', 'v2/b.onnx': 'b.onnx'}
        """
        ends = [Path(text).name if Path(text).suffix[1:] in FORMATS else text for text in self.models]
        return {text: end if ends.count(end) == 1 else text for text, end in zip(self.models, ends, strict=True)}

    def run_options(self) -> dict[str, OptionValue]:
        """The options of a run, without those of this host."""
        return {name: value for name, value in self.options.items() if name not in HOST_OPTIONS}


class _File(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    models: tuple[str, ...]
    metrics: tuple[str, ...]
    deployment_targets: tuple[str, ...]
    evaluation_sets: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()
    source: str = ""
    hub: str = ""
    repeats: int = 1
    seed: int = 0
    options: dict[str, OptionValue] = {}


def read_plan(path: Path) -> Plan:
    """The plan in a TOML file; its keys are the fields of Plan. Raises UsageError `bad_profile_plan`.

    Paths in it are relative to the current folder, as on a command line.
    """
    try:
        found = msgspec.toml.decode(path.read_bytes(), type=_File)
    except OSError as error:
        raise UsageError("bad_profile_plan", f"Cannot read {path}: {error.strerror}.") from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise UsageError("bad_profile_plan", f"{path} is not a plan: {error}.") from error
    return checked(Plan(**msgspec.structs.asdict(found)))


def checked(plan: Plan) -> Plan:
    """The same plan. Raises UsageError for what contradicts itself, before anything is measured.

    >>> checked(Plan(models=("a.onnx",), metrics=("accuracy",), deployment_targets=("local",)))
    Traceback (most recent call last):
    edgeprof.errors.UsageError: 'accuracy' needs evaluation_sets. Example: evaluation_sets=['digits'].
    """
    for name, values in (("models", plan.models), ("deployment_targets", plan.deployment_targets)):
        if not values:
            raise UsageError("bad_profile_plan", f"The plan has no {name}. Name at least one.")
    groups = chosen(plan.metrics)
    quality = [word for word, names in groups.items() if all(map(is_quality, names))]
    if quality and not plan.evaluation_sets:
        raise UsageError(
            "bad_profile_plan", f"{quality[0]!r} needs evaluation_sets. Example: evaluation_sets=['digits']."
        )
    if plan.evaluation_sets and not quality:
        raise UsageError("bad_profile_plan", "The plan has evaluation_sets, but no metric needs them. Add 'accuracy'.")
    gates = [parse_gate(text) for text in plan.gates]
    if any(gate.kind != "minimum" for gate in gates) and plan.source not in plan.models:
        raise UsageError("bad_profile_plan", "A gate compares with the source. Name it: source is one of the models.")
    if not 1 <= plan.repeats <= MAX_REPEATS:
        raise UsageError("bad_profile_plan", f"repeats is {plan.repeats}; the range is 1 to {MAX_REPEATS}.")
    _check_options(plan.options)
    return plan


def _check_options(options: Mapping[str, object]) -> None:
    known = {each.name: (kind, each) for kind in (RunConfig, RunProtocol) for each in fields_of(kind)}
    for name, value in options.items():
        if name in HOST_OPTIONS:
            continue
        if name not in known or name in _SET_BY_PLAN:
            allowed = ", ".join(sorted([*known.keys() - set(_SET_BY_PLAN), *HOST_OPTIONS]))
            raise UsageError("bad_profile_plan", f"No option {name!r}. Options: {allowed}.")
        each = known[name][1]
        try:
            converted = msgspec.convert(value, each.type)
        except msgspec.ValidationError as error:
            raise UsageError("bad_profile_plan", f"Option {name}: {error}.") from error
        if not isinstance(converted, dict) and not each.known.allows(converted):
            raise UsageError("bad_profile_plan", f"Option {name} is out of range: {each.known.range_text('a number')}.")


def texts(values: Sequence[object] | str | Path) -> tuple[str, ...]:
    """One or several values as text.

    >>> texts("digits"), texts([Path("a.onnx"), "b.onnx"])
    (('digits',), ('a.onnx', 'b.onnx'))
    """
    return (str(values),) if isinstance(values, (str, Path)) else tuple(map(str, values))
