"""What the sampler of heat and state costs while a model runs: its thread's processor time as a share of one core.

python -m benchmarks.sampler_cost MODEL [--seconds 30]
"""

import json
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from edgeprof.modelfiles import inspect
from edgeprof.wire import identity
from edgeprof.wire.messages import ModelRef, RunConfig, RunProtocol
from edgeprof_agent.measuring import measure as measuring
from edgeprof_agent.measuring.request import MeasureRequest
from edgeprof_agent.runtimes import registry
from edgeprof_agent.telemetry.sampler import HZ, Telemetry
from edgeprof_agent.telemetry.span import Span
from edgeprof_agent.telemetry.trace import Trace

CPU_LIMIT_PERCENT = 0.5


@dataclass(frozen=True)
class Cost:
    """Of the sampler's thread, by the kernel's clock of that thread, over the measured window."""

    seconds: float
    cpu_percent: float
    hz: float
    groups: int
    others_percent: float | None
    """How busy the machine was with other things: a cost taken on a busy machine is too high."""


class Kept(Telemetry):
    """Keeps the trace that a run takes."""

    last: Trace | None = None

    def stop(self) -> Trace:
        Kept.last = super().stop()
        return Kept.last


def cost(model: Path, seconds: float) -> Cost:
    """One real run with a window of this length."""
    found = inspect(model)
    request = MeasureRequest(
        result_id=identity.new_id(),
        job_id=None,
        attempt=1,
        device_id="here",
        model=ModelRef(
            model_id=identity.model_id(found.manifest),
            name=found.manifest.entry,
            format=found.format,
            manifest=found.manifest,
        ),
        model_dir=found.folder,
        config=RunConfig(runtime=registry.default_variant(found.format, registry.facts()), threads=1),
        protocol=RunProtocol(window_s=seconds, window_limit_s=seconds, cold_start=False, max_runs=10_000_000),
        emulated=False,
        memory_limit_mib=None,
        cores=None,
    )
    measuring.Telemetry = Kept  # pyright: ignore[reportPrivateImportUsage]
    result, _ = measuring.measure(request, lambda stage, fraction, note: None, threading.Event())
    if result.conditions is None or Kept.last is None:
        raise click.ClickException(result.failure.message if result.failure else "the run has no trace")
    trace = Kept.last
    middle = Span(trace, trace.at_ns[len(trace.at_ns) // 10], trace.at_ns[-2])
    others = result.conditions.others_cpu_share
    return Cost(
        seconds=round((middle.end_ns - middle.start_ns) / 1e9, 1),
        cpu_percent=round((middle.sampler_cpu_share or 0.0) * 100, 4),
        hz=round(middle.rate_hz, 2),
        groups=len(trace.units),
        others_percent=round(others * 100, 1) if others is not None else None,
    )


@click.command()
@click.argument("model", type=click.Path(path_type=Path, exists=True))
@click.option("--seconds", default=30.0, show_default=True)
def main(model: Path, seconds: float) -> None:
    """Print the figures as JSON; end with 1 if the limit is exceeded or the rate had to be lowered."""
    found = cost(model, seconds)
    click.echo(json.dumps({**asdict(found), "limit": {"cpu_percent": CPU_LIMIT_PERCENT, "hz": HZ}}, indent=2))
    sys.exit(found.cpu_percent > CPU_LIMIT_PERCENT or found.hz < 0.95 * HZ)


if __name__ == "__main__":
    main()
