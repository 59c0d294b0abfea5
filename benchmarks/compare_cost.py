"""Seconds of `edgeprof compare` over a hub of 20,000 cells, beside an earlier commit of this repository.

python -m benchmarks.compare_cost --baseline CHECKOUT [--rounds 10] [--json FILE]

CHECKOUT is a working tree of the earlier commit (`older_build.py`).
Each side has a hub of its own over a copy of one made-up fleet. `first`: right after the hub's start. The rounds after
it find the data unchanged, which is how a person who looks again and filters meets it. Beside the seconds stands the
CPU time of the command and its hub together, which other work on the machine changes little.
"""

import argparse
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks import older_build
from benchmarks.hub_footprint import answers, free_port
from benchmarks.older_build import Build
from benchmarks.paired import median_ratio

MAX_RATIO = 0.2


class Hub(NamedTuple):
    """A hub that runs: its address and its process."""

    url: str
    pid: int

    def cpu_s(self) -> float:
        """What it has used so far (proc(5): utime and stime are the 14th and 15th field)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Taken(NamedTuple):
    """By one command: `cpu_s` with that of its hub meanwhile."""

    wall_s: float
    cpu_s: float


def seconds_of(build: Build, *arguments: str, hub: Hub | None = None) -> Taken:
    """What one command takes. One that fails ends the benchmark with its words."""
    before_s = _ended_children_s() + (hub.cpu_s() if hub else 0.0)
    wall_s, done = build.timed(arguments)
    if done.returncode:
        raise SystemExit(f"{build.tree}: edgeprof {' '.join(arguments)}: {done.stderr or done.stdout}")
    return Taken(wall_s, _ended_children_s() + (hub.cpu_s() if hub else 0.0) - before_s)


def _ended_children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def hub_of(build: Build, data: Path) -> Generator[Hub]:
    """A hub of this build."""
    port, mqtt_port = free_port(), free_port()
    command = ["hub", "serve", "--data", str(data), "--port", str(port), "--mqtt-port", str(mqtt_port)]
    with build.started(command) as hub:
        try:
            url = f"http://127.0.0.1:{port}"
            while not answers(f"{url}/api/v1/healthz"):
                time.sleep(0.05)
            yield Hub(url, hub.pid)
        finally:
            hub.terminate()


def compared(build: Build, hub: Hub) -> Taken:
    """One table of everything."""
    return seconds_of(build, "compare", "--hub", hub.url, hub=hub)


def main() -> None:
    """Print the first time of each side and the ratio of the later ones."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    older_build.add_baseline(parser, required=True)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", type=Path, help="save the pairs here")
    options = parser.parse_args()
    sides = older_build.builds(options.baseline)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        data = Path(folder) / "baseline"  # the older one fills it: a newer hub opens what an older one wrote
        seconds_of(sides["baseline"], "hub", "seed", "--data", str(data), "--results", "20000")
        shutil.copytree(data, Path(folder) / "this")
        hubs = {side: stack.enter_context(hub_of(build, Path(folder) / side)) for side, build in sides.items()}
        first = {side: compared(build, hubs[side]) for side, build in sides.items()}
        pairs: list[tuple[Taken, Taken]] = []
        for index in range(options.rounds):
            order = ("this", "baseline") if index % 2 == 0 else ("baseline", "this")
            taken = {side: compared(sides[side], hubs[side]) for side in order}
            pairs.append((taken["this"], taken["baseline"]))
    ratio = median_ratio([(ours.wall_s, theirs.wall_s) for ours, theirs in pairs])
    print(f"first after the hub's start: {first['this'].wall_s:.2f} s, baseline {first['baseline'].wall_s:.2f} s")
    print(f"unchanged data, this / baseline: {ratio}; target at most {MAX_RATIO}")
    print(f"CPU time, this / baseline: {median_ratio([(ours.cpu_s, theirs.cpu_s) for ours, theirs in pairs])}")
    print("seconds, this and baseline: " + ", ".join(f"{a.wall_s:.2f} {b.wall_s:.2f}" for a, b in pairs))
    if options.json:
        options.json.write_text(json.dumps({"first": first, "pairs_wall_cpu_s": pairs}))
    sys.exit(0 if ratio.median <= MAX_RATIO else 1)


if __name__ == "__main__":
    main()
