"""Flash only: the load test in the sandbox, the switch of versions, what may be evicted, and the bandwidth limit."""

import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

import edgeprof_exports
from edgeprof.modelfiles import inspect
from edgeprof.wire import identity
from edgeprof.wire.messages import Failure, ModelRef
from edgeprof_agent.daemon import installed as installed_module
from edgeprof_agent.daemon.installed import Installed, file_name
from edgeprof_agent.daemon.jobs import Started
from edgeprof_agent.daemon.pace import Pace, lower
from edgeprof_agent.measuring.flashing import NOT_MEASURED
from edgeprof_agent.measuring.measure import measure
from edgeprof_agent.measuring.request import MeasureRequest
from edgeprof_agent.worker_protocol.progress import OnProgress
from tests.agent import pieces
from tests.agent.agent_process import Measured, Start, quick
from tests.agent.minimal_hub import MinimalHub, eventually
from tests.agent.test_store import Shelf

DIGITS = Path(edgeprof_exports.__file__).parent / "bundled" / "digits-cnn-int8.onnx"


def load_only(job_model: ModelRef) -> MeasureRequest:
    job = pieces.job(job_model)
    config = replace(job.config, load_only=True)
    return MeasureRequest(
        result_id=identity.new_id(),
        job_id=job.job_id,
        attempt=1,
        device_id="d-1",
        model=job_model,
        model_dir=DIGITS.parent,
        config=config,
        protocol=job.protocol,
        memory_limit_mib=None,
        cores=None,
        emulated=False,
    )


def digits() -> ModelRef:
    manifest = inspect(DIGITS).manifest
    return ModelRef(model_id=identity.model_id(manifest), name="digits", format="onnx", manifest=manifest)


def say_nothing(_stage: str, _fraction: float | None, _note: str) -> None:
    return None


def test_a_real_model_is_loaded_once_in_the_sandbox_and_nothing_else_is_claimed() -> None:
    result, artifacts = measure(load_only(digits()), say_nothing, threading.Event())
    assert (result.status, result.failure, artifacts) == ("measured", None, {})
    found = {row.metric: row.value for row in result.metrics}
    assert found["peak_memory_mib"] > 5
    assert found.get("load_cold_ms", found.get("load_ms", 0.0)) > 0
    assert not {"latency_p50_ms", "throughput_per_s"} & set(found)
    assert ("latency_p50_ms", NOT_MEASURED) in {(one.metric, one.reason) for one in result.absent}
    assert result.isolation is not None
    assert not result.samples_ms


def test_a_model_that_does_not_load_is_not_flashed(tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(DIGITS.read_bytes()[:-2000])
    model = pieces.model("broken", {"broken.onnx": broken.read_bytes()})
    result, _ = measure(replace(load_only(model), model_dir=tmp_path), say_nothing, threading.Event())
    assert result.status == "failed"
    assert result.failure is not None
    assert result.metrics == ()


def test_a_run_that_only_flashes_has_a_key_of_its_own() -> None:
    config = pieces.job().config
    assert identity.config_key(config) != identity.config_key(replace(config, load_only=True))


def versions(folder: Path, family: str) -> tuple[str, str]:
    found = Installed(folder).versions()[family]
    return found.current, found.previous


def test_a_switch_keeps_the_version_before_and_links_both(tmp_path: Path) -> None:
    installed = Installed(tmp_path)
    for name in ("one", "two", "three"):
        (tmp_path / "models" / name).mkdir(parents=True)
        (tmp_path / "models" / name / "m").write_text(name)
        installed.switch("cnn", name)
    installed.switch("cnn", "three")  # again: nothing changes
    assert versions(tmp_path, "cnn") == ("three", "two")
    assert (tmp_path / "installed" / "cnn" / "m").read_text() == "three"
    assert (tmp_path / "installed" / "cnn.previous" / "m").read_text() == "two"
    installed.switch("cnn", "two")  # back
    assert versions(tmp_path, "cnn") == ("two", "three")
    assert (installed.current(), installed.previous()) == ({"two"}, {"three"})


def test_links_that_a_power_cut_left_behind_follow_the_record_at_the_next_start(tmp_path: Path) -> None:
    (tmp_path / "models" / "new").mkdir(parents=True)
    installed = Installed(tmp_path)
    installed.switch("cnn", "new")
    link = tmp_path / "installed" / "cnn"
    link.unlink()
    link.symlink_to("../models/old")
    (tmp_path / "installed" / ".cnn.new").symlink_to("../models/half")
    installed.link()
    assert os.readlink(link) == "../models/new"
    assert [entry.name for entry in (tmp_path / "installed").iterdir()] == ["cnn"]


@pytest.mark.parametrize("step", ["record", "link"])
def test_a_power_cut_in_a_switch_leaves_the_old_version_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    (tmp_path / "models" / "old").mkdir(parents=True)
    (tmp_path / "models" / "new").mkdir()
    Installed(tmp_path).switch("cnn", "old")

    def cut(*_: object) -> None:
        raise OSError("the power is gone")

    name = "replace_durably" if step == "record" else "_point"
    monkeypatch.setattr(installed_module, name, cut)
    with pytest.raises(OSError, match="power"):
        Installed(tmp_path).switch("cnn", "new")
    monkeypatch.undo()
    Installed(tmp_path).link()
    expected = "old" if step == "record" else "new"
    assert Installed(tmp_path).current() == {expected}
    assert os.readlink(tmp_path / "installed" / "cnn") == f"../models/{expected}"


@pytest.mark.parametrize("family", ["cnn", "a/b", "..", "", "ü ö", "x" * 300, "a b", "a-b"])
def test_a_familys_name_is_one_safe_files_name(family: str) -> None:
    name = file_name(family)
    assert name not in ("", ".", "..")
    assert "/" not in name
    assert len(name) < 100
    assert (file_name("a b") == file_name("a-b")) is False


def test_a_rotten_record_is_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / "installed.json").write_bytes(b"\0\0")
    assert Installed(tmp_path).current() == set()
    Installed(tmp_path).switch("cnn", "new")
    assert Installed(tmp_path).current() == {"new"}


def test_the_previous_version_goes_last_and_the_current_one_never(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, budget_bytes=30)
    installed = Installed(tmp_path)
    shelf.store = replace(shelf.store, spare_last=installed.previous)
    old, now, other = (shelf.model(name) for name in ("o", "n", "x"))  # 10 bytes each
    for each in (old, now):
        shelf.prepare(each)
        installed.switch("cnn", each.model_id)
    shelf.prepare(other)
    shelf.prepare(shelf.model("y"), keep=installed.current())
    assert not shelf.has(other)  # used after the previous version, and yet it goes
    assert shelf.has(old)
    shelf.prepare(shelf.model("z", a=b"z" * 20), keep=installed.current())
    assert not shelf.has(old)
    assert shelf.has(now)


def test_a_bandwidth_limit_spreads_the_bytes_and_counts_none_that_were_here(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]

    class Clock(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            clock[0] += timeout or 0.0
            return False

    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    pace = Pace(8.0, Clock())  # 1 MB/s
    pace.reached(5_000_000)
    for done in range(5_250_000, 7_000_001, 250_000):
        pace.reached(done)
    assert clock[0] == pytest.approx(2.0)
    pace.reached(0)  # it started over
    pace.reached(1_000_000)
    assert clock[0] == pytest.approx(3.0)
    Pace(None, Clock()).reached(10**9)
    assert clock[0] == pytest.approx(3.0)


def test_the_stricter_limit_counts() -> None:
    assert [lower(None, None), lower(5, None), lower(None, 3), lower(5, 3)] == [None, 5, 3, 3]


@pytest.mark.mosquitto
def test_an_agent_switches_only_after_the_load_test(hub: MinimalHub, start: Start) -> None:
    def tested(begun: Started, folder: Path, on_progress: OnProgress, cancelled: threading.Event) -> Measured:
        if begun.job.model.name == "bad":
            failure = Failure(stage="load", code="load_error", message="It does not load.")
            return replace(pieces.result(begun.job, begun.result_id), status="failed", failure=failure), {}
        return quick(begun, folder, on_progress, cancelled)

    agent = start(tested)
    folder = agent.agent._folder.path  # pyright: ignore[reportPrivateUsage]
    for number, name in enumerate(("first", "second", "bad", "measured")):
        contents = {"model.onnx": name.encode() * 100}
        model = replace(pieces.model(name, contents), family="cnn")
        hub.offer(model, contents)
        job = pieces.job(model)
        job = replace(job, config=replace(job.config, load_only=name != "measured"))
        hub.send(agent.device_id, job)
        eventually(lambda wanted=number + 1: len(hub.results) == wanted)
    ids = [pieces.model(name, {"model.onnx": name.encode() * 100}).model_id for name in ("second", "first")]
    assert versions(folder, "cnn") == tuple(ids)
    assert (folder / "installed" / "cnn" / "model.onnx").read_bytes() == b"second" * 100
