"""What starting the command costs: CPU time of `edgeprof --version`, and of `edgeprof profile --help` over `--help`.

python -m benchmarks.start_cost [--pairs 40] [--json FILE]

Each pair runs both commands one after the other, the first of them by turns, and takes user and system time of the
child from wait4(2). Modules come as bytecode, as in an installed package: one run of each goes before, uncounted.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.paired import median_ratio

MAX_VERSION_S = 0.10
MAX_HELP_RATIO = 1.3
COMMANDS = {
    "python": ("-c", "pass"),
    "version": ("-m", "edgeprof", "--version"),
    "help": ("-m", "edgeprof", "--help"),
    "profile_help": ("-m", "edgeprof", "profile", "--help"),
}
PAIRS = {"version / bare Python": ("version", "python"), "profile --help / --help": ("profile_help", "help")}


def cpu_s(arguments: Sequence[str], environment: dict[str, str]) -> float:
    """User and system time of one run of this Python, its output thrown away."""
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    pid = os.posix_spawn(sys.executable, [sys.executable, *arguments], environment, file_actions=quiet)
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        raise SystemExit(f"{' '.join(arguments)} ended with status {status}")
    return usage.ru_utime + usage.ru_stime


def measured(first: str, second: str, pairs: int, environment: dict[str, str]) -> list[tuple[float, float]]:
    """CPU seconds of two commands, by turns the one and the other first."""
    found: list[tuple[float, float]] = []
    for index in range(pairs):
        order = (first, second) if index % 2 == 0 else (second, first)
        spent = {name: cpu_s(COMMANDS[name], environment) for name in order}
        found.append((spent[first], spent[second]))
    return found


def main() -> None:
    """Print both figures next to their targets; the exit code is 1 where one is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--json", type=Path, help="save the pairs here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as bytecode:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for arguments in COMMANDS.values():
            cpu_s(arguments, environment)
        pairs = {title: measured(*names, options.pairs, environment) for title, names in PAIRS.items()}
    for title, each in pairs.items():
        print(f"{title}: {median_ratio(each)}")
    version_s = statistics.median(ours for ours, _ in pairs["version / bare Python"])
    ratio = median_ratio(pairs["profile --help / --help"]).median
    print(f"--version: {version_s:.3f} s of CPU, target at most {MAX_VERSION_S:.2f} s")
    print(f"profile --help / --help: {ratio:.2f}, target at most {MAX_HELP_RATIO}")
    if options.json:
        options.json.write_text(json.dumps(pairs))
    sys.exit(0 if version_s <= MAX_VERSION_S and ratio <= MAX_HELP_RATIO else 1)


if __name__ == "__main__":
    main()
