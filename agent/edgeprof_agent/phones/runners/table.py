"""The runners that a phone can be measured with. One file a runner; the user supplies the programs."""

from collections.abc import Iterable
from pathlib import Path

from edgeprof.errors import UsageError
from edgeprof.wire.messages import RuntimeFact
from edgeprof_agent.phones.runners.base import Installed, Runner, install
from edgeprof_agent.phones.runners.benchmark_model import BenchmarkModel
from edgeprof_agent.phones.runners.llama_bench import LlamaBench

RUNNERS: dict[str, Runner] = {each.name: each for each in (BenchmarkModel(), LlamaBench())}


def parse(settings: Iterable[str]) -> dict[str, Installed]:
    """`benchmark_model=PATH` of each. Raises UsageError for a runner that is not in the table, or a missing file."""
    found: dict[str, Installed] = {}
    for setting in settings:
        name, separator, path = setting.partition("=")
        if not separator or not path or name not in RUNNERS:
            raise UsageError(
                "bad_phone_runner",
                f"{setting!r} names no runner of phones. Use RUNNER=PATH with one of: {', '.join(RUNNERS)}.",
            )
        found[name] = install(RUNNERS[name], Path(path).expanduser())
    return found


def runtime_facts(installed: dict[str, Installed]) -> tuple[RuntimeFact, ...]:
    """Every runner as a runtime of the phone: its version here, or what adds it."""
    return tuple(
        RuntimeFact(
            variant=name,
            formats=runner.formats,
            version=installed[name].version if name in installed else None,
            reason=None if name in installed else f"Start the agent with --phone-runner {name}=PATH.",
        )
        for name, runner in RUNNERS.items()
    )
