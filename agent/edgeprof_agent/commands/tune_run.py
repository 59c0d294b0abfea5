"""What `edgeprof tune` does: its options become a plan, the plan a tuning, and the tuning a table."""

import re
import secrets
import shlex
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import msgspec

from edgeprof.commands.options import check_inputs, check_signature
from edgeprof.commands.run_options import values_of
from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.modelfiles import ModelFile, declared_inputs, inspect
from edgeprof.quality.packaged.resolve import resolve_set
from edgeprof.tuning.goals import Goal, GoalName
from edgeprof.tuning.outcome import Tuned
from edgeprof.tuning.space import Axis, Candidate, axes_of, first_pool, size_of
from edgeprof.wire import identity
from edgeprof.wire.formats import is_language
from edgeprof.wire.messages import RunConfig
from edgeprof.wire.runtime_settings import setting_problem
from edgeprof_agent.commands.evaluate_run import check_kind
from edgeprof_agent.commands.profile_request import AXES
from edgeprof_agent.commands.view.profile import Stages
from edgeprof_agent.commands.view.tuned import space_text, tuned_text
from edgeprof_agent.runtimes import registry
from edgeprof_agent.series.host import Host
from edgeprof_agent.series.running import measure_once
from edgeprof_agent.tuning.gate import SetGate
from edgeprof_agent.tuning.machine import this_machine
from edgeprof_agent.tuning.storage import TuningState, saved_state, state_file
from edgeprof_agent.tuning.trials import Trials
from edgeprof_agent.tuning.tune import Plan, tune
from edgeprof_agent.worker_protocol.runtime_table import VARIANTS

INTERRUPTED = 130
_BUDGET = re.compile(r"(\d+(?:\.\d+)?)(s|m|h)?")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}
_MAX_BUDGET_S = 7 * 86_400


class _Options(msgspec.Struct, frozen=True, kw_only=True):
    runtime: tuple[str, ...]
    threads: tuple[int, ...]
    provider: tuple[str, ...]
    goal: GoalName
    budget: str
    resume: bool
    space: bool
    allow_answers: bool
    gate: str | None
    usd_per_hour: float | None
    usd_per_kwh: float | None
    as_json: bool


def run(model: Path, options: Mapping[str, object]) -> int:
    """Returns the command's exit code. Raises EdgeprofError."""
    given = msgspec.convert(options, _Options)
    goal, budget_s = _goal(given), budget_of(given.budget)
    file = inspect(model)
    base = _base(file, given, options)
    runtimes = _runtimes(file, given.runtime, base)
    batch_symbol = _batch_symbol(file, base) if goal.name in ("throughput", "cost") else None
    answers = given.allow_answers or given.gate is not None
    axes = {runtime: _free_axes(runtime, base, batch_symbol, answers) for runtime in runtimes}
    if given.space:
        click.echo(space_text(axes))
        return 0
    found = _set(file, given)
    key = _key(file, base, goal, axes)
    path = state_file(key)
    state = _state(path, key, resume=given.resume)
    with Stages(sys.stderr) as stages, tempfile.TemporaryDirectory() as folder:
        trials = Trials(
            file=file,
            base=base,
            goal=goal,
            batch_symbol=batch_symbol,
            state=state,
            state_path=path,
            measure=lambda setup, tell: measure_once(setup, Host(), tell),
            show=stages.show,
        )
        plan = Plan(
            trials=trials,
            pool=_pool(axes),
            space={runtime: size_of(found) for runtime, found in axes.items()},
            budget_s=budget_s,
            allow_answers=given.allow_answers,
            gate=SetGate(found=found, folder=Path(folder), show=stages.show) if found else None,
            command_of=lambda one: command_line(model, trials.setup(one).config),
        )
        try:
            outcome = tune(plan, lambda line: click.echo(line, err=True))
        except KeyboardInterrupt:
            click.echo(f"Stopped after {len(state.trials)} runs, which are saved. Continue with --resume.", err=True)
            return INTERRUPTED
    path.unlink(missing_ok=True)
    _print(file, goal, outcome, as_json=given.as_json)
    return 0


def budget_of(text: str) -> float:
    """Seconds of `90s`, `10m`, `1h`. Raises UsageError.

    >>> budget_of("10m"), budget_of("1.5h"), budget_of("45")
    (600.0, 5400.0, 45.0)
    """
    found = _BUDGET.fullmatch(text.strip().lower())
    seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
    if not 0 < seconds <= _MAX_BUDGET_S:
        raise UsageError("bad_budget", f"{text[:40]!r} is not a time for runs. Use 90s, 10m or 1h, up to 168h.")
    return seconds


def command_line(model: Path, config: RunConfig) -> str:
    """The command that measures a configuration again."""
    words = ["edgeprof", "profile", str(model), "--runtime", config.runtime]
    words += ["--threads", str(config.threads)] if config.threads else []
    words += ["--provider", config.provider] if config.provider != "cpu" else []
    pairs: list[tuple[str, str, object]] = [
        *(("--setting", name, value) for name, value in config.settings.items()),
        *(("--dim", name, value) for name, value in config.dims.items()),
        *(("--input-shape", name, ",".join(map(str, sizes))) for name, sizes in config.shapes.items()),
        *(("--input", name, value) for name, value in config.input_values.items()),
    ]
    words += [word for option, name, value in pairs for word in (option, f"{name}={value}")]
    usual = RunConfig(runtime="")
    for name, option in (
        ("signature", "--signature"),
        ("prompt_tokens", "--prompt-tokens"),
        ("decode_tokens", "--decode-tokens"),
        ("depth_tokens", "--depth-tokens"),
    ):
        if getattr(config, name) != getattr(usual, name):
            words += [option, str(getattr(config, name))]
    return shlex.join(words)


def _goal(given: _Options) -> Goal:
    priced = given.usd_per_hour is not None or given.usd_per_kwh is not None
    if priced != (given.goal == "cost"):
        raise UsageError(
            "bad_usage", "--goal cost needs --usd-per-hour, --usd-per-kwh or both; other goals take neither."
        )
    return Goal(name=given.goal, usd_per_hour=given.usd_per_hour, usd_per_kwh=given.usd_per_kwh)


def _base(file: ModelFile, given: _Options, options: Mapping[str, object]) -> RunConfig:
    """What all candidates have in common."""
    for name, values in (("threads", given.threads), ("provider", given.provider)):
        if len(set(values)) > 1:
            raise UsageError("bad_usage", f"--{name} holds one value here. Leave it out to try several.")
    common = {name: value for name, value in values_of(RunConfig, options).items() if name not in AXES}
    held = {"threads": (given.threads or (0,))[0], "provider": (given.provider or ("cpu",))[0]}
    config = msgspec.convert({"runtime": "", **common, **held}, RunConfig)
    check_inputs(file, config)
    check_signature(file, config.signature)
    return config


def _runtimes(file: ModelFile, asked: Sequence[str], base: RunConfig) -> list[str]:
    """Those that were named, or the default. Raises UsageError for one that cannot run the model so."""
    runtimes = list(dict.fromkeys(asked)) or [registry.default_variant(file.format, registry.facts())]
    for runtime in runtimes:
        if file.format not in VARIANTS[runtime].formats:
            raise UsageError("wrong_runtime", f"{runtime} does not run {file.format} models. Leave it out.")
        problem = setting_problem(runtime, base.settings)
        if problem is not None:
            raise UsageError("bad_runtime_setting", problem)
    return runtimes


def _free_axes(runtime: str, base: RunConfig, batch_symbol: str | None, answers: bool) -> tuple[Axis, ...]:
    """Every axis but what an option holds."""
    found = axes_of(runtime, this_machine(), batches=batch_symbol is not None, answers=answers)
    held = {*base.settings, *(["threads"] if base.threads else [])}
    return tuple(axis for axis in found if axis.name not in held)


def _set(file: ModelFile, given: _Options) -> tuple[str, Path] | None:
    """The id and the folder of the gate's set. Raises UsageError for one that the model cannot answer."""
    if given.gate is None:
        return None
    if given.allow_answers:
        raise UsageError("bad_usage", "--allow-answers accepts any answers, and --gate judges them: leave one out.")
    evaluation_set, folder = resolve_set(given.gate, lambda line: click.echo(line, err=True))
    check_kind(file, evaluation_set)
    return evaluation_set.set_id, folder


def _pool(axes: Mapping[str, Sequence[Axis]]) -> list[Candidate]:
    """The first runtime's default first; the runtimes take turns behind it."""
    pools = [first_pool(runtime, found) for runtime, found in axes.items()]
    longest = max(map(len, pools))
    return [pool[place] for place in range(longest) for pool in pools if place < len(pool)]


def _batch_symbol(file: ModelFile, base: RunConfig) -> str | None:
    """The symbol of the first size that all inputs share; None where there is none, or its size is given."""
    if is_language(file.format) or base.shapes:
        return None
    firsts = {
        inputs.sizes[0] if inputs.sizes else None
        for inputs in declared_inputs(file.folder / file.manifest.entry, file.format, base.signature)
    }
    symbol = firsts.pop() if len(firsts) == 1 else None
    return symbol if isinstance(symbol, str) and symbol not in base.dims else None


def _key(file: ModelFile, base: RunConfig, goal: Goal, axes: Mapping[str, Sequence[Axis]]) -> str:
    """What must be the same for runs of one tuning to count in another."""
    parts = (identity.model_id(file.manifest), identity.config_key(base), goal, sorted(axes.items()))
    return repr(parts)


def _state(path: Path, key: str, *, resume: bool) -> TuningState:
    saved = saved_state(path) if resume else None
    if resume and saved is None:
        raise EdgeprofError(
            "nothing_to_resume", "No stopped tuning of this model with these options. Leave --resume out."
        )
    return saved or TuningState(key=key, seed=secrets.randbits(32), trials=[])


def _print(file: ModelFile, goal: Goal, outcome: Tuned, *, as_json: bool) -> None:
    if not as_json:
        click.echo(tuned_text(file.manifest.entry, goal, outcome))
        return
    document = {
        "model": file.manifest.entry,
        "model_id": identity.model_id(file.manifest),
        **msgspec.to_builtins(outcome),
    }
    click.echo(msgspec.json.format(msgspec.json.encode(document)).decode())
