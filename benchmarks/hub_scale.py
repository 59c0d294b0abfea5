"""A hub of 200 devices, 100 models and 200,000 results: how soon it answers, what it weighs, what it takes meanwhile.

The fleet is made up by `edgeprof hub seed`; requests go over loopback, so that the times are the server's and HTTP's.
"""

import argparse
import gc
import gzip
import json
import os
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import paho.mqtt.client as mqtt
import psutil
from paho.mqtt.enums import CallbackAPIVersion
from starlette.testclient import TestClient

from benchmarks.hub_footprint import answers, free_port
from edgeprof.wire import codec, identity, rest, topics
from edgeprof_devices import load_profiles
from edgeprof_hub import garbage
from edgeprof_hub.app import create_app
from edgeprof_hub.config import HubSettings
from edgeprof_hub.context import DATABASE
from edgeprof_hub.seed import plan, results
from edgeprof_hub.store import database, gates

MIB = 2**20
SENDERS = 8
IN_FLIGHT = 20
"""Results of one device without a receipt. Brokers drop what a slow reader leaves beyond their queue."""
PATIENCE_S = 30.0
SHIFT = """() => new Promise((done) => {
    let sum = 0;
    new PerformanceObserver((list) => { for (const each of list.getEntries()) sum += each.value; })
        .observe({ type: "layout-shift", buffered: true });
    setTimeout(() => done(sum), 500);
})"""
PAGES = ("/?d={d}&c={c}", "/?metric=peak_memory_mib&d={d}&c={c}")


def quantile(values: list[float], share: float) -> float:
    """The nearest-rank quantile."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def fetched(url: str) -> tuple[float, bytes]:
    """(ms until the last byte, the body as it travelled) of one compressed answer."""
    start = time.perf_counter()
    request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        body = answer.read()
    return (time.perf_counter() - start) * 1000, body


def first_visit_bytes(url: str) -> int:
    """What a browser loads at its first visit: the page and each file that it names, compressed where the hub does."""
    _, home = fetched(url)
    names = re.findall(r'(?:src|href)="(/static/[^"]+)"', gzip.decompress(home).decode())
    return len(home) + sum(len(fetched(url + name)[1]) for name in dict.fromkeys(names))


@contextmanager
def hub_on(data: Path) -> Generator[tuple[str, int, psutil.Process]]:
    """A hub of its own process: its address, its broker's port."""
    port, mqtt_port = free_port(), free_port()
    command = [sys.executable, "-m", "edgeprof", "hub", "serve", "--data", str(data), "--port", str(port)]
    with subprocess.Popen(
        [*command, "--mqtt-port", str(mqtt_port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as hub:
        try:
            url = f"http://127.0.0.1:{port}"
            while not answers(f"{url}/api/v1/healthz"):
                time.sleep(0.05)
            yield url, mqtt_port, psutil.Process(hub.pid)
        finally:
            hub.terminate()


def rss_mib(process: psutil.Process) -> float:
    """Of the hub and of what it started."""
    return sum(each.memory_info().rss for each in (process, *process.children(recursive=True))) / MIB


def stored(data: Path) -> int:
    """How many results were ever stored."""
    with closing(sqlite3.connect(data / DATABASE)) as connection:
        return int(connection.execute("SELECT max(seq) FROM result").fetchone()[0])


def send(mqtt_port: int, device_id: str, payloads: list[bytes]) -> None:
    """All results of one device as an agent sends them: few at a time, each done when its receipt has come."""
    room = threading.Semaphore(IN_FLIGHT)
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=device_id)

    def receipt(_client: mqtt.Client, _data: object, _message: mqtt.MQTTMessage) -> None:
        room.release()

    client.on_message = receipt
    client.connect("127.0.0.1", mqtt_port)
    client.subscribe(topics.build(topics.DEFAULT_SITE, device_id, "receipt"), 1)
    client.loop_start()
    topic = topics.build(topics.DEFAULT_SITE, device_id, "result")
    for payload in payloads:
        room.acquire(timeout=PATIENCE_S)
        client.publish(topic, payload, 1)
    for _ in range(IN_FLIGHT):
        room.acquire(timeout=PATIENCE_S)
    client.disconnect()
    client.loop_stop()


def payloads_of(board: plan.SeedDevice, networks: list[plan.SeedModel], count: int) -> list[bytes]:
    """New results of a device of the made-up fleet."""
    chance = random.Random(board.device_id)
    made = [
        results.result(identity.new_id(), board, networks[i % len(networks)], time.time(), chance) for i in range(count)
    ]
    return [codec.encode(result) for result in made]


def ingest(data: Path, url: str, mqtt_port: int, count: int) -> None:
    """Send results from several devices at once, and look at the page all the while."""
    profiles = sorted(load_profiles().values(), key=lambda profile: profile.id)
    networks = plan.networks(100, time.time(), 1)
    loads = [
        (board.device_id, payloads_of(board, networks, count // SENDERS))
        for board in plan.boards(200, profiles, 1)[:SENDERS]
    ]
    bytes_each = sum(len(payload) for _, payloads in loads for payload in payloads) / count
    goal = stored(data) + sum(len(payloads) for _, payloads in loads)
    senders = [threading.Thread(target=send, args=(mqtt_port, *load)) for load in loads]
    own_before, start = time.process_time(), time.monotonic()
    for sender in senders:
        sender.start()
    looks: list[float] = []
    while stored(data) < goal and time.monotonic() - start < 300:
        looks.append(fetched(f"{url}/")[0])
        time.sleep(0.1)
    took_s = time.monotonic() - start
    own = (time.process_time() - own_before) / took_s
    print(f"ingest: {count / took_s:.0f} results/s of {bytes_each:.0f} bytes ({count} results in {took_s:.1f} s)")
    print(f"page meanwhile: p50 {quantile(looks, 0.5):.0f} ms, p95 {quantile(looks, 0.95):.0f} ms ({len(looks)} looks)")
    print(f"load generator's own CPU: {own:.2f} of a core, of {os.cpu_count()} cores shared with the hub")


def chromium(url: str, visits: int) -> None:
    """How long a browser takes until the page can be used and until its load event."""
    from playwright.sync_api import sync_playwright

    found: list[dict[str, float]] = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for _ in range(visits):
            view = browser.new_context().new_page()
            view.goto(url, wait_until="load")
            timing = view.evaluate("JSON.stringify(performance.getEntriesByType('navigation')[0])")
            found.append({**json.loads(timing), "shift": view.evaluate(SHIFT)})
            view.context.close()
        browser.close()
    print(f"Chromium layout shift: most {max(timing['shift'] for timing in found):.3f}")
    for name in ("domInteractive", "loadEventEnd"):
        values = [timing[name] for timing in found]
        print(f"Chromium {name}: median {quantile(values, 0.5):.0f} ms, most {max(values):.0f} ms ({visits} visits)")


def with_answers(data: Path) -> None:
    """Take off the mark of a made-up fleet: under it the page names nobody, and makes none of its answer cards."""
    with closing(database.connect(data / DATABASE)) as connection, database.transaction(connection):
        connection.execute("DELETE FROM setting WHERE name = 'synthetic'")


def in_process(data: Path, count: int) -> None:
    """What making a page costs the processor, without server, network and other programs."""
    chance = random.Random(2)
    app = create_app(HubSettings(data=data))
    garbage.collect_when_idle_only()
    with TestClient(app, base_url="http://127.0.0.1:8765") as client:
        for name, path in (("home", "/?hide={n}"), ("part", "/?d={d}&c={c}&hide={n}")):
            client.get(path.format(d=1, c=1, n="warm"))
            spent: list[float] = []
            for number in range(count):
                start = time.process_time()
                client.get(path.format(d=chance.randint(1, 10), c=chance.randint(1, 9), n=number))
                spent.append((time.process_time() - start) * 1000)
                if gc.get_count()[0] > garbage.MANY_NEW:  # as the served hub does between two requests
                    gc.collect(1)
            print(
                f"in process, {name} made anew: CPU p50 {quantile(spent, 0.5):.0f}, p95 {quantile(spent, 0.95):.0f} ms"
            )


def timed(name: str, url_of: Callable[[], str], count: int) -> None:
    """Quantiles of that many answers."""
    values = [fetched(url_of())[0] for _ in range(count)]
    print(f"{name}: p50 {quantile(values, 0.5):.1f} ms, p95 {quantile(values, 0.95):.1f} ms ({count} answers)")


def cost_page(data: Path, url: str) -> str:
    """The address of a cost page that can be computed: of a measured run on a device with a price."""
    with closing(sqlite3.connect(data / DATABASE)) as connection:
        found = connection.execute("SELECT result_id FROM cell WHERE result_id IS NOT NULL LIMIT 300").fetchall()
    ids = [str(row[0]) for row in found]
    for result_id in ids:
        with suppress(urllib.error.HTTPError):
            address = f"{url}/cost/{result_id}?price_usd=80"
            if b"10,000 seeded draws" in gzip.decompress(fetched(address)[1]):
                return address
    raise SystemExit("No run here can have a cost.")


def add_gates(data: Path) -> None:
    """A gate for each family, and a verdict for each variant, as if their outcomes had been judged."""
    with closing(database.connect(data / DATABASE)) as connection, database.transaction(connection):
        models = connection.execute(
            "SELECT model.family, max(evaluation.rowid) FROM model JOIN evaluation USING (model_id)"
            " GROUP BY model.model_id"
        ).fetchall()
        of_family: dict[str, list[rest.GateVerdictRecord]] = {}
        for number, (family, rowid) in enumerate(models):
            row = connection.execute("SELECT * FROM evaluation WHERE rowid = ?", (rowid,)).fetchone()
            line = f"{row['set_name']}: accuracy >= source - 2"
            verdict = rest.GateVerdictRecord(
                **{name: row[name] for name in ("model_id", "base_key", "runtime", "architecture", "result_id")},
                family=family,
                gate=line,
                reference_id="",
                state=("passes", "fails", "undecided", "passes")[number % 4],
                sentence="made up",
                n=500,
            )
            of_family.setdefault(family, []).append(verdict)
        for family, verdicts in of_family.items():
            gates.set_gates(connection, family, [verdicts[0].gate])
            gates.save_judged(connection, family, "made up", verdicts, [], [])


def measure(data: Path, count: int) -> None:
    """All of it, on a folder that is seeded already."""
    chance = random.Random(1)
    add_gates(data)
    with_answers(data)
    in_process(data, 40)
    with hub_on(data) as (url, mqtt_port, process):
        timed("home, nothing changed since the last look", lambda: f"{url}/", 100)
        views = iter(range(10**6))
        timed("home, built anew", lambda: f"{url}/?hide={next(views)}", 100)
        timed(
            "a part of the matrix at random, mostly built anew",
            lambda: url + chance.choice(PAGES).format(d=chance.randint(1, 10), c=chance.randint(1, 9)),
            100,
        )
        costs = cost_page(data, url)
        timed("a cost page with 10,000 draws", lambda: costs, 30)
        print(f"first visit: {first_visit_bytes(url) / 1024:.0f} KiB compressed")
        chromium(url, 5)
        print(f"hub with its broker: RSS {rss_mib(process):.0f} MiB after the pages")
        ingest(data, url, mqtt_port, count)
        print(f"hub with its broker: RSS {rss_mib(process):.0f} MiB after the ingest")


def main() -> None:
    """Seed where nothing is named, then measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="a folder filled by `edgeprof hub seed` (it gets more results)")
    parser.add_argument("--ingest", type=int, default=8000)
    asked = parser.parse_args()
    if asked.data:
        measure(asked.data, asked.ingest)
        return
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "hub"
        subprocess.run([sys.executable, "-m", "edgeprof", "hub", "seed", "--data", str(data)], check=True)
        measure(data, asked.ingest)


if __name__ == "__main__":
    main()
