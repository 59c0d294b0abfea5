"""What an agent keeps: a month of results, through stepped clocks, reboots, old backups and a failing disk."""

import errno
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest

from edgeprof.net.backoff import Backoff
from edgeprof.wire import codec
from edgeprof.wire.identity import sha256_hex
from edgeprof.wire.messages import Bootstrap, Job, ModelRef, Progress, Receipt, Result, Stamp
from edgeprof_agent.daemon import store as model_store
from edgeprof_agent.daemon.database import Database
from edgeprof_agent.daemon.folder import StateFolder
from edgeprof_agent.daemon.http import HubHttp
from edgeprof_agent.daemon.jobs import Jobs, Started
from edgeprof_agent.daemon.outbox import Outbox
from edgeprof_agent.daemon.recall import Recall
from edgeprof_agent.daemon.sender import WINDOW, Sender
from tests.agent import agent_process, pieces
from tests.agent.agent_process import Running, Slow, Start
from tests.agent.minimal_hub import MinimalHub, eventually

CONTENTS = {"model.onnx": b"tiny" * 100}
YEAR_S = 365 * 86_400.0


@pytest.fixture
def tiny(hub: MinimalHub) -> ModelRef:
    model = pieces.model("tiny", CONTENTS)
    hub.offer(model, CONTENTS)
    return model


def measured(hub: MinimalHub, agent: Running, job: Job) -> None:
    """The job goes to the agent, and its result comes and is receipted."""
    hub.send(agent.device_id, job)
    eventually(lambda: job.job_id in {result.job_id for result in hub.decoded()})
    eventually(lambda: agent.agent.unreceipted() == 0)


@pytest.fixture
def in_memory(tmp_path: Path) -> Iterator[Path]:
    """A folder whose flushes cost nothing, where there is one."""
    with TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else tmp_path) as folder:
        yield Path(folder)


@pytest.mark.parametrize("count", [1_000, pytest.param(10_000, marks=pytest.mark.full)])
def test_a_month_of_results_is_handed_over_in_order_a_window_at_a_time(in_memory: Path, count: int) -> None:
    database = Database(in_memory / "agent.db")
    outbox = Outbox(database, in_memory / "artifacts", 20_000)
    with database.transaction():
        for _ in range(count):
            outbox.put(pieces.result(pieces.job()), {})
    order = outbox.queued_ids(count)
    assert outbox.unreceipted() == count, "nothing is overwritten"
    sent: list[bytes] = []
    most = 0
    arrived = threading.Condition()

    def publish(payload: bytes) -> bool:
        with arrived:
            sent.append(payload)
            arrived.notify()
        return True

    sender = Sender(
        outbox,
        pieces.WHO.device_id,
        cast(HubHttp, None),
        Recall(outbox, cast(HubHttp, None), pieces.WHO.device_id, in_memory),
        publish,
        30.0,
        Backoff(),
    )
    thread = threading.Thread(target=sender.run)
    thread.start()
    sender.online(_bootstrap())
    for done in range(count):
        with arrived:
            assert arrived.wait_for(lambda: len(sent) > done, 20)  # noqa: B023
            most = max(most, len(sent) - done)
        result = codec.decode_as(Result, sent[done])
        receipt = Receipt(result_id=result.result_id, sha256=sha256_hex(sent[done]), status="stored")
        assert outbox.settle(receipt)
        sender.wake()
    sender.stop()
    thread.join()
    assert [codec.decode_as(Result, payload).result_id for payload in sent] == order
    assert most <= WINDOW
    assert outbox.unreceipted() == 0


def test_a_receipt_may_come_before_the_call_that_sends_returns(in_memory: Path) -> None:
    outbox = Outbox(Database(in_memory / "agent.db"), in_memory / "artifacts", 100)
    for _ in range(50):
        outbox.put(pieces.result(pieces.job()), {})
    sent: list[str] = []

    def publish(payload: bytes) -> bool:
        result = codec.decode_as(Result, payload)
        sent.append(result.result_id)
        assert outbox.settle(Receipt(result_id=result.result_id, sha256=sha256_hex(payload), status="stored"))
        sender.wake()
        return True

    recall = Recall(outbox, cast(HubHttp, None), pieces.WHO.device_id, in_memory)
    sender = Sender(outbox, pieces.WHO.device_id, cast(HubHttp, None), recall, publish, 30.0, Backoff())
    thread = threading.Thread(target=sender.run)
    thread.start()
    sender.online(_bootstrap())
    eventually(lambda: outbox.unreceipted() == 0)
    sender.stop()
    thread.join()
    assert len(sent) == len(set(sent)) == 50


def _bootstrap() -> Bootstrap:
    return Bootstrap(
        hub_id="h-1",
        hub_version="0",
        hub_time_s=0.0,
        site="home",
        wire_min=1,
        wire_max=1,
        mqtt_host="",
        mqtt_port=1,
        mqtt_tls=False,
        mqtt_username=None,
    )


@pytest.mark.mosquitto
def test_a_run_that_a_reboot_ended_says_so(hub: MinimalHub, start: Start, tiny: ModelRef, tmp_path: Path) -> None:
    """The boot id differs from that of the run's start."""
    (tmp_path / "agent").mkdir()
    database = Database(tmp_path / "agent" / "agent.db")
    job = pieces.job(tiny)
    Jobs(database).add(job)
    Jobs(database).start(Started(job, "r-1", Stamp(boot_id="an earlier boot", monotonic_ns=9 * 10**18, wall_s=1.0)))
    database.close()
    start()
    eventually(lambda: len(hub.results) == 1)
    (result,) = hub.decoded()
    assert result.failure is not None
    assert (result.result_id, result.failure.code) == ("r-1", "interrupted")
    assert "machine restarted" in result.failure.message


@pytest.mark.mosquitto
def test_a_clock_that_steps_costs_no_result_and_repeats_no_job(
    hub: MinimalHub, start: Start, tiny: ModelRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten years ahead, back to 1970, a day behind; between them the agent is started again and forgets what is old."""
    real = time.time
    jobs = [pieces.job(tiny) for _ in range(4)]
    for job, offset_s in zip(jobs, (0.0, 10 * YEAR_S, -real(), -86_400.0), strict=True):
        monkeypatch.setattr(time, "time", lambda offset_s=offset_s: real() + offset_s)
        agent = start()
        measured(hub, agent, job)
        agent.stop()
    agent = start()
    for job in jobs:
        hub.send(agent.device_id, job)
    measured(hub, agent, pieces.job(tiny))
    assert [result.job_id for result in hub.decoded()][:4] == [job.job_id for job in jobs]
    assert len(hub.results) == 5, "a job ran twice"
    spans_ns = [result.finished.monotonic_ns - result.started.monotonic_ns for result in hub.decoded()]
    assert all(0 <= span < 10**10 for span in spans_ns), "a duration went with the wall clock"


@pytest.mark.mosquitto
def test_a_state_folder_from_an_old_backup_loses_nothing_at_the_hub(
    hub: MinimalHub, start: Start, tiny: ModelRef, tmp_path: Path
) -> None:
    """Taken in the middle of a run. What the hub has of that run stays, and the next job is measured."""
    slow = Slow()
    agent = start(slow)
    first, second = pieces.job(tiny), pieces.job(tiny)
    hub.send(agent.device_id, first)
    eventually(lambda: bool(hub.received_of(Progress)) or slow.started == [first.job_id])
    shutil.copytree(tmp_path / "agent", tmp_path / "backup")
    slow.release.set()
    eventually(lambda: len(hub.results) == 1 and agent.agent.unreceipted() == 0)
    agent.stop()
    shutil.rmtree(tmp_path / "agent")
    shutil.copytree(tmp_path / "backup", tmp_path / "agent")
    again = start(resend_after_s=0.2)
    assert again.device_id == agent.device_id
    hub.send(again.device_id, second)
    eventually(lambda: second.job_id in {result.job_id for result in hub.decoded()})
    assert [result.status for result in hub.decoded()] == ["measured", "measured"]
    assert again.error is None


@pytest.mark.mosquitto
def test_a_disk_that_turns_read_only_in_mid_run_is_waited_for(hub: MinimalHub, start: Start, tiny: ModelRef) -> None:
    """By SQLite's own word for it; the kernel remounts no disk while files are open for writing."""
    slow = Slow()
    agent = start(slow)
    hub.send(agent.device_id, pieces.job(tiny))
    eventually(lambda: len(slow.started) == 1)
    database = agent.agent._database  # pyright: ignore[reportPrivateUsage]
    database.rows("PRAGMA query_only=ON")
    slow.release.set()
    time.sleep(0.5)
    assert (len(hub.results), agent.error) == (0, None)
    database.rows("PRAGMA query_only=OFF")
    eventually(lambda: len(hub.results) == 1 and agent.agent.unreceipted() == 0)


@pytest.mark.mosquitto
def test_a_model_that_the_disk_cannot_read_is_a_named_failure_and_the_next_job_runs(
    hub: MinimalHub, start: Start, tiny: ModelRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = start()
    measured(hub, agent, pieces.job(tiny))
    whole = model_store.sha256_of

    def broken(*_: Any) -> str:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(model_store, "sha256_of", broken)
    measured(hub, agent, pieces.job(tiny))
    failure = hub.decoded()[-1].failure
    assert failure is not None
    assert (failure.code, "Input/output error" in failure.message) == ("internal_error", True)
    monkeypatch.setattr(model_store, "sha256_of", whole)
    measured(hub, agent, pieces.job(tiny))
    assert hub.decoded()[-1].status == "measured"


@pytest.mark.mosquitto
@pytest.mark.parametrize(
    "error", [BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")], ids=["no process"]
)
def test_a_machine_without_room_for_a_process_is_a_named_failure_and_the_next_job_runs(
    hub: MinimalHub, start: Start, tiny: ModelRef, error: OSError
) -> None:
    """What fork answers at the limit of processes."""
    failing = [True]

    def measure(*given: Any) -> Any:
        if failing.pop() if failing else False:
            raise error
        return agent_process.quick(*given)

    agent = start(measure)
    measured(hub, agent, pieces.job(tiny))
    failure = hub.decoded()[-1].failure
    assert failure is not None
    assert "temporarily unavailable" in failure.message
    measured(hub, agent, pieces.job(tiny))
    assert hub.decoded()[-1].status == "measured"


def test_a_state_folder_that_belongs_to_somebody_else_is_a_sentence(tmp_path: Path) -> None:
    """As root may open everything, the file stands for it: a database that cannot be opened."""
    (tmp_path / "lock").mkdir()
    with pytest.raises(Exception, match="Cannot use the state folder"):
        StateFolder(tmp_path)
