"""What the agent's samplers cost: processor time of their process over wall time, one sampler after the other.

python -m benchmarks.sampler_cost [--seconds 60] [--json FILE]

Beside each runs a process that copies 64 MiB again and again, as a model does to the caches: alone on an idle machine
a sampler finds its code still there and looks cheaper than it is. Recorded trees stand for boards that are not here;
reading a real sensor costs what its bus takes on top.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import click

from edgeprof.wire.energy import Integration, PowerScope
from edgeprof_agent.measuring.worker_memory import PSS_EVERY_S, WorkerPss
from edgeprof_agent.sensors import registry
from edgeprof_agent.sensors.base import Accuracy, SensorError
from edgeprof_agent.sensors.sampler import PowerSampler
from edgeprof_agent.telemetry.sampler import Telemetry

HZ = 10.0
LIMIT_SHARE = 0.005
TREES = {
    "jetson_ina": "orin-nano-8gb-jp6",
    "rapl": "n100",
    "pi_pmic": "pi-5-8gb",
    "android_battery": "phone-pixel-8",
    "android_rails": "phone-pixel-8",
}
"""Sources that a recorded machine has. A Pi's real reading is one ioctl in the place of one file."""
MACHINES = Path(__file__).parents[1] / "tests/machines"
LOAD = "a, b = bytearray(64 << 20), bytes(64 << 20)\nwhile True: a[:] = b"


class Sampler(Protocol):
    """Anything of the agent that runs beside a measurement."""

    def start(self) -> None: ...
    def stop(self) -> object: ...


@dataclass(frozen=True)
class Cost:
    """Of one sampler; the share is of one core, tools that it starts included."""

    sampler: str
    asked_hz: float
    seconds: float
    cpu_share: float


class PssAsSensor:
    """The memory probe in the place of a sensor, so that the same loop reads it."""

    name, source, max_hz = "worker_pss", "smaps_rollup", HZ
    scope: PowerScope = "platform"
    integration: Integration = "trapezoid"
    version: str | None = None
    accuracy = Accuracy()

    def __init__(self, pid: int) -> None:
        self.worker_pid = pid
        self._probe = WorkerPss(self)

    def available(self) -> str | None:
        return self._probe.problem

    def read(self) -> float:
        (pss_mib,) = self._probe.read()
        if pss_mib is None:
            raise SensorError("not this time")
        return pss_mib


class Beside:
    """The telemetry thread beside the process that fills the caches."""

    def __init__(self, root: Path, load_pid: int) -> None:
        self._telemetry = Telemetry(root, tuple(sorted(os.sched_getaffinity(0))))
        self._load_pid = load_pid

    def start(self) -> None:
        self._telemetry.start(self._load_pid)

    def stop(self) -> object:
        return self._telemetry.stop()


class Empty:
    """A sampler of nothing: what waking up costs on this machine."""

    name, source, max_hz = "nothing", "nothing", HZ
    scope: PowerScope = "platform"
    integration: Integration = "trapezoid"
    version: str | None = None
    accuracy = Accuracy()

    def available(self) -> str | None:
        return None

    def read(self) -> float:
        return 0.0


def _of_a_tree(sensor: str, tree: Path) -> Callable[[], Sampler]:
    return lambda: PowerSampler(registry.load(sensor, tree), HZ)


def candidates(load_pid: int) -> dict[str, Callable[[], Sampler]]:
    """By name; a sampler that needs what is not here is left out."""
    jetson = MACHINES / "orin-nano-8gb-jp6"
    found: dict[str, Callable[[], Sampler]] = {
        "nothing": lambda: PowerSampler(Empty(), HZ),
        **{
            f"power: {sensor} on the recorded {tree}": _of_a_tree(sensor, MACHINES / tree)
            for sensor, tree in TREES.items()
        },
        "telemetry: heat, state and worker, of this machine": lambda: Beside(Path("/"), load_pid),
        "telemetry: on a recorded Orin Nano": lambda: Beside(jetson, load_pid),
        f"worker_pss, at most each {PSS_EVERY_S:g} s": lambda: PowerSampler(PssAsSensor(load_pid), HZ),
    }
    sensor = registry.best()
    if sensor is not None:
        found[f"power: {sensor.name} of this machine"] = lambda: PowerSampler(sensor, HZ)
    return found


def cost_of(name: str, make: Callable[[], Sampler], seconds: float) -> Cost:
    """Everything that this process uses while the sampler runs and it does nothing else itself."""
    sampler = make()
    began_s, began_cpu_s = time.monotonic(), _cpu_s()
    sampler.start()
    time.sleep(seconds)
    sampler.stop()
    span_s = time.monotonic() - began_s
    return Cost(name, HZ, round(span_s, 1), round((_cpu_s() - began_cpu_s) / span_s, 6))


def _cpu_s() -> float:
    tools = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + tools.ru_utime + tools.ru_stime


@contextmanager
def full_caches() -> Generator[int]:
    """The number of the process that fills them."""
    with subprocess.Popen([sys.executable, "-c", LOAD]) as load:
        try:
            yield load.pid
        finally:
            load.kill()


@click.command()
@click.option("--seconds", default=60.0, show_default=True, help="Of each sampler.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Keep the figures here.")
def main(seconds: float, json_file: Path | None) -> None:
    """Print each sampler's share of a core beside the limit; end with 1 if one is above it."""
    with full_caches() as pid:
        costs = [cost_of(name, make, seconds) for name, make in candidates(pid).items()]
    for cost in costs:
        click.echo(f"{cost.sampler:40} {cost.cpu_share:8.3%} of one core at {cost.asked_hz:g} Hz")
    click.echo(f"{'limit':40} {LIMIT_SHARE:8.3%}")
    if json_file is not None:
        figures = {"limit_share": LIMIT_SHARE, "samplers": [asdict(cost) for cost in costs]}
        json_file.write_text(json.dumps(figures, indent=2) + "\n")
    sys.exit(any(cost.cpu_share > LIMIT_SHARE for cost in costs))


if __name__ == "__main__":
    main()
