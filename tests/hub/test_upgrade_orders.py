"""Orders to upgrade agents, as the hub keeps and sends them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from edgeprof.commands.devices import devices
from edgeprof.errors import EdgeprofError
from edgeprof.wire import messages as m
from edgeprof.wire.fleet import FleetChange, Upgrade
from edgeprof_hub.broker.dispatch import CANNOT_UPGRADE
from edgeprof_hub.fleet import acts
from edgeprof_hub.joining.wheel_index import FOLDER, index_of
from edgeprof_hub.store import upgrades
from tests.hub import fleet, made_wheels, stores
from tests.hub.fake_agent import FakeAgent
from tests.hub.live import Live, eventually
from tests.hub.stores import Store

WHEEL = "a" * 64
IDS = [fleet.device_id(number) for number in range(1, 31)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with stores.opened(tmp_path) as made:
        for number in range(1, 31):
            made.writer.save_state(fleet.state(number, f"agent-{number}"), fleet.NOW_S)
        yield made


def order(store: Store, device_id: str) -> bool:
    return store.writer.change(lambda db: upgrades.request(db, device_id, "9.0", WHEEL))


def answered(store: Store, device_id: str, status: m.AckStatus, code: str | None = None) -> None:
    due = store.reader.upgrades.due(0.0, fleet.NOW_S)
    found = next(one for one in due if one.device_id == device_id)
    ack = m.Ack(job_id=found.upgrade_id, attempt=1, status=status, reason="why", code=code)
    store.writer.change(lambda db: upgrades.take_ack(db, device_id, ack))


def state(store: Store, device_id: str) -> Upgrade | None:
    return store.reader.upgrades.of([device_id]).get(device_id)


def test_a_few_devices_at_a_time_get_their_order(store: Store) -> None:
    assert [order(store, device_id) for device_id in IDS] == [True] * len(IDS)
    assert not order(store, IDS[0])  # the same order is open
    due = store.reader.upgrades.due(0.0, fleet.NOW_S)
    assert len(due) == upgrades.MAX_AT_ONCE
    for one in due:
        store.writer.save_upgrade(one.upgrade_id, "sent")
    assert store.reader.upgrades.due(0.0, fleet.NOW_S) == []
    assert [one.device_id for one in store.reader.upgrades.begun(IDS[0])] == [IDS[0]]


def test_a_version_that_works_nowhere_is_not_tried_on_the_rest(store: Store) -> None:
    for device_id in IDS[:5]:
        order(store, device_id)
    for device_id in IDS[:3]:
        answered(store, device_id, "refused", "upgrade_failed")
    found = [state(store, device_id) for device_id in IDS[:5]]
    assert [one.note for one in found if one] == [
        *["why"] * 3,
        *["Not tried: the first 3 devices could not be upgraded."] * 2,
    ]


def test_devices_on_which_nothing_was_tried_say_nothing_of_the_version(store: Store) -> None:
    for device_id in IDS[:5]:
        order(store, device_id)
    for device_id, code in zip(IDS[:3], ("upgrade_unavailable", "upgrade_unproven", None), strict=True):
        answered(store, device_id, "refused", code)
    found = [state(store, device_id) for device_id in IDS[:5]]
    assert [one.state for one in found if one] == [*["failed"] * 3, *["queued"] * 2]


def test_only_the_device_itself_answers_its_order(store: Store) -> None:
    order(store, IDS[0])
    (due,) = store.reader.upgrades.due(0.0, fleet.NOW_S)
    ack = m.Ack(job_id=due.upgrade_id, attempt=1, status="accepted", code=m.UPGRADED)
    store.writer.change(lambda db: upgrades.take_ack(db, IDS[1], ack))
    assert (found := state(store, IDS[0])) is not None
    assert found.state == "queued"
    store.writer.change(lambda db: upgrades.take_ack(db, IDS[0], ack))
    assert (found := state(store, IDS[0])) is not None
    assert found.state == "done"


def test_an_older_agent_never_gets_the_order(live: Live, agent: FakeAgent) -> None:
    index = index_of(live.hub.settings.data)
    made_wheels.changed(index.own().file, live.hub.settings.data / FOLDER, "9.0", {})
    (known,) = live.client.devices()
    done = CliRunner().invoke(devices, ["upgrade", known.label, "--wait", "--hub", live.url], standalone_mode=False)
    lines = ["Ordered for 1 device.", f"{known.label}: upgrade to 9.0 failed: {CANNOT_UPGRADE}"]
    assert (done.return_value, done.output.splitlines()) == (1, lines)
    assert not any(isinstance(message, m.Job) for message in agent.received)


def test_an_agent_that_is_able_gets_a_signed_order(live: Live) -> None:
    index = index_of(live.hub.settings.data)
    own = made_wheels.changed(index.own().file, live.hub.settings.data / FOLDER, "9.0", {})
    able = FakeAgent(live.hub.endpoint.port, 2)
    able.facts = replace(able.facts, abilities=(m.UPGRADE_ABILITY,))
    with able:
        eventually(lambda: live.hub.reader.abilities(able.device_id) is not None)
        acts.act(live.hub, FleetChange(act="upgrade", device_ids=(able.device_id,)))
        eventually(lambda: any(isinstance(message, m.Job) for message in able.received))
        (job,) = (message for message in able.received if isinstance(message, m.Job))
        assert job.signed is not None
        assert job.upgrade is not None
        assert (job.upgrade.version, own.name.split("-")[1]) == ("9.0", "9.0")


def test_a_device_with_the_version_is_left_out(live: Live, agent: FakeAgent) -> None:
    with pytest.raises(EdgeprofError) as refused:
        acts.act(live.hub, FleetChange(act="upgrade", device_ids=(agent.device_id,)))
    assert refused.value.code == "nothing_to_upgrade"
