"""Results into Weights & Biases: what each run is given, and in the full tier W&B itself and its own reader."""

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edgeprof import publish_mark
from edgeprof.paths import cache_dir
from edgeprof.publish_wandb import figures_of, tags_of
from tests.cli.conftest import Run
from tests.hub import fleet
from tests.hub.live import Live

PROJECT = Path(__file__).parents[2]
CNN = fleet.model("cnn", "cnn", quantization="int8")
VALUES = (4.0, 5.0, 6.0)


@pytest.fixture
def filled(hub: Live) -> fleet.Fleet:
    results = [fleet.result(1, CNN, fleet.vision_rows(value, 0.1)) for value in VALUES]
    failed = fleet.result(1, CNN, failure=fleet.UNSUPPORTED)
    of = fleet.Fleet([fleet.state(1, "pi")], [fleet.facts(1)], [CNN], [*results, failed])
    hub.hub.writer.call(lambda store: fleet.fill(store, of))
    return of


class Recorded:
    """Stands for the package `wandb`: keeps what it is given; `fails_at` is the run that it refuses."""

    class Failed(Exception):
        """Its `errors.Error`."""

    def __init__(self) -> None:
        self.errors = SimpleNamespace(Error=self.Failed)
        self.runs: list[dict[str, Any]] = []
        self.fails_at = -1

    def Settings(self, **given: object) -> dict[str, object]:
        return given

    def init(self, **given: Any) -> SimpleNamespace:
        if len(self.runs) == self.fails_at:
            raise self.Failed("the quota\nis used up")
        kept: dict[str, Any] = {**given, "logged": {}, "summary": {}}
        self.runs.append(kept)

        def finish(exit_code: int) -> None:
            kept["exit_code"] = exit_code

        return SimpleNamespace(summary=kept["summary"], log=kept["logged"].update, finish=finish)


@pytest.fixture
def wandb(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    recorded = Recorded()
    monkeypatch.setitem(sys.modules, "wandb", recorded)  # type: ignore[arg-type]
    return recorded


def test_each_result_is_a_run_by_its_own_id_and_only_new_ones_are_written(
    run: Run, filled: fleet.Fleet, wandb: Recorded, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    assert run("publish", "wandb", str(folder)).out.startswith("4 results written. Send them with: wandb sync")
    assert [one["id"] for one in wandb.runs] == [result.result_id for result in filled.results]
    first, *_, failed = wandb.runs
    assert (first["mode"], first["project"], first["group"], first["job_type"]) == ("offline", "edgeprof", "pi", "cnn")
    assert first["logged"]["latency_p50_ms"] == first["summary"]["latency_p50_ms"] == VALUES[0]
    assert first["summary"]["latency_p50_ms.ci_low"] == pytest.approx(3.9)
    assert "latency_p50_ms.ci_low" not in first["logged"]
    assert first["config"]["runtime"] == "onnxruntime"
    assert first["tags"] == ["int8", "onnxruntime", "measured"]
    assert first["settings"]["host"] == "pi"
    assert [one["exit_code"] for one in wandb.runs] == [0, 0, 0, 1]
    assert failed["logged"] == {}
    assert failed["config"]["failure_code"] == "operator_unsupported"
    assert run("publish", "wandb", str(folder)).out.startswith("0 results written.")
    assert len(wandb.runs) == 4
    online = run("publish", "wandb", str(tmp_path / "other"), "--online", "--project", "p", "--entity", "e")
    assert online.out == "4 results sent.\n"
    assert (wandb.runs[-1]["mode"], wandb.runs[-1]["entity"], wandb.runs[-1]["resume"]) == ("online", "e", "allow")


def test_a_publish_that_was_refused_goes_on_behind_what_is_there(
    run: Run, filled: fleet.Fleet, wandb: Recorded, tmp_path: Path
) -> None:
    wandb.fails_at = 2
    refused = run("publish", "wandb", str(tmp_path))
    assert refused.refused_with("wandb_failed")
    assert "the quota is used up" in refused.err
    assert (tmp_path / publish_mark.MARK).read_text() == "2\n"
    wandb.fails_at = -1
    assert run("publish", "wandb", str(tmp_path)).out.startswith("2 results written.")
    assert [one["id"] for one in wandb.runs] == [result.result_id for result in filled.results]


def test_without_the_package_one_sentence_says_how_to_get_it(
    run: Run, filled: fleet.Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    missing = run("publish", "wandb", str(tmp_path / "out"))
    assert missing.refused_with("wandb_missing")
    assert "pip install 'edgeprof[wandb]'" in missing.err
    assert not (tmp_path / "out").exists()


def test_a_run_without_figures_has_none_and_a_played_one_is_tagged() -> None:
    row = {"metric": None, "value": None, "ci_low": None, "ci_high": None}
    assert list(figures_of([row])) == []
    first = {"quantization": "q" * 80, "runtime": None, "status": "failed", "emulated": True, "replayed": "orin"}
    assert tags_of(first) == ["q" * 64, "failed", "emulated", "replayed"]


READ = """
import glob, json, sys
from wandb.proto import wandb_internal_pb2 as pb
from wandb.sdk.internal.datastore import DataStore
found = []
for path in glob.glob(sys.argv[1] + "/wandb/offline-run-*/*.wandb"):
    store, one = DataStore(), {"summary": {}, "config": {}}
    store.open_for_scan(path)
    while (data := store.scan_data()) is not None:
        record = pb.Record()
        record.ParseFromString(data)
        if record.HasField("run"):
            one |= {"id": record.run.run_id, "name": record.run.display_name, "host": record.run.host}
            one["config"] |= {item.key: json.loads(item.value_json) for item in record.run.config.update}
        if record.HasField("summary"):
            for item in record.summary.update:
                one["summary"][".".join(item.nested_key) or item.key] = json.loads(item.value_json)
        if record.HasField("exit"):
            one["exit"] = record.exit.exit_code
    found.append(one)
print(json.dumps(found))
"""


def environment(name: str, *packages: str) -> Path:
    """A Python with these packages, made once."""
    folder = cache_dir() / name
    if not (folder / "made").exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "-q", *packages], check=True)
        (folder / "made").touch()
    return folder / "bin" / "python"


@pytest.mark.full
def test_wandbs_own_reader_finds_every_figure(hub: Live, filled: fleet.Fleet, tmp_path: Path) -> None:
    """Written by the newest W&B with no network to be had; read by the last release that carried a reader in Python."""
    base = ("click", "msgspec", "paho-mqtt", "platformdirs", "psutil")
    writer = environment("wandb-0.31.0", "wandb==0.31.0", *base)
    reader = environment("wandb-0.19.11", "wandb==0.19.11", "setuptools<81")
    folders = ("", "agent", "hub", "model_exports", "device_profiles")
    nowhere = "http://127.0.0.1:9"
    there = os.environ | {
        "PYTHONPATH": os.pathsep.join(str(PROJECT / folder) for folder in folders),
        **{"HTTPS_PROXY": nowhere, "https_proxy": nowhere, "WANDB_BASE_URL": nowhere},
    }
    command = [writer, "-m", "edgeprof", "publish", "wandb", tmp_path / "out", "--hub", hub.url]
    first = subprocess.run(command, check=True, capture_output=True, text=True, env=there)
    assert first.stdout.startswith("4 results written."), first.stderr
    again = subprocess.run(command, check=True, capture_output=True, text=True, env=there)
    assert again.stdout.startswith("0 results written.")
    read = subprocess.run([reader, "-c", READ, tmp_path / "out"], check=True, capture_output=True, text=True)
    found = {one["id"]: one for one in json.loads(read.stdout.splitlines()[-1])}
    assert set(found) == {result.result_id for result in filled.results}
    runs = [found[result.result_id] for result in filled.results]
    assert [one["summary"].get("latency_p50_ms") for one in runs] == [*VALUES, None]
    assert runs[0]["summary"]["latency_p50_ms.ci_low"] == pytest.approx(3.9)
    assert runs[0]["config"]["model"] == "cnn"
    assert (runs[0]["name"], runs[0]["host"]) == ("cnn on pi", "pi")
    assert runs[0]["config"]["received_s"] == fleet.NOW_S
    assert [one["exit"] for one in runs] == [0, 0, 0, 1]
