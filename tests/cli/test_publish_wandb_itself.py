"""Results into Weights & Biases with wandb itself, in an environment of its own, without a network."""

import json
import os
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgeprof.publish.wandb import MARK, Mark, read_mark, write_mark
from tests.cli.wandb_server import WandbServer, wandb_server
from tests.environments import python_with
from tests.hub import fleet
from tests.hub.live import Live

pytestmark = pytest.mark.full

PROJECT = Path(__file__).parents[2]
SOURCES = ("", "agent", "hub", "model_exports", "device_profiles")
CNN = fleet.model("cnn", "cnn", quantization="int8")
KEY = "0123456789abcdef" * 3
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture(scope="session")
def python() -> Path:
    """The Python of an environment with what the extra `wandb` installs."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    return python_with("wandb", *project["dependencies"], *project["optional-dependencies"]["wandb"])


@pytest.fixture
def filled(hub: Live) -> fleet.Fleet:
    results = [fleet.result(1, CNN, fleet.vision_rows(4.0 + number, 0.1)) for number in range(3)]
    failed = fleet.result(1, CNN, failure=fleet.UNSUPPORTED)
    of = fleet.Fleet([fleet.state(1, "pi")], [fleet.facts(1)], [CNN], [*results, failed])
    hub.hub.writer.call(lambda store: fleet.fill(store, of))
    return of


@pytest.fixture
def server() -> Iterator[WandbServer]:
    with wandb_server() as opened:
        yield opened


class Publishing:
    """`edgeprof publish wandb` by that Python, where every way out of this machine ends at a closed port."""

    def __init__(self, python: Path, hub: Live, home: Path) -> None:
        self.folder, self._home, self._python, self._hub = home / "runs", home, python, hub.url
        own = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
        paths = os.pathsep.join(str(PROJECT / source) for source in SOURCES)
        closed = {name: NOWHERE for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")}
        self._variables = {**own, **closed, "NO_PROXY": "127.0.0.1", "HOME": str(home), "PYTHONPATH": paths}

    def __call__(self, *arguments: str, url: str = NOWHERE, key: str | None = None) -> tuple[int, str, str]:
        options = ["--hub", self._hub, "--folder", str(self.folder), *arguments]
        return self.call("edgeprof", "publish", "wandb", *options, url=url, key=key)

    def call(self, *module: str, url: str = NOWHERE, key: str | None = None) -> tuple[int, str, str]:
        variables = {**self._variables, "WANDB_BASE_URL": url} | ({"WANDB_API_KEY": key} if key else {})
        command = [str(self._python), "-m", *module]
        # There, as wandb's program leaves a log where it is started.
        done = subprocess.run(
            command, cwd=self._home, env=variables, capture_output=True, text=True, check=False, timeout=120
        )
        return done.returncode, done.stdout, done.stderr

    def runs(self) -> dict[str, dict[str, Any]]:
        """What wandb's own reader finds in the folder, by result."""
        found: dict[str, dict[str, Any]] = {}
        for file in self.folder.glob("wandb/offline-run-*/*.wandb"):
            code, out, err = self.call("wandb", "leet", "inspect", "--summary", "--json", str(file))
            assert code == 0, err
            told = json.loads(out)
            assert told["run_id"] not in found, "a result is there twice"
            found[told["run_id"]] = told
        return found


@pytest.fixture
def publish(python: Path, hub: Live, filled: fleet.Fleet, tmp_path: Path) -> Publishing:
    return Publishing(python, hub, tmp_path)


def test_offline_runs_are_read_back_by_wandb_and_a_second_publish_adds_none(
    publish: Publishing, filled: fleet.Fleet
) -> None:
    code, out, err = publish("--project", "lab", "--entity", "us")
    assert (code, err) == (0, "")
    assert out == f"4 results written. Send them with: cd {publish.folder} && wandb sync\n"
    assert publish("--project", "lab", "--entity", "us")[1].startswith("0 results written.")
    found = publish.runs()
    ordered = [found[result.result_id] for result in filled.results]
    assert len(found) == 4
    assert [run["summary"].get("latency_p50_ms") for run in ordered] == [4.0, 5.0, 6.0, None]
    assert ordered[0]["summary"]["latency_p50_ms_ci_high"] == pytest.approx(4.1)
    assert ordered[0]["config"]["threads"] == 4
    assert {(run["project"], run["entity"], run["name"]) for run in ordered} == {("lab", "us", "cnn on pi")}
    assert [run["exit_code"] for run in ordered] == [0, 0, 0, 1]
    assert "operator_unsupported" in ordered[3]["tags"]
    records = publish.call("wandb", "leet", "inspect", "--json", ordered[0]["file"])[1].splitlines()
    (began,) = [record["run"] for record in map(json.loads, records) if record["type"] == "run"]
    assert (began["host"], began["run_group"], began["tags"]) == ("pi", "cnn", ["onnxruntime", "int8"])


def test_a_publish_that_was_killed_before_its_mark_does_not_double(
    publish: Publishing, hub: Live, filled: fleet.Fleet
) -> None:
    assert publish()[0] == 0
    mark = read_mark(publish.folder, hub.client.hub_id(), "wandb sync, edgeprof")
    assert mark.seq == 4
    write_mark(publish.folder, Mark(mark.hub_id, mark.target, 2, filled.results[1].result_id))
    assert publish()[1].startswith("2 results written.")
    assert set(publish.runs()) == {result.result_id for result in filled.results}


def uploaded(server: WandbServer, filled: fleet.Fleet) -> None:
    """Hold what the server got against what was measured."""
    ids = [result.result_id for result in filled.results]
    figures = [[line["latency_p50_ms"] for line in server.history.get(run_id, [])] for run_id in ids]
    assert figures == [[4.0], [5.0], [6.0], []]
    assert [server.exit_codes[run_id] for run_id in ids] == [0, 0, 0, 1]
    bucket = server.buckets[ids[0]]
    assert json.loads(bucket["config"])["runtime"]["value"] == "onnxruntime"
    assert (bucket["displayName"], bucket["groupName"]) == ("cnn on pi", "cnn")
    assert bucket.get("host", "pi") == "pi", "the machine that publishes was named"
    assert bucket["tags"] == ["onnxruntime", "int8"]


def test_with_a_key_it_is_online_and_the_key_is_in_no_file(
    publish: Publishing, filled: fleet.Fleet, server: WandbServer, tmp_path: Path
) -> None:
    code, out, err = publish(url=server.url, key=KEY)
    assert (code, out, err) == (0, f"4 results sent to {server.url}, project edgeprof.\n", "")
    assert publish(url=server.url, key=KEY)[1].startswith("0 results sent")
    uploaded(server, filled)
    assert server.paths == {"graphql", "files", "upload"}, "its makers were told of its use"
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert publish.folder / MARK in files
    assert [file for file in files if KEY.encode() in file.read_bytes()] == []


def test_wandb_sync_sends_what_was_written_offline(
    publish: Publishing, filled: fleet.Fleet, server: WandbServer
) -> None:
    assert publish("--offline", url=server.url, key=KEY)[0] == 0
    assert server.paths == set()
    runs = [str(path) for path in publish.folder.glob("wandb/offline-run-*")]
    assert publish.call("wandb", "sync", *runs, url=server.url, key=KEY)[0] == 0
    uploaded(server, filled)


@pytest.mark.parametrize(
    ("knows_key", "stream_status", "sentence"),
    [(False, 200, "user is not logged in"), (True, 400, "400 Bad Request")],
    ids=["a strange key", "an upload given up"],
)
def test_what_wandb_refuses_is_one_sentence_and_is_sent_again_later(
    publish: Publishing, filled: fleet.Fleet, server: WandbServer, knows_key: bool, stream_status: int, sentence: str
) -> None:
    server.knows_key, server.stream_status = knows_key, stream_status
    code, _, err = publish(url=server.url, key=KEY)
    assert code == 1
    assert sentence in err
    assert err.startswith(f"edgeprof: W&B at {server.url} rejected the run: ")
    assert err.endswith(" [wandb_failed]\n")
    assert err.count("\n") == 1
    server.knows_key, server.stream_status = True, 200
    assert publish(url=server.url, key=KEY)[1].startswith("4 results sent")
    uploaded(server, filled)


def test_a_server_that_is_down_is_one_sentence(publish: Publishing) -> None:
    code, _, err = publish(key=KEY)
    assert code == 1
    assert "connection refused" in err
    assert err.count("\n") == 1
