"""From the broker to the disk, over a real broker: nothing lost, nothing twice, nothing that comes can stop it."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from edgeprof.errors import EdgeprofError
from edgeprof.wire import codec, identity, rest
from edgeprof.wire import messages as m
from edgeprof_hub.ingest import receiver
from edgeprof_hub.store import database
from edgeprof_hub.store.writer import SqliteWriter
from tests.hub import fleet
from tests.hub.fake_agent import FakeAgent
from tests.hub.live import Live, eventually, free_port, serving

MODEL = fleet.model("cnn", "digits")
ROWS = fleet.vision_rows(4.0, 0.1)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with serving(tmp_path) as served:
        served.hub.writer.call(lambda store: store.save_model(MODEL))
        yield served


@pytest.fixture
def agent(live: Live) -> Iterator[FakeAgent]:
    with FakeAgent(live.hub.endpoint.port) as connected:
        eventually(lambda: [device.facts for device in live.hub.reader.devices()] not in ([], [None]))
        yield connected


def measured() -> m.Result:
    return fleet.result(1, MODEL, ROWS)


def stored_ids(live: Live) -> list[str]:
    return sorted(stored.result.result_id for stored in live.hub.reader.results(limit=1000))


def dead_letters(folder: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(folder / "hub.sqlite")) as connection:
        return connection.execute("SELECT topic, reason FROM dead_letter ORDER BY id").fetchall()


def test_a_device_is_known_by_its_birth_and_facts_and_offline_by_its_will(live: Live, agent: FakeAgent) -> None:
    device = live.hub.reader.devices()[0]
    assert (device.name, device.online, device.hostname) == ("agent-1", True, "host1")
    assert device.facts == agent.facts
    assert device.profile_id == "rpi-5-8"
    assert device.profile_title
    agent.vanish()
    eventually(lambda: not live.hub.reader.devices()[0].online)


def test_a_receipt_tells_which_bytes_were_stored(live: Live, agent: FakeAgent) -> None:
    result = measured()
    agent.post(result)
    agent.wait_until_empty()
    receipt = agent.got(m.Receipt)[0]
    assert (receipt.status, receipt.sha256) == ("stored", identity.sha256_hex(codec.encode(result)))
    stored = live.hub.reader.result(result.result_id)
    assert stored is not None
    assert stored.result == result


def test_the_same_result_a_thousand_times_is_stored_once_and_always_receipted(live: Live, agent: FakeAgent) -> None:
    payload = codec.encode(measured())
    for _ in range(1000):
        agent.publish_soon("result", payload)
    eventually(lambda: len(agent.got(m.Receipt)) == 1000)
    assert [receipt.status for receipt in agent.got(m.Receipt)] == ["stored"] + ["duplicate"] * 999
    assert len(stored_ids(live)) == 1


def test_other_content_under_a_known_id_is_receipted_as_a_conflict(live: Live, agent: FakeAgent) -> None:
    first = measured()
    for result in (first, replace(first, agent_version="9")):
        agent.publish("result", codec.encode(result))
    eventually(lambda: len(agent.got(m.Receipt)) == 2)
    assert [receipt.status for receipt in agent.got(m.Receipt)] == ["stored", "conflict"]
    stored = live.hub.reader.result(first.result_id)
    assert stored is not None
    assert stored.result == first


POISON = {
    "empty": b"",
    "no UTF-8": b"\xff\xfe\x00\x01",
    "UTF-16": '{"wire":1}'.encode("utf-16"),
    "NUL": b'{"wire":1,"result_id":"\x00"}',
    "cut short": codec.encode(measured())[:-20],
    "deep": b"[" * 10_000,
    "infinite": b'{"wire":1,"x":1e999}',
    "NaN": b'{"wire":1,"x":NaN}',
    "many digits": b'{"wire":' + b"1" * 5000 + b"}",
    "no object": b'"wire"',
    "fields missing": b'{"wire":1}',
    "lone surrogate": codec.encode(measured()).replace(b'"cnn"', b'"\\ud800"'),
    "too large a number": codec.encode(measured()).replace(b'"attempt":1', b'"attempt":%d' % 2**70),
    "oversized": codec.encode(measured()).replace(b'"cnn"', b'"' + b"x" * 100_000 + b'"'),
}


@pytest.mark.parametrize("name", POISON)
def test_a_message_that_cannot_be_read_is_put_aside_and_blocks_nothing(
    live: Live, agent: FakeAgent, tmp_path: Path, name: str
) -> None:
    agent.publish("result", POISON[name])
    result = measured()
    agent.post(result)
    agent.wait_until_empty()
    assert stored_ids(live) == [result.result_id]
    assert len(dead_letters(tmp_path)) == 1


def test_a_result_that_can_never_be_read_is_receipted_as_rejected(agent: FakeAgent) -> None:
    agent.publish("result", b'{"wire":1,"result_id":"r-1"}')
    eventually(lambda: agent.got(m.Receipt))
    receipt = agent.got(m.Receipt)[0]
    assert (receipt.result_id, receipt.status) == ("r-1", "rejected")
    assert "job_id" in (receipt.reason or "")


def open_job(live: Live) -> None:
    """A job that runs on the agent's device, as the hub sees it."""
    job = replace(fleet.job(1, MODEL), job_id="j-1")
    live.hub.writer.call(lambda store: store.create_campaign([job]))
    live.hub.writer.call(lambda store: store.save_job_state("j-1", 1, "running", "measure", 0.5, ""))


def of_job(**changes: object) -> bytes:
    """A result of that job, with changes that make it none."""
    return json.dumps({**json.loads(codec.encode(replace(measured(), job_id="j-1"))), **changes}).encode()


def job_of(live: Live) -> rest.JobRecord:
    job = live.hub.reader.job("j-1")
    assert job is not None
    return job


FOR_GOOD = {
    "of a later release": of_job(config=7),
    "of another wire version": of_job(wire=2),
    "of another device": of_job(device_id=fleet.device_id(9)),
    "with an artifact of no hash": of_job(artifacts=[{"name": "x", "sha256": "x", "size": 1, "media_type": "x"}]),
}


@pytest.mark.parametrize("name", FOR_GOOD)
def test_a_result_that_is_refused_for_good_ends_its_job_with_the_reason(
    live: Live, agent: FakeAgent, name: str
) -> None:
    open_job(live)
    agent.publish("result", FOR_GOOD[name])
    eventually(lambda: agent.got(m.Receipt) or agent.got(m.Refusal))
    assert job_of(live).state == "failed"
    assert job_of(live).note.startswith("The hub cannot store its result: ")
    statuses = [receipt.status for receipt in agent.got(m.Receipt)]
    assert statuses == ([] if name == "of another wire version" else ["rejected"])


def test_a_refused_result_ends_no_job_of_another_device_and_no_other_attempt(live: Live, agent: FakeAgent) -> None:
    open_job(live)
    agent.publish("result", of_job(config=7, attempt=2))
    with FakeAgent(live.hub.endpoint.port, number=2) as other:
        other.publish("result", of_job(config=7))
        eventually(lambda: other.got(m.Receipt) and agent.got(m.Receipt))
    assert job_of(live).state == "running"


def test_a_job_that_the_device_gave_up_takes_the_result_that_comes_after_all(live: Live, agent: FakeAgent) -> None:
    open_job(live)
    agent.send(m.Ack(job_id="j-1", attempt=1, status="refused", reason="The result stays on the device: a reason."))
    eventually(lambda: job_of(live).state == "failed")
    agent.post(replace(measured(), job_id="j-1"))
    agent.wait_until_empty()
    assert (job_of(live).state, job_of(live).note) == ("measured", "")


def test_an_agent_is_asked_for_the_confirmed_results_that_the_hub_lacks(live: Live, agent: FakeAgent) -> None:
    stored, deleted = measured(), measured()
    for result in (stored, deleted):
        agent.post(result)
    agent.wait_until_empty()
    live.client.delete("results", deleted.result_id)
    known = {result.result_id: "0" * 64 for result in (stored, deleted)}

    def wanted(results: dict[str, str]) -> tuple[int, dict[str, object]]:
        body = codec.encode(m.Holdings(device_id=agent.device_id, results=results))
        with live.http("POST", "/holdings", body, {"Content-Type": "application/json"}) as answer:
            return answer.status, json.loads(answer.read())

    assert wanted({**known, "r-lost": "1" * 64, "r-gone": "2" * 64}) == (200, {"result_ids": ["r-gone", "r-lost"]})
    assert wanted({}) == (200, {"result_ids": []})
    assert wanted({str(number): "" for number in range(m.MAX_HOLDINGS + 1)})[0] == 413


def test_two_hundred_poisonous_messages_do_not_exhaust_the_brokers_window(
    live: Live, agent: FakeAgent, tmp_path: Path
) -> None:
    for number in range(200):
        agent.publish("progress", b"{%d" % number)
    agent.post(measured())
    agent.wait_until_empty()
    assert len(dead_letters(tmp_path)) == 200


def test_a_packet_over_the_brokers_limit_ends_that_connection_only(live: Live, agent: FakeAgent) -> None:
    with FakeAgent(live.hub.endpoint.port, 2) as other:
        eventually(lambda: other.is_connected)
        other.flood(b"x" * 400_000)
        agent.post(measured())
        agent.wait_until_empty()
    assert len(stored_ids(live)) == 1


@pytest.mark.parametrize(("wire", "word"), [(2, "newer"), (0, "older")])
def test_another_wire_version_is_refused_by_name(agent: FakeAgent, tmp_path: Path, wire: int, word: str) -> None:
    agent.publish("state", codec.encode(agent.state).replace(b'"wire":1', b'"wire":%d' % wire))
    eventually(lambda: agent.got(m.Refusal))
    refusal = agent.got(m.Refusal)[0]
    assert refusal.code == "wire_version"
    assert word in refusal.message
    assert len(dead_letters(tmp_path)) == 1


def test_unknown_fields_are_ignored(live: Live, agent: FakeAgent) -> None:
    result = measured()
    agent.publish("result", codec.encode(result).replace(b'{"result_id"', b'{"added_later":[1,2],"result_id"', 1))
    eventually(lambda: stored_ids(live) == [result.result_id])


def test_nobody_speaks_for_another_device(live: Live, agent: FakeAgent, tmp_path: Path) -> None:
    agent.publish("result", codec.encode(replace(measured(), device_id=fleet.device_id(7))))
    agent.publish("state", codec.encode(fleet.state(7, "other")))
    agent.publish("facts", codec.encode(fleet.facts(7)))
    eventually(lambda: len(dead_letters(tmp_path)) == 3)
    assert [device.device_id for device in live.hub.reader.devices()] == [agent.device_id]
    assert stored_ids(live) == []


def test_odd_topics_are_put_aside(agent: FakeAgent, tmp_path: Path) -> None:
    for device_id in ("UPPER", "a", "x" * 60, "$sys-like"):
        agent.publish("state", codec.encode(agent.state), device_id=device_id)
    eventually(lambda: len(dead_letters(tmp_path)) == 4)


def test_a_result_waits_for_its_artifacts(live: Live, agent: FakeAgent) -> None:
    trace = b"0.1,0.2,0.3"
    digest = identity.sha256_hex(trace)
    artifact = m.ArtifactRef(name="samples", sha256=digest, size=len(trace), media_type="text/csv")
    agent.post(replace(measured(), artifacts=(artifact,)))
    agent.publish("progress", b"marker that is stored after it")
    eventually(lambda: dead_letters(live.hub.settings.data))
    assert stored_ids(live) == []
    assert agent.got(m.Receipt) == []
    with live.http("PUT", f"/artifacts/{digest}", trace) as answer:
        assert answer.status == 201
    agent.wait_until_empty()
    assert len(stored_ids(live)) == 1


def test_a_locked_database_delays_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)
    monkeypatch.setattr(receiver, "RETRY_S", 0.05)
    with serving(tmp_path) as live, FakeAgent(live.hub.endpoint.port) as agent:
        eventually(live.hub.reader.devices)
        results = [measured() for _ in range(50)]
        with closing(sqlite3.connect(tmp_path / "hub.sqlite", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            for result in results:
                agent.post(result)
            agent.give_time()
            assert agent.got(m.Receipt) == []
            other.execute("ROLLBACK")
        agent.wait_until_empty()
        assert stored_ids(live) == sorted(result.result_id for result in results)


def test_a_broker_killed_in_mid_stream_costs_no_result(live: Live, agent: FakeAgent) -> None:
    results = [measured() for _ in range(400)]
    for number, result in enumerate(results):
        agent.post(result)
        if number in (100, 250):
            kill_broker(live)
    agent.wait_until_empty()
    assert stored_ids(live) == sorted(result.result_id for result in results)
    eventually(lambda: live.hub.reader.devices()[0].online)


def test_a_flood_of_results_leaves_the_embedded_broker_small(live: Live, agent: FakeAgent) -> None:
    for _ in range(4000):
        agent.post(measured())
    agent.wait_until_empty()
    status = Path(f"/proc/{broker_pid(live)}/status").read_text()
    resident_kib = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
    assert resident_kib < 64 * 1024


def kill_broker(live: Live) -> None:
    """SIGKILL to the broker's process, as soon as it serves."""
    eventually(lambda: broker_pid(live) and live.hub.link.is_connected)
    os.kill(broker_pid(live), signal.SIGKILL)


def broker_pid(live: Live) -> int:
    """The process whose configuration lies in this hub's data folder; 0 while there is none."""
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (entry / "cmdline").read_bytes()
            if b"iotcore" in command and str(live.hub.settings.data).encode() in command:
                return int(entry.name)
    return 0


DIES_BEFORE_ITS_FIRST_RECEIPT = """
import os, signal, sys, time
from pathlib import Path
from edgeprof.wire.messages import Receipt
from edgeprof_hub.config import HubSettings
from edgeprof_hub.lifecycle.running import running
from edgeprof_hub.broker.link import AgentLink
send = AgentLink.send
def dies(self, device_id, message_class, message):
    if isinstance(message, Receipt):
        os.kill(os.getpid(), signal.SIGKILL)
    return send(self, device_id, message_class, message)
AgentLink.send = dies
with running(HubSettings(data=Path(sys.argv[1]), mqtt_port=int(sys.argv[2]))):
    time.sleep(60)
"""


def test_a_hub_killed_between_commit_and_receipt_has_the_result_once(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-c", DIES_BEFORE_ITS_FIRST_RECEIPT, str(tmp_path), str(port)]
    result = measured()
    with FakeAgent(port) as agent:
        with subprocess.Popen(command) as first:
            agent.post(result)
            assert first.wait(60) == -signal.SIGKILL
        assert agent.outbox
        with serving(tmp_path, mqtt_port=port) as live:
            agent.wait_until_empty()
            assert stored_ids(live) == [result.result_id]
            assert agent.got(m.Receipt)[0].status == "duplicate"


def test_a_broken_file_takes_no_result_and_the_device_keeps_it(
    live: Live, agent: FakeAgent, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A receipt, or a dead letter that is acknowledged, would be the end of it on the device."""

    def broken(*_: object) -> None:
        error = sqlite3.DatabaseError("database disk image is malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(SqliteWriter, "save_results", broken)
        agent.post(measured())
        eventually(lambda: live.hub.health.is_read_only)
    agent.post(measured())
    with pytest.raises(EdgeprofError, match="is damaged"):
        live.hub.writer.call(lambda store: store.mark_all_offline())
    assert agent.got(m.Receipt) == []
    assert dead_letters(live.hub.settings.data) == []
    assert stored_ids(live) == []
    assert "Traceback" not in caplog.text
