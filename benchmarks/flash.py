"""A model file from the hub to a device, beside nginx and curl on the same file: throughput, cuts, 8 agents at once.

python -m benchmarks.flash [--size-mib 1024] [--rounds 9] [--large-mib 5120] [--folder DIR] [--json FILE]

All over loopback. Each round asks both sides one after the other, the first of them by turns, and the ratio is of
rates (bytes a second), so more is better. The agent's time holds hashing and the flush to disk, curl's neither.
`--folder` is where files go; in /dev/shm the disk is out of the figure. Exit code 1 where a target is missed.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from benchmarks.flash_servers import ServedFile, cutting_server, nginx_with, random_file, upload
from benchmarks.hub_scale import hub_on, quantile
from benchmarks.paired import Ratio, median_ratio

MIN_HUB_RATIO, MIN_AGENT_RATIO = 0.7, 0.8
CUTS, MAX_CUT_CPU_RATIO = 20, 1.10
AGENTS, MAX_PAGE_RATIO = 8, 2.0
PAGE_LOADS = 60
LINK_BYTES_PER_S = 125_000_000
"""A link of 1 Gbit/s, which the eight agents share."""


def curl_s(url: str, target: Path | None = None) -> float:
    """Seconds of one download by curl, as curl counts them."""
    where = str(target) if target else "/dev/null"
    command = ["curl", "-sf", "-o", where, "-w", "%{time_total}", url]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def agent_fetch(url: str, served: ServedFile, target: Path) -> dict[str, float]:
    """`wall_s` and `cpu_s` of one download by the agent's own code."""
    command = [sys.executable, "-m", "benchmarks.flash_fetch", url, served.sha256, str(served.size_bytes), str(target)]
    target.unlink(missing_ok=True)
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    target.unlink()
    return json.loads(done.stdout)


def alternated(ours: Callable[[], float], theirs: Callable[[], float], rounds: int) -> list[tuple[float, float]]:
    """Rates of both in each round: the inverse of seconds."""
    found: list[tuple[float, float]] = []
    for index in range(rounds):
        order = (ours, theirs) if index % 2 == 0 else (theirs, ours)
        taken = {side: side() for side in order}
        found.append((1 / taken[ours], 1 / taken[theirs]))
        print(f"\r  round {index + 1} of {rounds}", end="", file=sys.stderr, flush=True)
    print("\r" + " " * 30 + "\r", end="", file=sys.stderr)
    return found


def page_ms(hub: str, loads: int) -> list[float]:
    """The comparison page, again and again."""
    taken: list[float] = []
    for _ in range(loads):
        start = time.perf_counter()
        urllib.request.urlopen(f"{hub}/", timeout=60).read()
        taken.append((time.perf_counter() - start) * 1000)
    return taken


def page_under_load(hub: str, served: ServedFile, bytes_per_s: int | None) -> list[float]:
    """The same while eight clients download without a pause, each at its share of a link, or as fast as it goes."""
    limit = ["--limit-rate", str(bytes_per_s // AGENTS)] if bytes_per_s else []
    stop = threading.Event()

    def client() -> None:
        while not stop.is_set():
            command = ["curl", "-s", "-o", "/dev/null", *limit, f"{hub}{served.url_path}"]
            with subprocess.Popen(command) as running:
                while running.poll() is None:
                    if stop.wait(0.05):
                        running.kill()

    clients = [threading.Thread(target=client) for _ in range(AGENTS)]
    for each in clients:
        each.start()
    time.sleep(0.5)
    taken = page_ms(hub, PAGE_LOADS)
    stop.set()
    for each in clients:
        each.join()
    return taken


def throughput(served: ServedFile, folder: Path, rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Rates of the hub over nginx's, and of the agent over curl's."""
    target = folder / "received"
    with hub_on(folder / "hub") as (hub, _, _), nginx_with(served, folder) as nginx:
        upload(hub, served)
        hub_file, nginx_file = f"{hub}{served.url_path}", f"{nginx}{served.url_path}"
        return {
            "hub to curl / nginx to curl": alternated(lambda: curl_s(hub_file), lambda: curl_s(nginx_file), rounds),
            "hub to agent / nginx to curl into a file": alternated(
                lambda: agent_fetch(hub, served, target)["wall_s"], lambda: curl_s(nginx_file, target), rounds
            ),
            "nginx to agent / nginx to curl into a file": alternated(
                lambda: agent_fetch(nginx, served, target)["wall_s"], lambda: curl_s(nginx_file, target), rounds
            ),
        }


def cuts(served: ServedFile, folder: Path, rounds: int) -> list[tuple[float, float]]:
    """CPU seconds of the agent with 20 cuts and without one."""
    found: list[tuple[float, float]] = []
    for _ in range(rounds):
        spent: list[float] = []
        for count in (CUTS, 0):
            with cutting_server(served, count) as url:
                spent.append(agent_fetch(url, served, folder / "received")["cpu_s"])
        found.append((spent[0], spent[1]))
    return found


def fleet(served: ServedFile, data: Path) -> dict[str, list[float]]:
    """Milliseconds of the page of a hub with 20 devices and 20 models: idle, and with eight downloads."""
    command = [sys.executable, "-m", "edgeprof", "hub", "seed", "--data", str(data), "--devices", "20"]
    subprocess.run([*command, "--models", "20", "--results", "400"], check=True, stdout=subprocess.DEVNULL)
    with hub_on(data) as (hub, _, _):
        upload(hub, served)
        page_ms(hub, 10)
        return {
            "idle": page_ms(hub, PAGE_LOADS),
            "8 downloads that share 1 Gbit/s": page_under_load(hub, served, LINK_BYTES_PER_S),
            "8 downloads at loopback's speed": page_under_load(hub, served, None),
        }


def large(folder: Path, size_mib: int) -> float:
    """Seconds that one large file takes from a hub to the agent, its hash checked."""
    served = random_file(folder / "large", size_mib * 2**20)
    with hub_on(folder / "hub-large") as (hub, _, _):
        upload(hub, served)
        served.path.unlink()
        return agent_fetch(hub, served, folder / "received")["wall_s"]


def reported(name: str, ratio: Ratio, target: float, at_most: bool = False) -> bool:
    """Print a ratio beside its target; whether its median holds it."""
    holds = ratio.median <= target if at_most else ratio.median >= target
    print(f"{name}: {ratio}; target {'at most' if at_most else 'at least'} {target}{'' if holds else ': MISSED'}")
    return holds


def main() -> None:
    """Run all parts and print each figure beside its target."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size-mib", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--large-mib", type=int, default=5120, help="0 leaves the large file out")
    parser.add_argument("--folder", type=Path, help="where the files go; a temporary folder without it")
    parser.add_argument("--json", type=Path, help="save all figures here")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="edgeprof-flash-", dir=options.folder))
    folder.chmod(0o755)  # nginx's worker is another user
    try:
        served = random_file(folder / "model", options.size_mib * 2**20)
        rates = throughput(served, folder, options.rounds)
        cpu = cuts(served, folder, options.rounds)
        pages = fleet(served, folder / "fleet")
        large_s = large(folder, options.large_mib) if options.large_mib else None
    finally:
        shutil.rmtree(folder)
    (hub_name, agent_name, other_name) = rates
    holds = [
        reported(hub_name, median_ratio(rates[hub_name]), MIN_HUB_RATIO),
        reported(agent_name, median_ratio(rates[agent_name]), MIN_AGENT_RATIO),
        reported(f"agent's CPU, {CUTS} cuts / none", median_ratio(cpu), MAX_CUT_CPU_RATIO, at_most=True),
    ]
    print(f"{other_name}: {median_ratio(rates[other_name])}")
    idle_ms = quantile(pages["idle"], 0.5)
    for name, taken in pages.items():
        print(f"page, {name}: p50 {quantile(taken, 0.5):.1f}, p95 {quantile(taken, 0.95):.1f} ms", end="")
        print(f", {quantile(taken, 0.5) / idle_ms:.2f} times idle" if name != "idle" else "")
    holds.append(quantile(pages["8 downloads that share 1 Gbit/s"], 0.5) <= MAX_PAGE_RATIO * idle_ms)
    if large_s is not None:
        print(f"{options.large_mib} MiB from hub to agent, hash checked: {large_s:.1f} s")
    if options.json:
        options.json.write_text(json.dumps({"rates": rates, "cuts_cpu_s": cpu, "page_ms": pages, "large_s": large_s}))
    sys.exit(0 if all(holds) else 1)


if __name__ == "__main__":
    main()
