"""Seconds of `edgeprof compare` over a hub of 20,000 cells, beside an earlier commit of this repository.

python -m benchmarks.compare_cost --baseline CHECKOUT [--rounds 10] [--json FILE]

CHECKOUT is a working tree of the earlier commit (`older_build.py`).
Each side has a hub of its own over a copy of one made-up fleet. `first`: right after the hub's start. The rounds after
it find the data unchanged, which is how a person who looks again and filters meets it.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks import older_build
from benchmarks.hub_footprint import answers, free_port
from benchmarks.older_build import Build
from benchmarks.paired import median_ratio

MAX_RATIO = 0.2


def seconds_of(build: Build, *arguments: str) -> float:
    """Seconds of one command. One that fails ends the benchmark with its words."""
    taken_s, done = build.timed(arguments)
    if done.returncode:
        raise SystemExit(f"{build.tree}: edgeprof {' '.join(arguments)}: {done.stderr or done.stdout}")
    return taken_s


@contextmanager
def hub_of(build: Build, data: Path) -> Generator[str]:
    """A hub of this build: its address."""
    port, mqtt_port = free_port(), free_port()
    command = ["hub", "serve", "--data", str(data), "--port", str(port), "--mqtt-port", str(mqtt_port)]
    with build.started(command) as hub:
        try:
            url = f"http://127.0.0.1:{port}"
            while not answers(f"{url}/api/v1/healthz"):
                time.sleep(0.05)
            yield url
        finally:
            hub.terminate()


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
        first = {side: seconds_of(build, "compare", "--hub", hubs[side]) for side, build in sides.items()}
        pairs: list[tuple[float, float]] = []
        for index in range(options.rounds):
            order = ("this", "baseline") if index % 2 == 0 else ("baseline", "this")
            taken = {side: seconds_of(sides[side], "compare", "--hub", hubs[side]) for side in order}
            pairs.append((taken["this"], taken["baseline"]))
    ratio = median_ratio(pairs)
    print(f"first after the hub's start: {first['this']:.2f} s, baseline {first['baseline']:.2f} s")
    print(f"unchanged data, this / baseline: {ratio}; target at most {MAX_RATIO}")
    print("seconds, this and baseline: " + ", ".join(f"{ours:.2f} {theirs:.2f}" for ours, theirs in pairs))
    if options.json:
        options.json.write_text(json.dumps({"first_s": first, "pairs_s": pairs}))
    sys.exit(0 if ratio.median <= MAX_RATIO else 1)


if __name__ == "__main__":
    main()
