"""What looking at a process's memory costs, and whether it slows that process: the reasons of docs/measuring.md.

python -m benchmarks.memory_reading [--json FILE]

First the processor time of one reading, by file, size and kind of page. Then the times of a program that maps, touches
and unmaps 64 KiB again and again, which takes the lock that smaps_rollup holds: unwatched, and read at several rates.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import click

FILES = ("statm", "smaps_rollup", "smaps")
SIZES_MIB = (150, 1024)
PAGES = {"4 KiB": "MADV_NOHUGEPAGE", "huge": "MADV_HUGEPAGE"}
RATES_HZ = (0.0, 2.0, 20.0)
READINGS = 50
HOLDER = """
import json, mmap, sys, time
def mapped(size):
    return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
def touch(block):
    for at in range(0, len(block), 4096): block[at] = 1
held = mapped(int(sys.argv[1]) << 20)
held.madvise(getattr(mmap, sys.argv[2]))
touch(held)
print("ready", flush=True)
until_s, taken = time.monotonic() + float(sys.argv[3]), []
while time.monotonic() < until_s:
    start = time.perf_counter_ns()
    block = mapped(65536); touch(block); block.close()
    taken.append(time.perf_counter_ns() - start)
if taken:
    taken.sort()
    print(json.dumps([taken[int(len(taken) * p)] / 1e3 for p in (0.5, 0.99, 0.999)]), flush=True)
sys.stdin.readline()
"""


@dataclass(frozen=True)
class Reading:
    """Median processor time of one reading of a process's file."""

    file: str
    size_mib: int
    pages: str
    cpu_us: float


@dataclass(frozen=True)
class Slowed:
    """Times in microseconds of the program that maps memory, while its smaps_rollup is read at a rate."""

    size_mib: int
    read_hz: float
    p50_us: float
    p99_us: float
    p999_us: float


@contextmanager
def holder(size_mib: int, pages: str, seconds: float) -> Generator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-c", HOLDER, str(size_mib), PAGES[pages], str(seconds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        _line(process)
        try:
            yield process
        finally:
            process.kill()


def readings() -> list[Reading]:
    found: list[Reading] = []
    for size_mib in SIZES_MIB:
        for pages in PAGES:
            with holder(size_mib, pages, 0) as process:
                found += [Reading(file, size_mib, pages, _cpu_us(process.pid, file)) for file in FILES]
    return found


def slowed(size_mib: int, read_hz: float, seconds: float) -> Slowed:
    with holder(size_mib, "4 KiB", seconds) as process:
        until_s = time.monotonic() + seconds
        while read_hz and time.monotonic() < until_s:
            _read(process.pid, "smaps_rollup")
            time.sleep(1 / read_hz)
        p50_us, p99_us, p999_us = json.loads(_line(process))
    return Slowed(size_mib, read_hz, p50_us, p99_us, p999_us)


def _cpu_us(pid: int, file: str) -> float:
    taken: list[float] = []
    for _ in range(READINGS):
        before_ns = time.thread_time_ns()
        _read(pid, file)
        taken.append((time.thread_time_ns() - before_ns) / 1e3)
    return round(statistics.median(taken), 1)


def _read(pid: int, file: str) -> None:
    fd = os.open(f"/proc/{pid}/{file}", os.O_RDONLY)
    try:
        while os.read(fd, 65536):
            pass
    finally:
        os.close(fd)


def _line(process: "subprocess.Popen[bytes]") -> bytes:
    if process.stdout is None:
        raise RuntimeError("the program that holds memory has no output")
    return process.stdout.readline()


@click.command()
@click.option("--seconds", default=10.0, show_default=True, help="Of each rate.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Keep the figures here.")
def main(seconds: float, json_file: Path | None) -> None:
    """Print both tables."""
    costs = readings()
    for cost in costs:
        click.echo(f"{cost.file:13} {cost.size_mib:5} MiB, pages {cost.pages:6} {cost.cpu_us:9.1f} us")
    times = [slowed(size_mib, hz, seconds) for size_mib in SIZES_MIB for hz in RATES_HZ]
    for each in times:
        quantiles = f"p50 {each.p50_us:.0f} us, p99 {each.p99_us:.0f} us, p99.9 {each.p999_us:.0f} us"
        click.echo(f"maps memory, {each.size_mib:5} MiB, read at {each.read_hz:4g} Hz: {quantiles}")
    if json_file is not None:
        figures = {"readings": [asdict(each) for each in costs], "slowed": [asdict(each) for each in times]}
        json_file.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
