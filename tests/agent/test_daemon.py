"""The agent against a hub over a real broker: jobs, cancels, restarts, refusals, and the farewell."""

import dataclasses
import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from edgeprof.errors import EdgeprofError
from edgeprof.wire import codec
from edgeprof.wire.messages import Ack, Cancel, Facts, Job, ModelRef, Progress, Result, State
from edgeprof_agent.daemon.jobs import Started
from edgeprof_agent.worker_protocol.progress import OnProgress
from tests.agent import agent_process, pieces
from tests.agent.agent_process import SAMPLES, SAMPLES_SHA256, Measured, Running, Slow, Start
from tests.agent.minimal_hub import MinimalHub, eventually

pytestmark = pytest.mark.mosquitto
CONTENTS = {"model.onnx": b"tiny" * 100}


@pytest.fixture
def tiny(hub: MinimalHub) -> ModelRef:
    model = pieces.model("tiny", CONTENTS)
    hub.offer(model, CONTENTS)
    return model


def acks(hub: MinimalHub) -> list[tuple[str, str]]:
    return [(ack.job_id, ack.status) for ack in hub.received_of(Ack)]


def codes(hub: MinimalHub) -> list[str | None]:
    return [result.failure.code if result.failure else None for result in hub.decoded()]


def settled(agent: Running) -> bool:
    return agent.agent.unreceipted() == 0


def test_a_birth_says_who_and_what_this_is(hub: MinimalHub, start: Start) -> None:
    agent = start()
    eventually(lambda: bool(hub.received_of(Facts)))  # they follow the state, and `start` waits for that alone
    state, facts = hub.received_of(State)[-1], hub.received_of(Facts)[-1]
    assert (state.online, state.name, state.session_id) == (True, "bench", agent.agent.identity.session_id)
    assert facts.session_id == state.session_id == hub.hellos[-1].session_id


def test_a_job_is_flashed_measured_and_receipted(hub: MinimalHub, start: Start, tiny: ModelRef) -> None:
    agent = start()
    one = pieces.job(tiny)
    hub.send(agent.device_id, one)
    eventually(lambda: len(hub.results) == 1)
    result = hub.decoded()[0]
    assert (result.job_id, result.status, result.model_id) == (one.job_id, "measured", tiny.model_id)
    assert acks(hub) == [(one.job_id, "accepted")]
    assert "measure" in [progress.stage for progress in hub.received_of(Progress)]
    eventually(lambda: settled(agent))


def test_artifacts_are_at_the_hub_before_the_result_that_names_them(
    hub: MinimalHub, start: Start, tiny: ModelRef
) -> None:
    agent = start()
    hub.send(agent.device_id, pieces.job(tiny))
    eventually(lambda: len(hub.results) == 1)
    assert hub.artifacts == {SAMPLES_SHA256: SAMPLES}
    assert [line.split()[0] for line in hub.order] == ["artifact", "result"]


def test_jobs_run_one_at_a_time_in_the_order_of_arrival(hub: MinimalHub, start: Start, tiny: ModelRef) -> None:
    slow = Slow()
    agent = start(slow)
    jobs = [pieces.job(tiny) for _ in range(3)]
    for each in jobs:
        hub.send(agent.device_id, each)
    eventually(lambda: len(acks(hub)) == 3)
    assert slow.started == [jobs[0].job_id]
    slow.release.set()
    eventually(lambda: len(hub.results) == 3)
    assert [result.job_id for result in hub.decoded()] == [each.job_id for each in jobs]


def test_the_same_job_twice_runs_once(hub: MinimalHub, start: Start, tiny: ModelRef) -> None:
    slow = Slow()
    agent = start(slow)
    one = pieces.job(tiny)
    for _ in range(3):
        hub.send(agent.device_id, one)
    eventually(lambda: len(acks(hub)) == 3)
    slow.release.set()
    eventually(lambda: settled(agent) and len(hub.results) == 1)
    assert acks(hub) == [(one.job_id, "accepted"), (one.job_id, "duplicate"), (one.job_id, "duplicate")]
    assert slow.started == [one.job_id]


def test_an_old_job_that_comes_again_brings_its_result_again(hub: MinimalHub, start: Start, tiny: ModelRef) -> None:
    """What a hub does that was restored from yesterday's backup."""
    agent = start()
    one = pieces.job(tiny)
    hub.send(agent.device_id, one)
    eventually(lambda: settled(agent) and len(hub.results) == 1)
    hub.send(agent.device_id, one)
    eventually(lambda: [len(copies) for copies in hub.results.values()] == [2])
    first, second = next(iter(hub.results.values()))
    assert first == second


def test_another_attempt_is_another_run(hub: MinimalHub, start: Start, tiny: ModelRef) -> None:
    agent = start()
    one = pieces.job(tiny)
    hub.send(agent.device_id, one)
    hub.send(agent.device_id, dataclasses.replace(one, attempt=2))
    eventually(lambda: len(hub.results) == 2)
    assert [result.attempt for result in hub.decoded()] == [1, 2]


def test_a_cancel_ends_the_run_and_the_next_job_begins(hub: MinimalHub, start: Start, tiny: ModelRef) -> None:
    slow = Slow()
    agent = start(slow)
    one, two = pieces.job(tiny), pieces.job(tiny)
    for each in (one, two):
        hub.send(agent.device_id, each)
    eventually(lambda: slow.started == [one.job_id])
    hub.send(agent.device_id, Cancel(job_id=one.job_id))
    eventually(lambda: slow.started == [one.job_id, two.job_id])
    eventually(lambda: codes(hub) == ["cancelled"])


def test_a_waiting_job_is_cancelled_at_once(hub: MinimalHub, start: Start, tiny: ModelRef) -> None:
    slow = Slow()
    agent = start(slow)
    one, two = pieces.job(tiny), pieces.job(tiny)
    for each in (one, two):
        hub.send(agent.device_id, each)
    eventually(lambda: slow.started == [one.job_id])
    hub.send(agent.device_id, Cancel(job_id=two.job_id))
    eventually(lambda: codes(hub) == ["cancelled"])
    assert hub.decoded()[0].job_id == two.job_id
    slow.release.set()
    eventually(lambda: codes(hub) == ["cancelled", None])


def test_a_cancel_may_come_before_its_job_and_does_not_reach_its_retry(
    hub: MinimalHub, start: Start, tiny: ModelRef
) -> None:
    agent = start()
    one = pieces.job(tiny)
    for _ in range(2):
        hub.send(agent.device_id, Cancel(job_id=one.job_id))
    hub.send(agent.device_id, one)
    eventually(lambda: codes(hub) == ["cancelled"])
    hub.send(agent.device_id, dataclasses.replace(one, attempt=2))
    eventually(lambda: codes(hub) == ["cancelled", None])


def test_a_cancel_of_an_attempt_that_never_came_does_not_reach_the_next_one(
    hub: MinimalHub, start: Start, tiny: ModelRef
) -> None:
    agent = start()
    hub.send(agent.device_id, Cancel(job_id="j-lost", attempt=1))
    hub.send(agent.device_id, pieces.job(tiny, "j-lost", attempt=2))
    eventually(lambda: codes(hub) == [None])


def test_a_cancel_after_the_end_changes_nothing(hub: MinimalHub, start: Start, tiny: ModelRef) -> None:
    agent = start()
    one = pieces.job(tiny)
    hub.send(agent.device_id, one)
    eventually(lambda: settled(agent) and codes(hub) == [None])
    hub.send(agent.device_id, Cancel(job_id=one.job_id))
    hub.send(agent.device_id, dataclasses.replace(one, attempt=2))
    eventually(lambda: codes(hub) == [None, None])


def test_a_model_that_the_hub_does_not_have_is_a_named_failure_and_the_next_job_runs(
    hub: MinimalHub, start: Start, tiny: ModelRef
) -> None:
    agent = start()
    hub.send(agent.device_id, pieces.job(pieces.model("gone")))
    hub.send(agent.device_id, pieces.job(tiny))
    eventually(lambda: codes(hub) == ["download_failed", None])
    failure = hub.decoded()[0].failure
    assert failure is not None
    assert failure.stage == "fetch"


def test_a_measure_that_breaks_is_an_internal_error_with_its_log(hub: MinimalHub, start: Start, tiny: ModelRef) -> None:
    def broken(begun: Started, folder: Path, on_progress: OnProgress, cancelled: threading.Event) -> Measured:
        on_progress("load", None, "")
        raise ZeroDivisionError("on purpose")

    agent = start(broken)
    hub.send(agent.device_id, pieces.job(tiny))
    eventually(lambda: codes(hub) == ["internal_error"])
    failure = hub.decoded()[0].failure
    assert failure is not None
    assert failure.stage == "load"
    assert "ZeroDivisionError" in failure.log


def test_a_result_too_large_for_the_wire_is_replaced_by_a_named_failure(
    hub: MinimalHub, start: Start, tiny: ModelRef
) -> None:
    def wordy(begun: Started, folder: Path, on_progress: OnProgress, cancelled: threading.Event) -> Measured:
        return dataclasses.replace(pieces.result(begun.job, begun.result_id), samples_ms=(0.123456789,) * 10_000), {}

    agent = start(wordy)
    hub.send(agent.device_id, pieces.job(tiny))
    eventually(lambda: codes(hub) == ["internal_error"])


UNREADABLE = {
    "empty": b"",
    "no JSON": b"{",
    "not UTF-8": b'{"wire": 1, "job_id": "\xff"}',
    "NUL": b"\0",
    "deep": b"[" * 10_000,
    "digits": b'{"wire": ' + b"9" * 5_000 + b"}",
    "infinity": b'{"wire": 1e999}',
    "oversized": b" " * 70_000,
    "a list": b"[1]",
}


def test_what_cannot_be_read_is_dropped_and_the_agent_goes_on(hub: MinimalHub, start: Start, tiny: ModelRef) -> None:
    agent = start()
    for payload in UNREADABLE.values():
        for name in ("job", "cancel", "receipt", "refusal"):
            hub.send_raw(agent.device_id, name, payload)
    hub.send(agent.device_id, pieces.job(tiny))
    eventually(lambda: codes(hub) == [None])


def test_a_job_of_a_newer_wire_version_is_refused_by_name(hub: MinimalHub, start: Start, tiny: ModelRef) -> None:
    agent = start()
    document = json.loads(codec.encode(pieces.job(tiny, "j-new")))
    hub.send_raw(agent.device_id, "job", json.dumps({**document, "wire": 2}).encode())
    eventually(lambda: acks(hub) == [("j-new", "refused")])
    assert "wire version 2" in (hub.received_of(Ack)[0].reason or "")


def test_a_job_whose_files_would_lie_outside_is_refused(hub: MinimalHub, start: Start) -> None:
    agent = start()
    bad = pieces.model("bad", {"../../etc/cron.d/x": b"x"})
    hub.send(agent.device_id, pieces.job(bad, "j-bad"))
    eventually(lambda: acks(hub) == [("j-bad", "refused")])
    assert "../../etc/cron.d/x" in (hub.received_of(Ack)[0].reason or "")


def test_a_full_outbox_refuses_new_jobs_with_the_reason(hub: MinimalHub, start: Start, tiny: ModelRef) -> None:
    hub.lose_receipts = 4
    agent = start(outbox_budget=5)
    jobs = [pieces.job(tiny) for _ in range(5)]
    for each in jobs[:4]:
        hub.send(agent.device_id, each)
    eventually(lambda: len(hub.results) == 4)
    hub.send(agent.device_id, jobs[4])
    eventually(lambda: acks(hub)[-1] == (jobs[4].job_id, "refused"))
    assert "4 results wait" in (hub.received_of(Ack)[-1].reason or "")


def test_a_stop_in_mid_run_is_reported_as_interrupted_before_the_farewell(
    hub: MinimalHub, start: Start, tiny: ModelRef
) -> None:
    slow = Slow()
    agent = start(slow)
    hub.send(agent.device_id, pieces.job(tiny))
    eventually(lambda: len(slow.started) == 1)
    agent.stop()
    eventually(lambda: not hub.is_online(agent.device_id))
    assert codes(hub) == ["interrupted"]
    kinds = [type(message) for _, message, _ in hub.received]
    assert kinds.index(Result) < len(kinds) - 1 - kinds[::-1].index(State)


def test_a_waiting_job_survives_a_restart_of_the_agent(hub: MinimalHub, start: Start, tiny: ModelRef) -> None:
    first = start(slow := Slow())
    jobs = [pieces.job(tiny), pieces.job(tiny)]
    for each in jobs:
        hub.send(first.device_id, each)
    eventually(lambda: len(acks(hub)) == 2 and len(slow.started) == 1)
    first.stop()
    second = start()
    assert second.device_id == first.device_id
    eventually(lambda: codes(hub) == ["interrupted", None])
    assert [result.job_id for result in hub.decoded()] == [each.job_id for each in jobs]


def test_a_job_that_was_running_when_the_agent_was_killed_becomes_an_interrupted_result(
    hub: MinimalHub, start: Start, tiny: ModelRef, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "tests.agent.agent_process", hub.url, str(tmp_path / "agent"), "slow"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        eventually(lambda: any(state.online for state in hub.received_of(State)))
        device_id = hub.received_of(State)[-1].device_id
        hub.send(device_id, pieces.job(tiny, "j-1"))
        eventually(lambda: any(progress.job_id == "j-1" for progress in hub.received_of(Progress)))
        process.send_signal(signal.SIGKILL)
    eventually(lambda: not hub.is_online(device_id))  # the will
    start()
    eventually(lambda: codes(hub) == ["interrupted"])
    assert hub.decoded()[0].job_id == "j-1"


def test_a_second_agent_on_one_state_folder_is_refused(hub: MinimalHub, start: Start, tmp_path: Path) -> None:
    start()
    with pytest.raises(EdgeprofError, match="Another agent") as caught:
        agent_process.make(agent_process.settings(hub.url, tmp_path / "agent"))
    assert caught.value.code == "state_in_use"


def test_a_dead_part_ends_the_agent(hub: MinimalHub, start: Start) -> None:
    agent = start()

    def broken(job: Job) -> bool:
        raise LookupError("on purpose")

    agent.agent._runner.knows = broken  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]
    hub.send(agent.device_id, pieces.job())
    agent.join()
    assert isinstance(agent.error, LookupError)
