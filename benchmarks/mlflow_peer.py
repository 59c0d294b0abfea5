"""The hub beside MLflow 3 on SQLite, an equal document each: how fast reports come in, how fast 100 come back in order.

A document has 20 metrics and 15 parameters. Both sides take it over the network from eight clients at once, as their
own clients send it: MLflow by runs/create, runs/log-batch and runs/update, the hub by MQTT with a receipt after the
commit. Then both hold 20,000 documents (MLflow's by SQL into its own schema, as its own way would take an hour) and
give the first 100 by a metric. MLflow runs with one worker and without its job runner, its leanest way.
"""

import argparse
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import venv
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.hub_footprint import answers, free_port
from benchmarks.hub_scale import hub_on, quantile, rss_mib, send, stored
from edgeprof.paths import cache_dir
from edgeprof.wire import codec, identity
from edgeprof.wire.figures import MetricRow
from edgeprof.wire.metrics import METRICS
from edgeprof_devices import load_profiles
from edgeprof_hub.seed import plan, results, writing

VERSION = "3.17.2"
CLIENTS = 8
METRIC_COUNT, PARAM_COUNT = 20, 15
PATIENCE_S = 180.0
BY = "latency_p50_ms"


def mlflow_python() -> Path:
    """An environment of its own with MLflow, made once in the user's cache."""
    folder = cache_dir() / f"mlflow-{VERSION}"
    python = folder / "bin" / "python"
    if not (folder / "bin" / "mlflow").exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", f"mlflow=={VERSION}"], check=True)
    return python


@contextmanager
def mlflow_on(python: Path, folder: Path) -> Generator[tuple[str, Path]]:
    """A server of its own process on a new SQLite file: its address, its database."""
    port, file = free_port(), folder / "mlflow.sqlite"
    store = ["--backend-store-uri", f"sqlite:///{file}", "--default-artifact-root", str(folder / "artifacts")]
    command = [python, "-m", "mlflow", "server", *store, "--port", str(port), "--workers", "1"]
    lean = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, env=lean, stdout=quiet, stderr=quiet, start_new_session=True) as server:
        try:
            url, end_s = f"http://127.0.0.1:{port}", time.monotonic() + PATIENCE_S
            while not answers(f"{url}/health"):
                if time.monotonic() > end_s:
                    raise SystemExit("MLflow did not start.")
                time.sleep(0.1)
            yield url, file
        finally:
            os.killpg(server.pid, 15)


def post(url: str, path: str, body: object) -> dict[str, dict[str, dict[str, str]]]:
    """One call of MLflow's REST API."""
    data, headers = json.dumps(body).encode(), {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/api/2.0/mlflow/{path}", data, headers)
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        return json.loads(answer.read())


def report(url: str, number: int) -> None:
    """One whole document as MLflow's client sends it."""
    now_ms = int(time.time() * 1000)
    run = post(url, "runs/create", {"experiment_id": "0", "start_time": now_ms})
    run_id = run["run"]["info"]["run_id"]
    metrics = [{"key": f"m{i}", "value": number + i, "timestamp": now_ms, "step": 0} for i in range(METRIC_COUNT)]
    params = [{"key": f"p{i}", "value": f"value {i}"} for i in range(PARAM_COUNT)]
    post(url, "runs/log-batch", {"run_id": run_id, "metrics": metrics, "params": params})
    post(url, "runs/update", {"run_id": run_id, "status": "FINISHED", "end_time": now_ms})


def at_once(work: Callable[[int], None]) -> float:
    """Seconds that all clients take together."""
    threads = [threading.Thread(target=work, args=(number,)) for number in range(CLIENTS)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - start


def mlflow_ingest(url: str, each: int) -> float:
    """Documents a second."""

    def work(number: int) -> None:
        for index in range(each):
            report(url, number * each + index)

    return each * CLIENTS / at_once(work)


def fill_mlflow(file: Path, count: int) -> None:
    """Copies of the first run, until there are so many: each with figures of its own."""
    with closing(sqlite3.connect(file, timeout=60)) as database:
        first = database.execute("SELECT run_uuid FROM runs LIMIT 1").fetchone()[0]
        there = database.execute("SELECT count(*) FROM runs").fetchone()[0]
        ids = [f"{number:032x}" for number in range(count - there)]
        for table in ("runs", "params", "metrics", "latest_metrics"):
            cursor = database.execute(f"SELECT * FROM {table} WHERE run_uuid = ?", (first,))
            columns = [column[0] for column in cursor.description]
            rows, place = cursor.fetchall(), columns.index("run_uuid")
            value = columns.index("value") if table in ("metrics", "latest_metrics") else None
            copies = (
                tuple(
                    run_id if at == place else (number * 7919 % count) if at == value else cell
                    for at, cell in enumerate(row)
                )
                for number, run_id in enumerate(ids)
                for row in rows
            )
            database.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * len(columns))})", copies)
        database.commit()


def mlflow_sorted_s(url: str) -> float:
    """Seconds for the first 100 by a metric."""
    start = time.monotonic()
    post(url, "runs/search", {"experiment_ids": ["0"], "max_results": 100, "order_by": ["metrics.m0 ASC"]})
    return time.monotonic() - start


def documents(board: plan.SeedDevice, networks: list[plan.SeedModel], count: int) -> list[bytes]:
    """Results of one device with 20 metrics; their configuration, protocol and state are more than 15 parameters."""
    chance = random.Random(board.device_id)
    made: list[bytes] = []
    for number in range(count):
        base = results.result(identity.new_id(), board, networks[number % len(networks)], time.time(), chance)
        rows = {
            name: MetricRow(metric=name, value=number + 1.0, n=200, ci_low=None, ci_high=None)
            for name in [*METRICS][:METRIC_COUNT]
        }
        rows[BY] = replace(rows.get(BY, next(iter(rows.values()))), metric=BY)
        made.append(codec.encode(replace(base, status="measured", failure=None, metrics=tuple(rows.values()))))
    return made


def hub_ingest(data: Path, mqtt_port: int, each: int) -> float:
    """Documents a second, each committed and confirmed."""
    profiles = sorted(load_profiles().values(), key=lambda profile: profile.id)
    networks = plan.networks(100, time.time(), 1)
    boards = plan.boards(200, profiles, 1)[:CLIENTS]
    loads = [(board.device_id, documents(board, networks, each)) for board in boards]
    goal = stored(data) + each * CLIENTS
    took_s = at_once(lambda number: send(mqtt_port, *loads[number]))
    if stored(data) < goal:
        raise SystemExit("Some results were not stored.")
    return each * CLIENTS / took_s


def hub_sorted_s(url: str) -> float:
    """Seconds for the first 100 by a metric."""
    start = time.monotonic()
    with urllib.request.urlopen(f"{url}/api/v1/results?order_by={BY}&limit=100", timeout=PATIENCE_S) as answer:
        if len(json.loads(answer.read())) != 100:
            raise SystemExit("The hub did not give 100 results.")
    return time.monotonic() - start


def main() -> None:
    """Both, one after the other, on the same machine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", type=Path, help="of an environment that has MLflow; default: one in the cache")
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--json", type=Path, help="keep the figures here")
    asked = parser.parse_args()
    python = asked.python or mlflow_python()
    with tempfile.TemporaryDirectory() as folder:
        with mlflow_on(python, Path(folder)) as (url, file):
            mlflow_ingest(url, 1)  # the first calls load its parts
            theirs = mlflow_ingest(url, 10)
            fill_mlflow(file, asked.runs)
            their_search = [mlflow_sorted_s(url) for _ in range(3)]
        data = Path(folder) / "hub"
        data.mkdir()
        writing.fill(data, writing.Size(devices=200, models=100, results=asked.runs), lambda _: None)
        with hub_on(data) as (url, mqtt_port, process):
            ours = hub_ingest(data, mqtt_port, 500)
            our_search = [hub_sorted_s(url) for _ in range(20)]
            weight = rss_mib(process)
    their_s, our_s = quantile(their_search, 0.5), quantile(our_search, 0.5)
    print(f"ingest: hub {ours:.0f}/s, MLflow {VERSION} {theirs:.1f}/s: {ours / theirs:.0f} times")
    ratio = f"{their_s / our_s:.0f} times"
    print(f"100 of {asked.runs:,} by a metric: hub {our_s * 1000:.1f} ms, MLflow {their_s:.2f} s: {ratio}")
    print(f"hub with its broker: RSS {weight:.0f} MiB")
    if asked.json:
        figures = {"ingest_per_s": [ours, theirs], "sorted_s": [our_search, their_search], "mlflow": VERSION}
        asked.json.write_text(json.dumps(figures))


if __name__ == "__main__":
    sys.exit(main())
