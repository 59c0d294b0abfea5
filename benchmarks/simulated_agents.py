"""Thousands of light agents on one real hub and mosquitto: how fast it stores, and whether a reconnect storm costs it.

Each simulated agent is one MQTT connection with a will, a retained birth, facts and an outbox that keeps a result until
the hub's receipt for its bytes. No jitter: all connect, send, and come back at once, which is the worst case.

python -m benchmarks.simulated_agents [--agents 2000] [--results 8000] [--baseline CHECKOUT] [--pairs 3]

With --baseline both builds take turns; the ratio is that of the medians of each pair.
"""

import argparse
import asyncio
import json
import os
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import psutil

from benchmarks import paired
from benchmarks.hub_footprint import answers, free_port
from benchmarks.older_build import Build, add_baseline, builds
from benchmarks.simulated_mqtt import Connection, connect, publish, subscribe
from edgeprof.wire import codec, identity, topics
from edgeprof.wire.messages import Receipt
from edgeprof_devices import load_profiles
from edgeprof_hub.seed import plan, results

SEED = 19
MODELS = 20
SITE = topics.DEFAULT_SITE
WINDOW = 20
"""Results of one agent on their way at once, as the real one's."""
RESEND_S = 30.0
LIMIT_S = 300.0
MIN_RATIO = 2.0
_KNOW_MODELS = (
    "import sys, time; from pathlib import Path; from edgeprof_hub.seed import plan; "
    "from edgeprof_hub.store.writer import SqliteWriter; folder = Path(sys.argv[1]); folder.mkdir(); "
    "store = SqliteWriter(folder / 'hub.sqlite'); "
    "[store.save_model(each.record) for each in plan.networks(int(sys.argv[2]), 1.7e9, int(sys.argv[3]))]; "
    "store.close()"
)
"""In the build that is measured, as its database may have another schema."""


@dataclass(frozen=True)
class Outcome:
    """One run of one build. Times in seconds from the moment at which all agents began."""

    born_s: float
    """Until every birth was with the broker."""
    online_s: float
    """Until the hub had stored every birth."""
    results_s: float
    """From the first result to the last receipt."""
    results_per_s: float
    hub_us_a_result: float
    """Processor time of the hub over the same span: other work on the machine changes it less than the rate."""
    storm_s: float
    """All connections cut at once: until all were back, the hub had stored that, and their next results."""
    sent: int
    stored: int
    lost: int
    duplicated: int
    conflicts: int
    dead_letters: int
    hub_cpu_s: float
    hub_rss_mib: float
    broker_rss_mib: float


class Agent:
    """One device: connected or not, with its outbox."""

    def __init__(self, board: plan.SeedDevice, payloads: dict[str, bytes]) -> None:
        self.device_id = board.device_id
        self._state = topics.build(SITE, self.device_id, "state")
        self._result = topics.build(SITE, self.device_id, "result")
        will = codec.encode(replace(board.state, online=False))
        self._hello = connect(self.device_id, self._state, will)
        state = replace(board.state, place=f"place of {self.device_id}")
        facts = publish(3, topics.build(SITE, self.device_id, "facts"), codec.encode(board.facts), retain=True)
        self._birth = publish(2, self._state, codec.encode(state), retain=True) + facts
        self._here = publish(4, self._state, codec.encode(replace(state, is_answer=True)), retain=True) + facts
        self.outbox = payloads
        self._waiting = list(payloads)
        self._sent: set[str] = set()
        self._number = 10
        self.is_born = False
        self.receipts: Counter[str] = Counter()
        self.connection: Connection | None = None

    async def connect(self, port: int) -> None:
        """Again and again, until the broker accepts it."""
        while True:
            made = Connection(self._hello, self._answered, self._arrived, self._lost)
            try:
                await asyncio.get_running_loop().create_connection(lambda made=made: made, "127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
                continue
            self.connection = made
            return

    def add(self, payloads: dict[str, bytes]) -> None:
        """More results; they go out as the window allows."""
        self.outbox |= payloads
        self._waiting += payloads
        self.send()

    def send(self) -> None:
        """What the window allows."""
        while self.is_born and self._waiting and len(self._sent) < WINDOW:
            self._publish(self._waiting.pop(0))

    def resend(self) -> None:
        """Whatever has no receipt."""
        for result_id in list(self._sent):
            self._publish(result_id)

    def _publish(self, result_id: str) -> None:
        self._sent.add(result_id)
        self._number = self._number % 60_000 + 10
        if self.connection is not None:
            self.connection.send(publish(self._number, self._result, self.outbox[result_id]))

    def _answered(self, kind: int, number: int) -> None:
        assert self.connection is not None or kind == 2
        if kind == 2:
            asyncio.get_running_loop().call_soon(self._subscribe)
        elif kind == 9 and self.connection is not None:
            self.connection.send(self._birth)
        elif kind == 4 and number == 3:
            self.is_born = True
            self.resend()
            self.send()

    def _subscribe(self) -> None:
        if self.connection is not None:
            self.connection.send(subscribe(1, topics.agent_filters(SITE, self.device_id)))

    def _arrived(self, topic: str, payload: bytes) -> None:
        if topic.endswith("/refusal") and self.connection is not None:  # the hub asks whether this agent is there
            self.connection.send(self._here)
        if not topic.endswith("/receipt"):
            return
        receipt = codec.decode_as(Receipt, payload)
        self.receipts[receipt.status] += 1
        mine = self.outbox.get(receipt.result_id)
        if mine is not None and identity.sha256_hex(mine) == receipt.sha256:
            del self.outbox[receipt.result_id]
            self._sent.discard(receipt.result_id)
            self.send()

    def _lost(self) -> None:
        self.is_born = False
        self.connection = None


class Fleet:
    """All agents on one port."""

    def __init__(self, agents: Sequence[Agent], port: int) -> None:
        self.agents = agents
        self._port = port

    async def come(self) -> None:
        """All at once; ends when the broker has every birth."""
        await asyncio.gather(*(agent.connect(self._port) for agent in self.agents))
        await until(lambda: all(agent.is_born for agent in self.agents), "every agent is born")

    async def empty(self) -> None:
        """Every outbox is empty. What gets no receipt is sent again, as an agent does."""
        due_s = time.monotonic() + RESEND_S
        deadline_s = time.monotonic() + LIMIT_S
        while any(agent.outbox for agent in self.agents) and time.monotonic() < deadline_s:
            await asyncio.sleep(0.005)
            if time.monotonic() > due_s:
                due_s += RESEND_S
                for agent in self.agents:
                    agent.resend()

    async def cut(self) -> None:
        """All connections end at once."""
        for agent in self.agents:
            if agent.connection is not None:
                agent.connection.cut()
        await until(lambda: not any(agent.connection for agent in self.agents), "every connection is gone")


async def until(holds: Callable[[], bool], what: str) -> None:
    deadline_s = time.monotonic() + LIMIT_S
    while not holds():
        if time.monotonic() > deadline_s:
            raise SystemExit(f"Not within {LIMIT_S:.0f} s: {what}")
        await asyncio.sleep(0.02)


def count(data: Path, sql: str) -> int:
    """One number of the hub's database, while it writes."""
    with closing(sqlite3.connect(f"file:{data / 'hub.sqlite'}?mode=ro", uri=True, timeout=10)) as database:
        return int(database.execute(sql).fetchone()[0])


def cpu_s(process: psutil.Process) -> float:
    """Processor time since its start."""
    times = process.cpu_times()
    return times.user + times.system


def documents(boards: Sequence[plan.SeedDevice], number: int, seed: int) -> list[dict[str, bytes]]:
    """That many results over all devices in turn: by device, payloads by result id."""
    chance = random.Random(seed)
    networks = plan.networks(MODELS, 1.7e9, SEED)
    made: list[dict[str, bytes]] = [{} for _ in boards]
    for index in range(number):
        place = index % len(boards)
        network = networks[(index // len(boards) + place) % MODELS]
        result = results.result(identity.new_id(), boards[place], network, 1.7e9 + index, chance)
        made[place][result.result_id] = codec.encode(result)
    return made


async def play(data: Path, port: int, hub: psutil.Process, agents: int, number: int) -> Outcome:
    """Births, results, storm. The documents are made beforehand: only the hub's work is in the times."""
    boards = plan.boards(agents, sorted(load_profiles().values(), key=lambda each: each.id), SEED)
    first, second = documents(boards, number, 1), documents(boards, agents, 2)
    fleet = Fleet([Agent(board, {}) for board in boards], port)
    online = "SELECT count(*) FROM device WHERE online = 1 AND facts IS NOT NULL"
    began_s = time.monotonic()
    await fleet.come()
    born_s = time.monotonic() - began_s
    await until(lambda: count(data, online) == agents, "every agent is online")
    online_s = time.monotonic() - began_s
    began_s, began_cpu_s = time.monotonic(), cpu_s(hub)
    for agent, payloads in zip(fleet.agents, first, strict=True):
        agent.add(payloads)
    await fleet.empty()
    results_s = time.monotonic() - began_s
    results_cpu_s = cpu_s(hub) - began_cpu_s
    began_s = time.monotonic()
    await fleet.cut()
    for agent, payloads in zip(fleet.agents, second, strict=True):
        agent.add(payloads)
    await fleet.come()
    await fleet.empty()
    await until(lambda: count(data, online) == agents, "every agent is online again")
    storm_s = time.monotonic() - began_s
    sent = {result_id for part in (*first, *second) for result_id in part}
    receipts = sum((agent.receipts for agent in fleet.agents), Counter[str]())
    brokers = [child.memory_info().rss for child in hub.children() if "mosquitto" in child.name()]
    outcome = Outcome(
        born_s=round(born_s, 2),
        online_s=round(online_s, 2),
        results_s=round(results_s, 3),
        results_per_s=round(number / results_s, 1),
        hub_us_a_result=round(results_cpu_s / number * 1e6, 1),
        storm_s=round(storm_s, 2),
        sent=len(sent),
        stored=(stored := count(data, "SELECT count(*) FROM result")),
        lost=len(sent) - stored + sum(len(agent.outbox) for agent in fleet.agents),
        duplicated=max(0, stored - len(sent)),
        conflicts=receipts["conflict"],
        dead_letters=count(data, "SELECT count(*) FROM dead_letter"),
        hub_cpu_s=round(cpu_s(hub), 2),
        hub_rss_mib=round(hub.memory_info().rss / 2**20, 1),
        broker_rss_mib=round(max(brokers, default=0) / 2**20, 1),
    )
    await fleet.cut()
    return outcome


def broker_port(url: str) -> int:
    """Where the hub's broker listens."""
    with urllib.request.urlopen(f"{url}/api/v1/bootstrap", timeout=10) as answer:
        return int(json.load(answer)["mqtt_port"])


def once(build: Build, agents: int, number: int) -> Outcome:
    """A hub of this build on an empty folder that knows the models, and its agents."""
    with tempfile.TemporaryDirectory(prefix="edgeprof-agents-") as folder:
        data = Path(folder) / "hub"
        environment = {**os.environ, "PYTHONPATH": build.import_path}
        command = [sys.executable, "-c", _KNOW_MODELS, str(data), str(MODELS), str(SEED)]
        subprocess.run(command, check=True, env=environment)
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        hub = build.started(["hub", "serve", "--data", str(data), "--port", str(port), "--broker", "mosquitto"])
        try:
            deadline_s = time.monotonic() + LIMIT_S
            while not answers(f"{url}/api/v1/healthz"):
                if time.monotonic() > deadline_s or hub.poll() is not None:
                    raise SystemExit("the hub did not start")
                time.sleep(0.1)
            return asyncio.run(play(data, broker_port(url), psutil.Process(hub.pid), agents, number))
        finally:
            hub.terminate()
            hub.wait()


def main() -> None:
    """Exit code 1 where something was lost or duplicated, or the ratio is below what is asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, default=2_000)
    parser.add_argument("--results", type=int, default=8_000)
    parser.add_argument("--pairs", type=int, default=3, help="runs of each build")
    parser.add_argument("--json", type=Path, help="save the figures here")
    add_baseline(parser, required=False)
    asked = parser.parse_args()
    _open_many_files(asked.agents)
    measured = builds(asked.baseline) if asked.baseline else {"this": Build(Path(__file__).resolve().parent.parent)}
    runs: dict[str, list[Outcome]] = {name: [] for name in measured}
    for number in range(asked.pairs):
        for name in sorted(measured, reverse=number % 2 == 1):
            outcome = once(measured[name], asked.agents, asked.results)
            runs[name].append(outcome)
            print(f"{name}: {json.dumps(asdict(outcome))}", flush=True)
    is_clean = not any(each.lost or each.duplicated or each.conflicts for made in runs.values() for each in made)
    saved: dict[str, object] = {"agents": asked.agents, "results": asked.results}
    saved |= {name: [asdict(each) for each in made] for name, made in runs.items()}
    if asked.baseline:
        both = list(zip(runs["this"], runs["baseline"], strict=True))
        ratio = paired.median_ratio([(mine.results_per_s, theirs.results_per_s) for mine, theirs in both])
        print(f"results/s over the baseline's: {ratio}; asked: {MIN_RATIO}")
        cost = paired.median_ratio([(mine.hub_us_a_result, theirs.hub_us_a_result) for mine, theirs in both])
        print(f"the hub's processor time of a result over the baseline's: {cost}")
        saved |= {"ratio": ratio.median, "cpu_ratio": cost.median}
        is_clean = is_clean and ratio.median >= MIN_RATIO
    if asked.json:
        asked.json.write_text(json.dumps(saved, indent=1) + "\n")
    sys.exit(0 if is_clean else 1)


def _open_many_files(agents: int) -> None:
    """Each agent is a file here and one in the broker, which inherits the limit."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < agents + 500:
        raise SystemExit(f"{agents} agents need {agents + 500} open files; the hard limit is {most} (ulimit -Hn).")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    main()
