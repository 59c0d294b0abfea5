"""Results into Weights & Biases: what a run holds, marks, and what is said where wandb is missing or was stopped."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.publish import wandb
from edgeprof.publish.wandb import Mark, publish_all, read_mark, run_of
from tests.cli.conftest import Run
from tests.hub import fleet
from tests.hub.live import Live

CNN = fleet.model("cnn", "cnn", quantization="int8")
HUB, TARGET = "h-1", "wandb sync, edgeprof"

Lines = Callable[[int], list[bytes]]


@pytest.fixture
def filled(hub: Live) -> fleet.Fleet:
    results = [fleet.result(1, CNN, fleet.vision_rows(4.0 + number, 0.1)) for number in range(3)]
    failed = fleet.result(1, CNN, failure=fleet.UNSUPPORTED)
    of = fleet.Fleet([fleet.state(1, "pi")], [fleet.facts(1)], [CNN], [*results, failed])
    hub.hub.writer.call(lambda store: fleet.fill(store, of))
    return of


@pytest.fixture
def lines(hub: Live, filled: fleet.Fleet) -> Lines:
    return lambda after: list(hub.client.export("ndjson", after))


class Taken(list[wandb.WandbRun]):
    """A target that keeps what it is sent, and breaks at one of them."""

    breaks_at = -1

    def send(self, run: wandb.WandbRun) -> None:
        if len(self) == self.breaks_at:
            raise EdgeprofError("wandb_failed", "it broke")
        self.append(run)


def publish(target: Taken, folder: Path, lines: Lines) -> int:
    return publish_all(target, folder, read_mark(folder, HUB, TARGET), lines, "family", lambda _: None)


def test_a_run_holds_figures_with_their_intervals_and_what_was_measured_where(lines: Lines) -> None:
    rows = [json.loads(line) for line in lines(0)]
    run = run_of([row for row in rows if row["seq"] == 1], "device")
    assert run.run_id == rows[0]["result_id"]
    assert (run.name, run.group, run.host) == ("cnn on pi", "pi", "pi")
    assert run.tags == ("onnxruntime", "int8")
    assert run.config["threads"] == 4
    assert run.config["quantization"] == "int8"
    assert "failure_code" not in run.config
    assert run.figures["latency_p50_ms"] == 4.0
    assert run.figures["latency_p50_ms_ci_low"] == pytest.approx(3.9)
    assert run.figures["latency_p50_ms_ci_high"] == pytest.approx(4.1)
    assert "load_ms_ci_low" not in run.figures
    failed = run_of([row for row in rows if row["seq"] == 4], "family")
    assert failed.has_failed
    assert not failed.figures
    assert failed.group == "cnn"
    assert "operator_unsupported" in failed.tags


def test_names_and_tags_are_as_long_as_wandb_takes_them(lines: Lines) -> None:
    row = {**json.loads(lines(0)[0]), "model": "m" * 200, "quantization": "q" * 200, "emulated": True, "trust": "hot"}
    run = run_of([row], "family")
    assert (len(run.name), len(run.tags[1])) == (128, 64)
    assert run.tags[2:] == ("hot", "emulated")


def test_a_publish_that_broke_off_goes_on_and_a_second_one_sends_nothing(
    lines: Lines, filled: fleet.Fleet, tmp_path: Path
) -> None:
    target = Taken()
    target.breaks_at = 2
    with pytest.raises(EdgeprofError):
        publish(target, tmp_path, lines)
    assert read_mark(tmp_path, HUB, TARGET) == Mark(HUB, TARGET, 2, filled.results[1].result_id)
    target.breaks_at = -1
    assert publish(target, tmp_path, lines) == 2
    assert publish(target, tmp_path, lines) == 0
    assert [run.run_id for run in target] == [result.result_id for result in filled.results]


def test_a_folder_is_for_one_hub_and_one_target(lines: Lines, tmp_path: Path) -> None:
    wandb.write_mark(tmp_path, Mark(HUB, TARGET, 2, "another-result"))
    with pytest.raises(UsageError) as restored:
        publish(Taken(), tmp_path, lines)
    with pytest.raises(UsageError) as other_hub:
        read_mark(tmp_path, "h-2", TARGET)
    assert {restored.value.code, other_hub.value.code} == {"other_hub"}
    with pytest.raises(UsageError) as other_target:
        read_mark(tmp_path, HUB, "wandb sync, another")
    assert other_target.value.code == "other_target"
    (tmp_path / wandb.MARK).write_text("yesterday")
    with pytest.raises(UsageError) as bad_mark:
        read_mark(tmp_path, HUB, TARGET)
    assert bad_mark.value.code == "bad_mark"


@pytest.mark.parametrize("found", [None, SimpleNamespace()], ids=["nothing", "a folder called wandb"])
def test_without_the_package_the_line_that_installs_it_is_said(
    run: Run, filled: fleet.Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: object
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", found)
    said = run("publish", "wandb", "--offline", "--folder", str(tmp_path / "runs"))
    assert said.refused_with("extra_missing")
    assert said.code == 3
    assert "pip install 'edgeprof[wandb]'" in said.err


def test_online_needs_a_key(run: Run, filled: fleet.Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    assert run("publish", "wandb", "--online").refused_with("no_wandb_key")


def _nothing(*_: object, **__: object) -> None:
    """What a run does with what it is told."""


class FakeWandb(SimpleNamespace):
    """As much of wandb as the command touches; the runs it was asked for, and how."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[tuple[str, str, str]] = []
        self.is_over = False

    def Settings(self, **settings: object) -> SimpleNamespace:
        return SimpleNamespace(**settings, base_url="http://wandb.test", log_internal="/nothing")

    def setup(self, settings: SimpleNamespace) -> SimpleNamespace:
        return SimpleNamespace(settings=settings)

    def init(self, **asked: Any) -> SimpleNamespace:
        settings = asked["settings"]
        self.runs.append((asked["id"], settings.mode, asked["project"]))
        return SimpleNamespace(settings=settings, log=_nothing, finish=_nothing)

    def teardown(self, exit_code: int | None = None) -> None:
        self.is_over = True


@pytest.mark.parametrize(
    ("key", "said", "mode"),
    [
        ("", (), "offline"),
        ("a-key", (), "online"),
        ("a-key", ("--offline",), "offline"),
    ],
)
def test_a_key_decides_between_online_and_offline_unless_it_is_said(
    run: Run,
    hub: Live,
    filled: fleet.Fleet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    said: tuple[str, ...],
    mode: str,
) -> None:
    fake = FakeWandb()
    monkeypatch.setitem(sys.modules, "wandb", fake)
    monkeypatch.setenv("WANDB_API_KEY", key)
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
    folder = tmp_path / "its runs"
    sent = run("publish", "wandb", *said, "--folder", str(folder))
    ended = "sent to http://wandb.test, project edgeprof.\n"
    written = f"written. Send them with: cd '{folder}' && wandb sync\n"
    assert sent.out == f"4 results {ended if mode == 'online' else written}"
    assert fake.runs == [(result.result_id, mode, "edgeprof") for result in filled.results]
    assert fake.is_over
    mark = msgspec.json.decode((folder / wandb.MARK).read_bytes(), type=Mark)
    assert (mark.hub_id, mark.seq) == (hub.hub.hub_id, 4)
