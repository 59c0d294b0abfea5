"""Multiple choice on a GGUF model: `edgeprof evaluate` against llama-perplexity's own mode, on the same items.

    python -m benchmarks.native_multiple_choice MODEL.gguf SET-FOLDER --native "llama-perplexity"
        [--items 50] [--pairs 3] [--threads 1]

`--native` is the command of any build: Debian's package `llama.cpp-tools-extra` has one, or build the target
`llama-perplexity` of llama.cpp. The set has four choices an item, as HellaSwag does. The native mode evaluates a
prompt once and its four endings as sequences of one batch, as edgeprof does. Pairs of runs alternate in order. Its
time is a run on all items less a run on the first one, so that loading and that item fall out; edgeprof's is the sum of
its pipeline but for the first item. The builds differ: the ratio is of two programs, not of two algorithms.

Target: edgeprof's time at most 1.10 of the native one.
"""

import argparse
import json
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.paired import median_ratio
from edgeprof.quality.outcomes import decode_outcomes
from edgeprof.quality.tasks.base import BadItem
from edgeprof_agent.measuring.lock import measuring

TARGET = 1.10
_ACCURACY = re.compile(r"^(\d+)\t([\d.]+)%", re.MULTILINE)


def main() -> None:
    """Prints each pair and the median ratio with its 95 % interval."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("set", type=Path)
    parser.add_argument("--native", required=True, type=shlex.split, help="the command of llama-perplexity")
    parser.add_argument("--items", type=int, default=50)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder, tasks = _same_items(options.set, Path(scratch), options.items)
        pairs: list[tuple[float, float]] = []
        for turn in range(options.pairs):
            sides = [
                lambda: _by_edgeprof(options.model, folder, options.threads),
                lambda: _by_native(options.native, options.model, tasks, options.items, options.threads),
            ]
            order = (0, 1) if turn % 2 == 0 else (1, 0)
            times_s = {side: sides[side]() for side in order}
            pairs.append((times_s[0], times_s[1]))
            print(f"pair {turn + 1}: edgeprof {times_s[0]:.2f} s, native {times_s[1]:.2f} s", flush=True)
    ratio = median_ratio(pairs)
    print(f"edgeprof / native = {ratio}; target at most {TARGET}: {'met' if ratio.median <= TARGET else 'missed'}")


def _same_items(source: Path, scratch: Path, count: int) -> tuple[Path, Path]:
    """The first items as a set for edgeprof, and in the text form of the native mode: six lines an item."""
    folder = scratch / "set"
    folder.mkdir()
    shutil.copy(source / "set.json", folder)
    template = json.loads((source / "set.json").read_text())["template"]
    lines = (source / "items.jsonl").read_text().splitlines()[:count]
    (folder / "items.jsonl").write_text("".join(f"{line}\n" for line in lines))
    rows: list[str] = []
    for item in map(json.loads, lines):
        choices = [str(choice).strip() for choice in item["choices"]]
        if len(choices) != 4:
            raise BadItem(f"item {item['id']} has {len(choices)} choices; the native mode takes four")
        rows += [template.format(**item).strip(), str(item["label"]), *choices]
    tasks = scratch / "tasks.txt"
    tasks.write_text("\n".join(" ".join(row.split()) for row in rows) + "\n")
    return folder, tasks


def _by_edgeprof(model: Path, folder: Path, threads: int) -> float:
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "edgeprof", "evaluate", str(model), "--set", str(folder)]
        command += ["--threads", str(threads), "--runtime", "llama-capi", "--save", out]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            sys.exit(done.stderr)
        [file] = Path(out).rglob("*outcomes*")
        _, *timed = decode_outcomes(file.read_bytes())
        return sum(outcome.pipeline_ns for outcome in timed) / 1e9


def _by_native(native: list[str], model: Path, tasks: Path, items: int, threads: int) -> float:
    first = tasks.with_name("first.txt")
    first.write_text("".join(tasks.read_text().splitlines(keepends=True)[:6]))
    with measuring(lambda: None, threading.Event()):
        alone_s = _native_wall_s(native, model, first, 1, threads)
        return _native_wall_s(native, model, tasks, items, threads) - alone_s


def _native_wall_s(native: list[str], model: Path, tasks: Path, items: int, threads: int) -> float:
    command = [*native, "-m", str(model), "-f", str(tasks), "--hellaswag", "--hellaswag-tasks", str(items)]
    command += ["-t", str(threads), "-tb", str(threads), "-ngl", "0"]
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    wall_s = time.perf_counter() - started
    answered = [int(number) for number, _ in _ACCURACY.findall(done.stdout)]
    if done.returncode or answered[-1:] != [items]:
        sys.exit(f"{shlex.join(command)} did not answer {items} items:\n{(done.stdout + done.stderr)[-2000:]}")
    return wall_s


if __name__ == "__main__":
    main()
