"""What it costs an agent to hand over a queue: CPU time per result with 10,000 queued over that with 1,000.

A real agent on a real hub and broker. The outbox is filled beforehand, while nothing runs; an agent with an empty
outbox gives the cost of starting and connecting, which is taken off. Queues alternate, so that the machine's drift
falls on both.

python -m benchmarks.outbox_drain [--small 1000] [--large 10000] [--pairs 3] [--broker embedded|mosquitto]
"""

import argparse
import json
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import psutil

from benchmarks import paired
from benchmarks.hub_footprint import answers, free_port
from edgeprof.client.http_client import HubClient
from edgeprof.wire.identity import new_id
from edgeprof_agent.daemon.database import Database
from edgeprof_agent.daemon.folder import StateFolder
from edgeprof_agent.daemon.outbox import Outbox
from edgeprof_devices import load_profiles
from edgeprof_hub.seed import plan, results

MAX_RATIO = 1.2
MAX_WAIT_S = 900.0
SEED = 7


def fill(data: Path, count: int) -> None:
    """An outbox as a device has it that measured for long without its hub: results of its own, in one commit."""
    folder = StateFolder(data)
    device_id = folder.device_id()
    database = Database(data / "agent.db")
    outbox = Outbox(database, data / "artifacts", 100_000)
    chance = random.Random(SEED)
    board = plan.boards(1, list(load_profiles().values()), SEED)[0]
    networks = plan.networks(20, 1.7e9, SEED)
    with database.transaction():
        for number in range(count):
            made = results.result(new_id(), board, networks[number % len(networks)], 1.7e9 + number, chance)
            outbox.put(replace(made, device_id=device_id), {})
    database.close()
    folder.release()


def waiting(data: Path) -> int:
    """Results that still wait for a receipt."""
    with closing(sqlite3.connect(f"file:{data / 'agent.db'}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT count(*) FROM results WHERE state = 'queued'").fetchone()[0])


@contextmanager
def edgeprof(*arguments: str) -> Generator[psutil.Process]:
    command = [sys.executable, "-m", "edgeprof", *arguments]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        try:
            yield psutil.Process(child.pid)
        finally:
            child.terminate()


def drain(count: int, broker: str) -> tuple[float, float]:
    """(CPU seconds of the agent, wall seconds) from its start until the hub has confirmed all results."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "agent"
        fill(data, count)
        with edgeprof("hub", "serve", "--data", f"{folder}/hub", "--port", str(port), "--broker", broker):
            until(lambda: answers(f"{url}/api/v1/healthz"))
            client = HubClient(url)
            began_s = time.monotonic()
            with edgeprof("agent", "run", "--hub", url, "--data", str(data), "--name", "queue") as agent:
                until(lambda: any(device.online and device.facts for device in client.devices()))
                until(lambda: waiting(data) == 0)
                used = agent.cpu_times()
                return used.user + used.system, time.monotonic() - began_s


def until(question: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + MAX_WAIT_S
    while not question():
        if time.monotonic() > deadline_s:
            raise RuntimeError(f"it did not happen within {MAX_WAIT_S:.0f} s")
        time.sleep(0.1)


def main() -> None:
    """Print CPU and wall time per result and the ratio; end with 1 where it is above the limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", type=int, default=1_000)
    parser.add_argument("--large", type=int, default=10_000)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--broker", default="embedded", choices=("embedded", "mosquitto"))
    parser.add_argument("--json", type=Path, help="save the figures here")
    asked = parser.parse_args()
    pairs: list[tuple[float, float]] = []
    for number in range(asked.pairs):
        start_s, _ = drain(0, asked.broker)
        per_result: dict[int, float] = {}
        for count in sorted((asked.small, asked.large), reverse=number % 2 == 1):
            cpu_s, wall_s = drain(count, asked.broker)
            per_result[count] = (cpu_s - start_s) / count
            print(f"{count} results: {1e3 * per_result[count]:.3f} ms of CPU each, {wall_s:.1f} s in all", flush=True)
        pairs.append((per_result[asked.large], per_result[asked.small]))
    ratio = paired.median_ratio(pairs)
    print(f"CPU per result, {asked.large} queued over {asked.small}: {ratio}; limit {MAX_RATIO}")
    if asked.json:
        saved = {"large": asked.large, "small": asked.small, "broker": asked.broker, "cpu_s_per_result": pairs}
        asked.json.write_text(json.dumps({**saved, "ratio": ratio.median, "limit": MAX_RATIO}, indent=1) + "\n")
    sys.exit(ratio.median > MAX_RATIO)


if __name__ == "__main__":
    main()
