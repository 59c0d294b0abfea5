"""An agent whose hub seals its receipts and cancels, over a real broker that somebody else may write to."""

import hashlib
from dataclasses import replace

import pytest

from edgeprof.signing import seals
from edgeprof.wire.messages import Ack, Cancel, ModelRef, Receipt
from edgeprof_agent.daemon import link
from tests.agent import pieces
from tests.agent.agent_process import Slow, Start
from tests.agent.minimal_hub import MinimalHub, eventually

pytestmark = pytest.mark.mosquitto
CONTENTS = {"model.onnx": b"tiny" * 100}
SECRET = bytes(range(32))


def key(device_id: str, session: str = "start-2") -> bytes:
    return seals.device_key(SECRET, session, device_id)


@pytest.fixture
def tiny(hub: MinimalHub) -> ModelRef:
    model = pieces.model("tiny", CONTENTS)
    hub.offer(model, CONTENTS)
    hub.promised_key = hub.sealing_key = key("any")  # the device's own: one device is enough here
    return model


def test_a_receipt_of_somebody_else_makes_no_device_forget_a_result(
    hub: MinimalHub, start: Start, tiny: ModelRef, caplog: pytest.LogCaptureFixture
) -> None:
    hub.lose_receipts = 10_000
    agent = start()
    for _ in range(2):
        hub.send(agent.device_id, pieces.job(tiny))
    eventually(lambda: len(hub.results) == 2)
    first, second = hub.results
    true = Receipt(result_id=first, sha256=_sha256(hub, first), status="stored")
    replayed = seals.sealed(true, key("any", "start-1"))  # as recorded before the hub's last start
    foreign = seals.sealed(true, key("another device"))
    moved = replace(true, seal=_seal_of(seals.sealed(replace(true, result_id=second), hub.sealing_key)))
    rejected = replace(true, status="rejected", seal=_seal_of(seals.sealed(true, hub.sealing_key)))
    for forged in (true, replayed, foreign, moved, rejected):
        hub.send(agent.device_id, forged)
    eventually(lambda: caplog.text.count("inbox.not_from_hub class=receipt") == 5)
    assert agent.agent.unreceipted() == 2
    hub.receipt(first)
    eventually(lambda: agent.agent.unreceipted() == 1)


def test_a_cancel_of_somebody_else_stops_no_run(
    hub: MinimalHub, start: Start, tiny: ModelRef, caplog: pytest.LogCaptureFixture
) -> None:
    slow = Slow()
    agent = start(slow)
    job, other = pieces.job(tiny), pieces.job(tiny)
    hub.send(agent.device_id, job)
    eventually(lambda: slow.started == [job.job_id])
    for forged in (
        Cancel(job_id=job.job_id, attempt=1),
        Cancel(job_id=job.job_id),
        seals.sealed(Cancel(job_id=job.job_id, attempt=1), key("any", "start-1")),
        replace(seals.sealed(Cancel(job_id=other.job_id, attempt=1), hub.sealing_key), job_id=job.job_id),
    ):
        assert isinstance(forged, Cancel)
        hub.send(agent.device_id, forged)
    eventually(lambda: caplog.text.count("inbox.not_from_hub class=cancel") == 4)
    slow.release.set()
    eventually(lambda: len(hub.results) == 1)
    assert hub.decoded()[0].status == "measured"


def test_its_hubs_cancel_stops_the_run(hub: MinimalHub, start: Start, tiny: ModelRef) -> None:
    slow = Slow()
    agent = start(slow)
    job = pieces.job(tiny)
    hub.send(agent.device_id, job)
    eventually(lambda: slow.started == [job.job_id])
    cancel = seals.sealed(Cancel(job_id=job.job_id, attempt=1), hub.sealing_key)
    assert isinstance(cancel, Cancel)
    hub.send(agent.device_id, cancel)
    eventually(lambda: len(hub.results) == 1)
    assert hub.decoded()[0].status == "failed"
    assert [ack.status for ack in hub.received_of(Ack)] == ["accepted"]


def test_an_agent_with_the_key_of_an_earlier_start_asks_again(
    hub: MinimalHub, start: Start, tiny: ModelRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub was started again between the agent's question and its connection."""
    monkeypatch.setattr(link, "DISTRUST_AFTER_S", 0.0)
    hub.promised_key = key("any", "start-1")
    agent = start()
    hub.promised_key = hub.sealing_key
    hub.send(agent.device_id, pieces.job(tiny))
    eventually(lambda: len(hub.results) == 1 and agent.agent.unreceipted() == 0)
    assert len(hub.hellos) == 2


def test_a_hub_that_stopped_sealing_is_believed_from_the_next_connection_on(
    hub: MinimalHub, start: Start, tiny: ModelRef
) -> None:
    """An older release was installed again. It says so over TLS, where no broker can."""
    agent = start()
    agent.stop()
    hub.promised_key = hub.sealing_key = b""
    agent = start()
    hub.send(agent.device_id, pieces.job(tiny))
    eventually(lambda: len(hub.results) == 1 and agent.agent.unreceipted() == 0)


def _sha256(hub: MinimalHub, result_id: str) -> str:
    return hashlib.sha256(hub.results[result_id][0]).hexdigest()


def _seal_of(message: Receipt | Cancel) -> str | None:
    return message.seal
