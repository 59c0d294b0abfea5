"""Kills hub, broker, agents and workers at random under real runs, then counts every result: lost, duplicated, stuck.

What is drawn comes from `--seed`; when a process is ready again does not, so two runs of one seed differ in detail.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fault_count import Count, count, document, open_work
from benchmarks.fault_feeder import Feeder
from benchmarks.fault_fleet import AGENTS, WEIGHTS, Fleet, Victim, online
from edgeprof.client.http_client import HubClient
from edgeprof.tables.columns import table

BROKERS = ("embedded", "mosquitto")
MIN_PAUSE_S, MAX_PAUSE_S = 0.2, 2.6
CALM_EVERY = 25
CALM_S = 17.0
"""mosquitto saves what it retains every 15 s. Each calm ends in a power cut: what it saved is then read again."""
QUIET_LIMIT_S = 240.0
TICK_S = 0.05


@dataclass(frozen=True)
class Run:
    """One broker's run."""

    broker: str
    killed: dict[Victim, int]
    refused: int
    """Starts of an agent that ended by themselves: the hub shut it out."""
    killing_s: float
    quiet_s: float
    counted: Count

    @property
    def kills(self) -> int:
        """Of every kind; a power cut counts once."""
        return sum(self.killed.values())


def inject(
    broker: str,
    kills: int,
    seed: int,
    folder: Path,
    *,
    max_pause_s: float = MAX_PAUSE_S,
    calm_s: float = CALM_S,
    quiet_limit_s: float = QUIET_LIMIT_S,
) -> Run:
    """Start a fleet in an empty folder, kill `kills` times, wait for quiet, stop everything, count."""
    draw = random.Random(f"{seed} {broker}")
    fleet = Fleet(folder, broker, draw)
    try:
        devices = fleet.start()
        feeder = Feeder(fleet.url, [device.device_id for device in devices], random.Random(seed))
        began_s = time.monotonic()
        for done in range(kills):
            is_cut = done % CALM_EVERY == CALM_EVERY // 2
            _pass_time(fleet, calm_s if is_cut else draw.uniform(MIN_PAUSE_S, max_pause_s))
            while not fleet.kill_one("everything" if is_cut else None):
                _pass_time(fleet, MIN_PAUSE_S)
            _show(f"{broker}: {done + 1} of {kills} kills, {time.monotonic() - began_s:.0f} s", done + 1, kills)
        killed_s = time.monotonic()
        feeder.stop()
        quiet = _wait_for_quiet(fleet, quiet_limit_s)
        quiet_s = time.monotonic() - killed_s
        offline = () if quiet else _offline(fleet)
        refused = sum(agent.ended_by_itself for agent in fleet.agents.values())
    finally:
        fleet.stop()
    counted = count(folder, AGENTS, offline)
    return Run(broker, dict(fleet.killed), refused, killed_s - began_s, quiet_s, counted)


def _pass_time(fleet: Fleet, seconds: float) -> None:
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        fleet.tick()
        time.sleep(TICK_S)


def _wait_for_quiet(fleet: Fleet, limit_s: float) -> bool:
    """Whether every job ended, every outbox emptied and both devices came back, in time."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        _pass_time(fleet, 0.5)
        if not open_work(fleet.folder, AGENTS) and not _offline(fleet):
            return True
    return False


def _offline(fleet: Fleet) -> tuple[str, ...]:
    there = {device.name for device in online(HubClient(fleet.url))}
    return tuple(name for name in AGENTS if name not in there)


def _show(line: str, done: int, of: int) -> None:
    """One line that updates at a terminal; elsewhere a line for every 50 kills."""
    if sys.stderr.isatty():
        print(f"\r{line}\033[K", end="\n" if done == of else "", file=sys.stderr, flush=True)
    elif done == of or done % 50 == 0:
        print(line, file=sys.stderr, flush=True)


def lines(runs: Sequence[Run]) -> list[list[str]]:
    """The table: a column for each broker."""
    by_victim = [[_TITLES[victim], *(str(run.killed.get(victim, 0)) for run in runs)] for victim in WEIGHTS]
    return [
        ["", *(run.broker for run in runs)],
        ["kills", *(str(run.kills) for run in runs)],
        *by_victim,
        ["seconds a kill", *(f"{run.killing_s / max(1, run.kills):.1f}" for run in runs)],
        ["seconds until quiet", *(f"{run.quiet_s:.0f}" for run in runs)],
        ["starts refused by the hub", *(str(run.refused) for run in runs)],
        ["results created", *(str(run.counted.created) for run in runs)],
        ["  of these measured", *(str(run.counted.outcomes.get("measured", 0)) for run in runs)],
        ["results stored", *(str(run.counted.stored) for run in runs)],
        ["messages the hub could not read", *(str(run.counted.dead_letters) for run in runs)],
        ["lost", *(str(len(run.counted.lost)) for run in runs)],
        ["duplicated", *(str(len(run.counted.duplicated)) for run in runs)],
        ["stuck", *(str(len(run.counted.stuck)) for run in runs)],
    ]


def save(file: Path, seed: int, runs: Sequence[Run]) -> None:
    """Add these runs to those of the file: one session has no time for thousands of kills."""
    earlier = json.loads(file.read_text())["runs"] if file.exists() else []
    added = [
        {
            "broker": run.broker,
            "seed": seed,
            "kills": run.kills,
            "killed": run.killed,
            **document(run.counted),
            "refused": run.refused,
            "killing_s": round(run.killing_s, 1),
            "quiet_s": round(run.quiet_s, 1),
        }
        for run in runs
    ]
    file.write_text(json.dumps({"runs": [*earlier, *added]}, indent=1) + "\n")


_TITLES: dict[Victim, str] = {
    "hub": "  hub",
    "broker": "  broker",
    "agent": "  agent",
    "worker": "  worker",
    "pair": "  hub and agent within 1 s",
    "everything": "  power cut (all at once)",
}


def main() -> None:
    """Exit code 1 unless nothing was lost, duplicated or stuck."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500, help="for each broker")
    parser.add_argument("--broker", choices=(*BROKERS, "both"), default="both")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--max-pause-s", type=float, default=MAX_PAUSE_S, help="between two kills; the least is 0.2")
    parser.add_argument("--json", type=Path, help="add the counts to this file")
    parser.add_argument("--keep", type=Path, help="an empty folder for logs and databases, which stay there")
    asked = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="edgeprof-faults-")) if asked.keep is None else asked.keep
    runs: list[Run] = []
    for broker in BROKERS if asked.broker == "both" else (asked.broker,):
        folder = place / broker
        folder.mkdir(parents=True)
        runs.append(inject(broker, asked.kills, asked.seed, folder, max_pause_s=asked.max_pause_s))
    print("\n".join(table(lines(runs))))
    is_clean = all(run.counted.is_clean for run in runs)
    for run in runs:
        for what in (*run.counted.lost, *run.counted.duplicated, *run.counted.stuck):
            print(f"{run.broker}: {what}")
    if asked.json:
        save(asked.json, asked.seed, runs)
    if is_clean and asked.keep is None:
        shutil.rmtree(place)
    else:
        print(f"Logs and databases: {place}")
    sys.exit(0 if is_clean else 1)


if __name__ == "__main__":
    main()
