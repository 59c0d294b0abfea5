"""Runs on this machine for a caller in Python: models interleaved as by `edgeprof profile`, or one evaluation."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from edgeprof.errors import EdgeprofError
from edgeprof.wire.run_protocol import RunProtocol
from edgeprof_agent.commands.evaluate_run import prepare
from edgeprof_agent.commands.profile_request import ProfileRequest, parse_options
from edgeprof_agent.commands.profile_run import measurer, setups_named
from edgeprof_agent.endpoint import endpoint_of
from edgeprof_agent.series.interleaving import interleaved
from edgeprof_agent.series.running import RunOutcome, SeriesState, run_series
from edgeprof_agent.series.setups import Setup
from edgeprof_agent.series.storage import Keeper
from edgeprof_agent.worker_protocol.progress import OnProgress

_NOT_GIVEN: dict[str, object] = {
    "runtime": (),
    "threads": (0,),
    "provider": ("cpu",),
    "memory_limit_mib": None,
    "sandbox": "off",
    "meters": (),
    "replay": None,
    "endpoint": None,
    "endpoint_key_env": None,
    "sweeps": (),
    "sweep_dims": (),
    "sweep_prompt_tokens": (),
    "sweep_depth": (),
}
"""What the options of `edgeprof profile` come to where none is given."""
_AXES = ("runtime", "threads", "provider")


def measure_models(
    models: Sequence[Path], options: Mapping[str, object], repeats: int, seed: int, on_progress: OnProgress
) -> list[list[RunOutcome] | EdgeprofError]:
    """The runs of each model, in its place; or why it cannot run here.

    `options`: fields of RunConfig and RunProtocol by name, and those of the host. Raises UsageError where they
    contradict each other; KeyboardInterrupt is passed on.
    """
    request = parse_options(_as_given(options))
    ready = [_setup(model, request) for model in models]
    setups = [one for one in ready if not isinstance(one, EdgeprofError)]
    series = SeriesState(setups, interleaved(len(setups), repeats, seed) if setups else ())
    run_series(series, measurer(request), Keeper(None), on_progress)
    if series.interrupted:
        raise KeyboardInterrupt
    outcomes = iter(range(len(setups)))
    return [one if isinstance(one, EdgeprofError) else series.outcomes[next(outcomes)] for one in ready]


def evaluate_model(
    model: Path, set_name: str, options: Mapping[str, object], on_progress: OnProgress, say: Callable[[str], None]
) -> RunOutcome:
    """The result of one evaluation. Raises EdgeprofError for a set or model that cannot be used."""
    endpoint = endpoint_of(_text(options.get("endpoint")), _text(options.get("endpoint_key_env")), os.environ)
    given: dict[str, object] = {
        "shots": options.get("shots", 0),
        "items": options.get("evaluation_items", 0),
        "time_limit_s": options.get("evaluation_limit_s", RunProtocol.evaluation_limit_s),
        "item_limit_s": options.get("deadline_s", RunProtocol.deadline_s),
        "runtime": options.get("runtime"),
        "threads": options.get("threads", 0),
        "provider": options.get("provider", "cpu"),
        "memory_limit_mib": options.get("memory_limit_mib"),
    }
    prepared = prepare(model, set_name, given, say, endpoint)
    outcome = RunOutcome(*prepared.answer(on_progress))
    prepared.finish(outcome.result)
    return outcome


def _as_given(options: Mapping[str, object]) -> dict[str, object]:
    single = {name: (options[name],) for name in _AXES if name in options}
    return {**_NOT_GIVEN, **options, **single}


def _setup(model: Path, request: ProfileRequest) -> Setup | EdgeprofError:
    try:
        return setups_named([model], request)[0]
    except EdgeprofError as error:
        return error


def _text(value: object) -> str | None:
    return None if value is None else str(value)
