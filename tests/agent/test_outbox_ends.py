"""Every run that ended on the device ends at the hub: by its result, by what is left of it, or by a reason."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from edgeprof.errors import EdgeprofError
from edgeprof.wire import codec
from edgeprof.wire.identity import sha256_hex
from edgeprof.wire.messages import Ack, Job, LostArtifact, ModelRef, Result
from edgeprof_agent.commands.agent import agent as agent_command
from edgeprof_agent.daemon.outbox_entry import without_artifact
from tests.agent import agent_process, pieces
from tests.agent.agent_process import SAMPLES, SAMPLES_SHA256, Running, Slow, Start
from tests.agent.minimal_hub import MinimalHub, Mosquitto, eventually

pytestmark = pytest.mark.mosquitto
CONTENTS = {"model.onnx": b"tiny" * 100}
FULL = (507, b'{"error": {"code": "no_space", "message": "The hub\'s disk is full."}}')


@pytest.fixture
def runner() -> CliRunner:
    return CliRunner()


@pytest.fixture
def tiny(hub: MinimalHub) -> ModelRef:
    model = pieces.model("tiny", CONTENTS)
    hub.offer(model, CONTENTS)
    return model


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "agent"


@pytest.fixture
def job(hub: MinimalHub, broker: Mosquitto, start: Start, tiny: ModelRef) -> Job:
    """A job whose result waits in the outbox of an agent that has ended."""
    agent = start(slow := Slow())
    one = pieces.job(tiny)
    hub.send(agent.device_id, one)
    eventually(lambda: len(hub.received_of(Ack)) == 1)
    hub.artifact_refusal = FULL
    slow.release.set()
    eventually(lambda: agent.agent.unreceipted() == 1)
    agent.stop()
    hub.artifact_refusal = None
    hub.received.clear()
    return one


def change(data: Path, sql: str) -> None:
    with closing(sqlite3.connect(data / "agent.db")) as connection, connection:
        connection.execute(sql)


def rows(data: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(data / "agent.db")) as connection:
        return connection.execute("SELECT state, coalesce(reason, '') FROM results ORDER BY seq").fetchall()


def settled(agent: Running) -> bool:
    return agent.agent.unreceipted() == 0


def end_told(hub: MinimalHub, job: Job) -> str:
    """The reason by which the hub hears that the job has ended."""
    eventually(lambda: any(ack.status == "refused" for ack in hub.received_of(Ack)))
    (ack,) = [ack for ack in hub.received_of(Ack) if ack.status == "refused"]
    assert (ack.job_id, ack.attempt) == (job.job_id, job.attempt)
    return ack.reason or ""


def test_an_artifact_that_cannot_be_read_for_now_is_waited_for(
    hub: MinimalHub, start: Start, data: Path, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("edgeprof_agent.daemon.artifact_files.file_sha256", refused)
        agent = start()
        eventually(lambda: "Permission denied" in rows(data)[0][1])
    eventually(lambda: settled(agent))
    assert hub.decoded()[0].lost_artifacts == ()


@pytest.mark.parametrize("harm", ["missing", "damaged", "a folder"])
def test_a_result_goes_without_a_lost_artifact_and_says_so(
    hub: MinimalHub, start: Start, data: Path, job: Job, harm: str
) -> None:
    file = data / "artifacts" / SAMPLES_SHA256
    file.unlink()
    if harm == "damaged":
        file.write_bytes(SAMPLES.replace(b"1", b"7"))
    elif harm == "a folder":
        file.mkdir()
    agent = start()
    eventually(lambda: settled(agent))
    (result,) = hub.decoded()
    assert (result.job_id, result.status, result.samples_ms) == (job.job_id, "measured", (1.0, 2.0))
    (lost,) = result.lost_artifacts
    assert (result.artifacts, lost.name) == ((), "samples")
    assert lost.reason.endswith("on the device's disk")
    assert hub.artifacts == {}


def test_an_artifact_that_the_hub_has_is_not_missed(hub: MinimalHub, start: Start, data: Path, job: Job) -> None:
    """The hub may have stored the result, too, and only its receipt was lost: the bytes must stay the same."""
    (data / "artifacts" / SAMPLES_SHA256).unlink()
    hub.artifacts[SAMPLES_SHA256] = SAMPLES
    agent = start()
    eventually(lambda: settled(agent))
    (result,) = hub.decoded()
    assert ([ref.sha256 for ref in result.artifacts], result.lost_artifacts) == ([SAMPLES_SHA256], ())


def test_an_artifact_that_the_hub_will_never_take_costs_only_itself(
    hub: MinimalHub, start: Start, data: Path, job: Job
) -> None:
    hub.artifact_refusal = (413, b'{"error": {"code": "too_large", "message": "It has 70 MiB; the limit is 64."}}')
    agent = start()
    eventually(lambda: settled(agent))
    assert hub.decoded()[0].lost_artifacts == (
        LostArtifact(name="samples", reason="refused by the hub: It has 70 MiB; the limit is 64."),
    )


def test_a_result_whose_bytes_rotted_ends_its_job_with_the_reason(
    hub: MinimalHub, start: Start, data: Path, job: Job
) -> None:
    change(data, "UPDATE results SET payload = replace(payload, 'measured', 'measurd1')")
    agent = start()
    reason = "The result stays on the device: its bytes are damaged on this device's disk."
    assert end_told(hub, job) == reason
    hub.received.clear()
    hub.send(agent.device_id, job)  # the hub did not hear it
    assert end_told(hub, job) == reason
    assert hub.results == {}


def test_a_result_that_the_hub_rejects_ends_its_job_with_the_reason(hub: MinimalHub, start: Start, job: Job) -> None:
    hub.receipt_status = "rejected"
    start()
    assert end_told(hub, job) == "The result stays on the device: rejected."


def test_a_job_whose_result_is_gone_ends_at_a_restored_hub(hub: MinimalHub, start: Start, data: Path, job: Job) -> None:
    change(data, "DELETE FROM results")
    agent = start()
    hub.send(agent.device_id, job)
    assert end_told(hub, job) == "The run ended on the device, and its result is no longer there."


def test_a_result_of_another_device_is_never_sent_and_says_why(
    hub: MinimalHub, start: Start, data: Path, job: Job
) -> None:
    """Somebody removed the device's id and kept its data."""
    before = (data / "device_id").read_text().strip()
    (data / "device_id").unlink()
    agent = start()
    eventually(lambda: rows(data)[0][0] == "aside")
    assert rows(data) == [("aside", f"it is a result of the device {before}; this agent is {agent.device_id}")]
    assert hub.results == {}


def test_what_keeps_a_result_waiting_is_in_the_outbox(hub: MinimalHub, start: Start, data: Path, job: Job) -> None:
    hub.artifact_refusal = FULL
    agent = start(resend_after_s=0.1)
    eventually(lambda: "The hub's disk is full." in rows(data)[0][1])
    assert rows(data)[0][1].startswith(f"artifact {SAMPLES_SHA256[:12]}: ")
    hub.lose_receipts = 10_000
    hub.artifact_refusal = None
    eventually(lambda: rows(data) == [("queued", "sent 3 times or more since the last connection, no receipt")])
    hub.lose_receipts = 0
    eventually(lambda: settled(agent))


def test_an_artifact_that_the_hub_lost_is_put_there_again(hub: MinimalHub, start: Start, job: Job) -> None:
    hub.lose_receipts = 10_000
    agent = start(resend_after_s=0.1)
    eventually(lambda: bool(hub.artifacts))
    hub.artifacts.clear()
    eventually(lambda: bool(hub.artifacts))
    hub.lose_receipts = 0
    eventually(lambda: settled(agent))


def test_quarantined_results_leave_room_for_new_ones(hub: MinimalHub, start: Start, tiny: ModelRef) -> None:
    hub.receipt_status = "rejected"
    agent = start(outbox_budget=5)
    for _ in range(6):
        hub.send(agent.device_id, pieces.job(tiny))
    eventually(lambda: len(hub.results) == 6)


def confirmed(hub: MinimalHub, start: Start, tiny: ModelRef, count: int) -> tuple[Running, list[str]]:
    agent = start(resend_after_s=0.5)
    for _ in range(count):
        hub.send(agent.device_id, pieces.job(tiny))
    eventually(lambda: len(hub.results) == count and settled(agent))
    return agent, list(hub.results)


def test_a_restored_hub_gets_back_what_the_agent_still_holds(
    hub: MinimalHub, broker: Mosquitto, start: Start, tiny: ModelRef
) -> None:
    hub.hub_session = "before"
    agent, ids = confirmed(hub, start, tiny, 4)
    before = {result_id: hub.results[result_id][0] for result_id in ids}
    assert hub.holdings == []
    for result_id in ids[2:]:
        del hub.results[result_id]  # they came after the backup
    hub.hub_session = "restored"
    broker.kill()
    broker.start()
    eventually(lambda: len(hub.results) == 4 and settled(agent))
    assert {result_id: hub.results[result_id][0] for result_id in ids} == before
    (holdings,) = hub.holdings
    assert holdings.device_id == agent.device_id
    assert holdings.results == {r.result_id: sha256_hex(before[r.result_id]) for r in hub.decoded()}


def test_a_hub_is_told_once_a_start_and_another_hub_nothing(
    hub: MinimalHub, broker: Mosquitto, start: Start, tiny: ModelRef
) -> None:
    agent, ids = confirmed(hub, start, tiny, 1)
    hub.results.clear()

    def reconnect(hub_id: str, session: str) -> list[str]:
        hub.hub_id, hub.hub_session = hub_id, session
        hub.holdings.clear()
        births = len(hub.hellos)
        broker.kill()
        broker.start()
        eventually(lambda: len(hub.hellos) > births and hub.is_online(agent.device_id))
        hub.send(agent.device_id, pieces.job(tiny, f"j-{hub_id}-{session or 'old'}"))
        eventually(lambda: any(r.job_id == f"j-{hub_id}-{session or 'old'}" for r in hub.decoded()))
        eventually(lambda: settled(agent))
        return [result_id for holdings in hub.holdings for result_id in holdings.results]

    assert reconnect("h-1", "") == []
    assert ids[0] in reconnect("h-1", "a")
    assert reconnect("h-1", "a") == []
    assert ids[0] in reconnect("h-1", "b")
    assert reconnect("h-2", "c") == []
    assert ids[0] not in reconnect("h-1", "d")  # from here on it is a hub among others


def test_many_confirmed_results_are_named_in_parts(
    hub: MinimalHub, start: Start, data: Path, tiny: ModelRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgeprof_agent.daemon.recall.MAX_HOLDINGS", 2)
    agent, ids = confirmed(hub, start, tiny, 5)
    agent.stop()
    hub.hub_session = "next"
    start()
    eventually(lambda: sum(len(holdings.results) for holdings in hub.holdings) == 5)
    assert [len(holdings.results) for holdings in hub.holdings] == [2, 2, 1]
    assert [result_id for holdings in hub.holdings for result_id in holdings.results] == ids


def test_a_lost_artifact_makes_a_result_no_larger_than_a_message_may_be(tmp_path: Path) -> None:

    whole = replace(
        pieces.result(pieces.job()),
        artifacts=(agent_process.SAMPLES_REF,),
    )
    payload = codec.encode(whole)
    less = without_artifact(payload, SAMPLES_SHA256, "missing on the device's disk")
    assert len(less) <= len(payload)
    assert codec.decode_as(Result, less).lost_artifacts[0].name == "samples"
    assert json.loads(less)["result_id"] == whole.result_id


def test_the_outbox_is_listed_with_its_reasons(
    hub: MinimalHub, start: Start, data: Path, job: Job, runner: CliRunner
) -> None:
    """While the agent runs, too."""
    hub.artifact_refusal = FULL
    start(resend_after_s=0.1)
    eventually(lambda: "The hub's disk is full." in rows(data)[0][1])
    values = "99, 'r-rotten', 'j-9', 1, x'7b', sha256, '[]', 'aside', 0, 'damaged'"
    change(data, f"INSERT INTO results SELECT {values} FROM results")
    shown = runner.invoke(agent_command, ["outbox", "--data", str(data)])
    assert shown.exit_code == 0
    lines = shown.output.splitlines()
    assert lines[0] == f"{data}: 1 waiting, 1 quarantined, 0 confirmed and still here."
    assert "waiting for " in lines[1]
    assert lines[1].endswith("tiny (measured)")
    assert "The hub's disk is full." in lines[2]
    assert (lines[3].split()[0], lines[4]) == ("r-rotten", "  damaged")
    listed = json.loads(runner.invoke(agent_command, ["outbox", "--data", str(data), "--json"]).output)
    assert [(each["state"], each["status"]) for each in listed["results"]] == [
        ("queued", "measured"),
        ("quarantined", "unreadable"),
    ]


def test_a_folder_without_an_agent_is_named(tmp_path: Path, runner: CliRunner) -> None:
    failed = runner.invoke(agent_command, ["outbox", "--data", str(tmp_path)])
    assert isinstance(failed.exception, EdgeprofError)
    assert "holds no agent's data" in failed.exception.message


def test_a_result_that_an_older_hub_rejected_arrives_after_the_hub_was_upgraded(
    hub: MinimalHub, start: Start, data: Path, job: Job
) -> None:
    hub.receipt_status = "rejected"
    agent = start()
    end_told(hub, job)
    agent.stop()
    assert rows(data)[0][0] == "aside"
    hub.receipt_status = "stored"
    hub.received.clear()
    agent = start()
    eventually(lambda: hub.is_online(agent.device_id))
    agent.stop()
    assert rows(data)[0][0] == "aside", "the same release"
    hub.hub_version = "1"
    agent = start()
    eventually(lambda: settled(agent))
    agent.stop()
    assert rows(data)[0][0] == "receipted"
