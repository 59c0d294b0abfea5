"""Seconds of `edgeprof compare` over a hub of 20,000 cells, beside an earlier commit of this repository.

python -m benchmarks.compare_cost --baseline CHECKOUT [--rounds 10] [--json FILE]

CHECKOUT is a working tree of the earlier commit, as `git worktree add DIR COMMIT` makes it; it runs in this Python.
Each side has a hub of its own over a copy of one made-up fleet. `first`: right after the hub's start. The rounds after
it find the data unchanged, which is how a person who looks again and filters meets it.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.hub_footprint import answers, free_port
from benchmarks.paired import median_ratio

MAX_RATIO = 0.2
ROOMS = (".", "agent", "hub", "model_exports", "device_profiles")
HERE = Path(__file__).resolve().parent.parent


def environment(tree: Path) -> dict[str, str]:
    """Imports come from this tree and not from where edgeprof is installed."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(str(tree / room) for room in ROOMS)}


def edgeprof(tree: Path, *arguments: str) -> float:
    """Seconds of one command of this tree, its output thrown away."""
    command, start_s = [sys.executable, "-m", "edgeprof", *arguments], time.perf_counter()
    subprocess.run(command, check=True, env=environment(tree), cwd=tree, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start_s


@contextmanager
def hub_of(tree: Path, data: Path) -> Generator[str]:
    """A hub of this tree: its address."""
    port, mqtt_port = free_port(), free_port()
    command = [sys.executable, "-m", "edgeprof", "hub", "serve", "--data", str(data), "--port", str(port)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        [*command, "--mqtt-port", str(mqtt_port)], env=environment(tree), cwd=tree, stdout=quiet, stderr=quiet
    ) as hub:
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
    parser.add_argument("--baseline", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", type=Path, help="save the pairs here")
    options = parser.parse_args()
    trees = {"this": HERE, "baseline": options.baseline.resolve()}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        data = Path(folder) / "baseline"  # the older one fills it: a newer hub opens what an older one wrote
        edgeprof(trees["baseline"], "hub", "seed", "--data", str(data), "--results", "20000")
        shutil.copytree(data, Path(folder) / "this")
        hubs = {side: stack.enter_context(hub_of(tree, Path(folder) / side)) for side, tree in trees.items()}
        first = {side: edgeprof(tree, "compare", "--hub", hubs[side]) for side, tree in trees.items()}
        pairs: list[tuple[float, float]] = []
        for index in range(options.rounds):
            order = ("this", "baseline") if index % 2 == 0 else ("baseline", "this")
            taken = {side: edgeprof(trees[side], "compare", "--hub", hubs[side]) for side in order}
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
