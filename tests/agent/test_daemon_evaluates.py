"""A job with an evaluation set: its files are fetched as a model's are, and its journal outlives a failed attempt."""

import dataclasses
import hashlib
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edgeprof.errors import EdgeprofError
from edgeprof.quality.file_index import INDEX_FILE, MAX_LISTED, shortened
from edgeprof.wire import identity
from edgeprof.wire.evaluation import EvaluationSetRef
from edgeprof.wire.messages import Ack, Failure, FileRef, Job, Manifest, ModelRef
from edgeprof_agent.daemon import set_files
from edgeprof_agent.daemon.jobs import KEEP_DONE_S, Started
from edgeprof_agent.daemon.journals import Journals
from edgeprof_agent.worker_protocol.progress import OnProgress
from tests.agent import pieces
from tests.agent.agent_process import Measured, Start
from tests.agent.measuring import unheard
from tests.agent.minimal_hub import MinimalHub, eventually
from tests.agent.test_store import Shelf

CONTENTS = {"model.onnx": b"tiny" * 100}


def contents_of(count: int) -> dict[str, bytes]:
    """A set of so many files below `files/`."""
    below = {f"files/{number:03}": f"item {number}".encode() for number in range(count)}
    return {"set.json": b"{}", "items.jsonl": b"{}\n", **below}


def manifest_of(contents: dict[str, bytes]) -> Manifest:
    return identity.manifest_of(
        "set.json",
        [
            FileRef(path=path, size=len(data), sha256=hashlib.sha256(data).hexdigest())
            for path, data in contents.items()
        ],
    )


def a_set(hub: MinimalHub | Shelf, count: int = 2) -> EvaluationSetRef:
    """A set that the hub, or a shelf, can be asked for."""
    contents = contents_of(count)
    short, index = shortened(manifest_of(contents))
    held = hub.blobs if isinstance(hub, MinimalHub) else hub.contents
    for file in (*manifest_of(contents).files, *short.files):
        held[file.sha256] = contents.get(file.path) or index or b""
    return EvaluationSetRef(set_id="5" * 64, name="shapes", task="image-classification", items=count, manifest=short)


def a_job(hub: MinimalHub, one: EvaluationSetRef) -> Job:
    model = pieces.model("tiny", CONTENTS)
    hub.offer(model, CONTENTS)
    base = pieces.job(model)
    config = dataclasses.replace(base.config, evaluation_set=one.set_id)
    return dataclasses.replace(base, config=config, config_key=identity.config_key(config), evaluation=one)


@dataclass
class Evaluating:
    """Writes into the journal; fails so often."""

    failures: int = 0
    journals: list[tuple[Path, str]] = field(default_factory=list[tuple[Path, str]])
    files: list[str] = field(default_factory=list[str])

    def __call__(
        self,
        begun: Started,
        folder: Path,
        set_folder: Path,
        journal: Path,
        on_progress: OnProgress,
        cancelled: threading.Event,
    ) -> Measured:
        assert (folder / "model.onnx").read_bytes() == CONTENTS["model.onnx"]
        self.files = sorted(path.relative_to(set_folder).as_posix() for path in set_folder.rglob("*") if path.is_file())
        self.journals.append((journal, journal.read_text() if journal.exists() else ""))
        journal.write_text("one item")
        result = pieces.result(begun.job, begun.result_id)
        if len(self.journals) > self.failures:
            return result, {}
        failure = Failure(stage="load", code="load_error", message="It did not load.")
        return dataclasses.replace(result, status="failed", failure=failure), {}


@pytest.mark.mosquitto
def test_another_attempt_finds_the_journal_and_a_result_removes_it(hub: MinimalHub, start: Start) -> None:
    evaluating = Evaluating(failures=1)
    agent = start(evaluate=evaluating)
    job = a_job(hub, a_set(hub, MAX_LISTED + 1))
    hub.send(agent.device_id, job)
    eventually(lambda: len(hub.results) == 1)
    (journal, before), *_ = evaluating.journals
    assert (journal.name, before) == (f"{job.job_id}.jsonl", "")
    assert journal.exists()
    hub.send(agent.device_id, dataclasses.replace(job, attempt=2))
    eventually(lambda: len(hub.results) == 2)
    assert evaluating.journals[1] == (journal, "one item")
    eventually(lambda: not journal.exists())
    assert evaluating.files == sorted(contents_of(MAX_LISTED + 1))


@pytest.mark.mosquitto
@pytest.mark.parametrize("names", ["another", "none", "outside"])
def test_a_job_whose_set_is_not_what_it_names_is_refused(hub: MinimalHub, start: Start, names: str) -> None:
    agent = start()
    job = a_job(hub, a_set(hub))
    assert job.evaluation is not None
    outside = identity.manifest_of("../a", [FileRef(path="../a", size=1, sha256="0" * 64)])
    wrong = {
        "another": dataclasses.replace(job, evaluation=dataclasses.replace(job.evaluation, set_id="6" * 64)),
        "none": dataclasses.replace(job, evaluation=None),
        "outside": dataclasses.replace(job, evaluation=dataclasses.replace(job.evaluation, manifest=outside)),
    }[names]
    hub.send(agent.device_id, wrong)
    eventually(lambda: bool(hub.received_of(Ack)))
    (answer,) = hub.received_of(Ack)
    assert answer.status == "refused"
    assert hub.results == {}


def prepare(shelf: Shelf, one: EvaluationSetRef, *keep: str) -> Path:
    return set_files.prepare(shelf.store, one, keep, threading.Event(), unheard)


def test_a_set_takes_room_as_a_model_does_and_spares_what_its_job_needs(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, budget_bytes=900)
    needed, other = shelf.model("needed", m=b"n" * 400), shelf.model("other", m=b"o" * 400)
    shelf.prepare(needed)
    shelf.prepare(other)
    one = a_set(shelf, 20)
    folder = prepare(shelf, one, needed.model_id)
    assert len(list(folder.rglob("*"))) == 20 + 3
    assert shelf.has(needed)
    assert not shelf.has(other)


def test_an_index_that_lists_no_files_of_a_set_is_named(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    contents = {"set.json": b"{}", "items.jsonl": b"{}\n", INDEX_FILE: b"[1]"}
    for file in manifest_of(contents).files:
        shelf.contents[file.sha256] = contents[file.path]
    wrong = EvaluationSetRef(set_id="5" * 64, name="shapes", task="x", items=1, manifest=manifest_of(contents))
    with pytest.raises(EdgeprofError, match=r"shapes: files\.json does not list files"):
        prepare(shelf, wrong)


def test_a_job_of_any_id_has_its_journal_in_the_folder(tmp_path: Path) -> None:
    journals = Journals(tmp_path / "evaluations")
    job = pieces.job(ModelRef(model_id="1", name="m", format="onnx", manifest=manifest_of({})))
    for odd in ("../../outside", "/etc/x", "a" * 300, "", "\0"):
        path = journals.path(dataclasses.replace(job, job_id=odd))
        assert path.parent == tmp_path / "evaluations"
        path.write_text("x")


def test_a_journal_that_nobody_went_on_with_is_forgotten(tmp_path: Path) -> None:
    journals = Journals(tmp_path / "evaluations")
    journals.purge(0.0)
    path = journals.path(pieces.job(ModelRef(model_id="1", name="m", format="onnx", manifest=manifest_of({}))))
    path.write_text("x")
    journals.purge(path.stat().st_mtime + KEEP_DONE_S - 1)
    assert path.exists()
    journals.purge(path.stat().st_mtime + KEEP_DONE_S + 1)
    assert not path.exists()
