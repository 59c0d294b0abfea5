"""The fleet: what devices report reaches page, API and terminal; many are changed at once; boards retire."""

import itertools
import json
import urllib.error
import urllib.request
from dataclasses import asdict, replace
from typing import cast

import pytest
from click.testing import CliRunner
from fastapi import FastAPI
from starlette.testclient import TestClient

from edgeprof.cli import edgeprof
from edgeprof.wire import rest
from edgeprof.wire.fleet import SORTS, FleetEntry, FleetQuery, FleetState
from edgeprof.wire.vitals import Vitals
from edgeprof_hub.context import HubContext
from edgeprof_hub.fleet import trouble
from edgeprof_hub.fleet.refused import Refused
from edgeprof_hub.store.fleet import FleetRow
from tests.hub import fleet
from tests.hub.conftest import Open
from tests.hub.fake_agent import FakeAgent
from tests.hub.live import Live, eventually

HOT = Vitals(
    temperature_c=81.4,
    disk_free_mib=700.0,
    disk_total_mib=29_000.0,
    disk_wear_percent=90.0,
    throttle_flags=("under_voltage",),
    throttle_flags_since_boot=("under_voltage", "throttled"),
    throttle_flags_known=("under_voltage", "throttled"),
    waiting_results=2,
    quarantined_results=1,
    last_error="offline: The broker closed the connection.",
    last_error_s=1_790_000_000.0,
)


def entry_of(live: Live, state: FleetState = "all") -> tuple[FleetEntry, ...]:
    return live.client.fleet(FleetQuery(state=state)).entries


def test_vitals_reach_the_fleet_and_name_the_trouble(live: Live, agent: FakeAgent) -> None:
    assert [one.trouble for one in entry_of(live)] == [()]
    agent.send(replace(agent.state, is_answer=True, vitals=HOT))
    eventually(lambda: entry_of(live)[0].vitals is not None)
    (entry,) = entry_of(live, "trouble")
    assert entry.vitals == HOT
    assert entry.trouble == (
        "under-voltage now",
        "1 quarantined result",
        "700 MiB disk free",
        "90 % of the eMMC's lifetime used",
    )
    assert entry.last_error == "offline: The broker closed the connection."
    page = live.client.fleet(FleetQuery(search="agent-1 pi"))
    assert (page.total, page.counts["online"], page.counts["trouble"]) == (1, 1, 1)
    assert live.client.fleet(FleetQuery(search="agent-1 100%")).total == 0
    shown = CliRunner().invoke(edgeprof, ["devices", "--hub", live.url, "--state", "trouble"])
    assert "81 °C, under-voltage" in shown.output
    assert "1 device: 1 online, 1 in trouble." in shown.output
    lines = CliRunner().invoke(edgeprof, ["devices", "--hub", live.url, "-o", "csv"]).output.splitlines()
    assert lines[1].startswith(f"{agent.device_id},agent-1,online,")
    assert "| agent-1 | online |" in CliRunner().invoke(edgeprof, ["devices", "--hub", live.url, "-o", "md"]).output


def test_an_agent_that_the_hub_turns_away_is_shown_until_it_is_let_in(live: Live, agent: FakeAgent) -> None:
    hello = fleet.m.Hello(
        device_id=agent.device_id, session_id="s-2", name="copy", hostname="other", agent_version="0.1.0", place="p"
    )
    asked = urllib.request.Request(f"{live.url}/api/v1/claims", json.dumps(asdict(hello)).encode())
    asked.add_header("content-type", "application/json")
    with pytest.raises(urllib.error.HTTPError, match="409"):
        urllib.request.urlopen(asked)
    (refused,) = live.client.fleet(FleetQuery()).refused
    assert (refused.hostname, refused.times) == ("other", 1)
    assert "in use by an agent on host1" in refused.reason


def test_refused_agents_are_bounded_and_grow_old() -> None:
    now_s = [1000.0]
    refused = Refused(lambda: now_s[0])
    for number in range(300):
        refused.note(_hello(number), "no")
    refused.note(_hello(299), "no")
    assert (len(refused.newest()), refused.newest()[0].times) == (200, 2)
    refused.let_in(_hello(299))
    assert len(refused.newest()) == 199
    now_s[0] += 90_000
    assert refused.newest() == ()


def _hello(number: int) -> fleet.m.Hello:
    return fleet.m.Hello(
        device_id=fleet.device_id(number), session_id="s", name="n", hostname="h", agent_version="0.1.0"
    )


@pytest.fixture
def pages(open_hub: Open) -> TestClient:
    return open_hub(fleet.typical())


def hub_of(pages: TestClient) -> HubContext:
    return cast(FastAPI, pages.app).state.hub


def known(hub: HubContext, device_id: str) -> rest.DeviceRecord:
    found = hub.reader.device(device_id)
    assert found is not None
    return found


def devices(pages: TestClient, query: str = "") -> list[str]:
    entries = pages.get(f"/api/v1/fleet?{query}").json()["entries"]
    return [entry["device"]["name"] for entry in entries]


def test_every_order_shows_every_device_once(pages: TestClient) -> None:
    every = devices(pages)
    assert len(every) > 1
    for sort, way in itertools.product(SORTS, ("true", "false")):
        by_ones = [devices(pages, f"sort={sort}&descending={way}&limit=1&offset={n}")[0] for n in range(len(every))]
        assert sorted(by_ones) == sorted(every)


@pytest.mark.parametrize(
    ("own", "online", "failed_before_s", "shown"),
    [
        ("link.offline: the connection ended", True, 60.0, "no_space"),  # the hub was started again since
        ("link.offline: the connection ended", True, 200_000.0, "link.offline: the connection ended"),
        ("link.offline: the connection ended", False, 60.0, "link.offline: the connection ended"),
        ("store.full: no room", True, 60.0, "store.full: no room"),
        ("store.full: no room", True, -60.0, "no_space"),
    ],
)
def test_a_link_that_is_back_does_not_hide_a_failed_job(
    pages: TestClient, own: str, online: bool, failed_before_s: float, shown: str
) -> None:
    device = replace(hub_of(pages).reader.devices()[0], online=online)
    at_s = 1_790_000_000.0
    row = FleetRow(
        device=device,
        vitals=replace(HOT, last_error=own, last_error_s=at_s),
        vitals_s=at_s + 5,
        queue=0,
        groups=(),
        failed_s=at_s - failed_before_s,
        failed_note="no_space",
        failed_job_id="j",
    )
    assert trouble.entry(row, "0.1.0", at_s + 10).last_error == shown


def test_an_idle_device_that_is_online_shows_when_its_last_message_came(pages: TestClient) -> None:
    text = pages.get("/fleet").text
    assert "Last message" in text
    assert "Last seen" not in text


def test_many_devices_are_tagged_grouped_and_retired_at_once(pages: TestClient) -> None:
    every = [device.device_id for device in hub_of(pages).reader.devices()]
    body = {"act": "tag", "value": "Lab, roof", "device": every[:2]}
    answer = pages.post("/fleet/act", data=body)
    assert answer.headers["location"] == "/fleet?done=tag&changed=2"
    assert "2 devices tagged." in pages.get(answer.headers["location"]).text
    assert len(devices(pages, "tag=lab")) == 2
    assert pages.post("/fleet/act", data={"act": "untag", "value": "lab", "every": "1"}).status_code == 303
    assert devices(pages, "tag=lab") == []
    pages.post("/fleet/act", data={"act": "group", "value": "bench", "device": every[:1]})
    pages.post("/fleet/act", data={"act": "group", "value": "bench", "device": every[1:2]})
    assert len(devices(pages, "group=bench")) == 2
    assert "Select at least one device." in pages.post("/fleet/act", data={"act": "retire"}).text
    pages.post("/fleet/act", data={"act": "retire", "every": "1", "group": "bench"})
    assert len(devices(pages, "state=retired")) == 2
    assert len(devices(pages)) == len(every) - 2
    pages.post("/fleet/act", data={"act": "restore", "every": "1", "state": "retired"})
    assert len(devices(pages)) == len(every)
    assert len(devices(pages, "group=bench")) == 2


def test_jobs_of_the_selected_devices_are_cancelled_and_failed_ones_run_again(pages: TestClient) -> None:
    hub = hub_of(pages)
    every = [device.device_id for device in hub.reader.devices()]
    opened = sum(len(hub.reader.open_jobs(one)) for one in every)
    answer = pages.post("/fleet/act", data={"act": "cancel", "device": every})
    assert opened
    assert answer.headers["location"] == f"/fleet?done=cancel&changed={opened}"
    again = pages.post("/fleet/act", data={"act": "cancel", "device": every})
    assert (again.status_code, "No job to cancel" in again.text) == (400, True)


def test_a_retired_device_is_hidden_gets_no_jobs_and_keeps_its_results(pages: TestClient) -> None:
    hub = hub_of(pages)
    one = next(row.device_id for row in hub.reader.cells() if row.stored is not None)
    model_id = hub.reader.models()[0].model_id
    results = len(hub.reader.results(device_id=one))
    assert pages.post(f"/api/v1/devices/{one}/retire").status_code == 204
    assert hub.reader.open_jobs(one) == []
    assert one not in [device.device_id for device in hub.reader.devices()]
    assert one not in pages.get("/").text
    assert one not in pages.get("/flash").text
    assert len(hub.reader.results(device_id=one)) == results
    refused = pages.post("/api/v1/campaigns", json={"model_ids": [model_id], "device_ids": [one]})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "device_retired")
    assert "Retired" in pages.get(f"/devices/{one}").text
    for path in ("/jobs", "/settings", "/fleet?state=retired", f"/models/{model_id}"):
        assert pages.get(path).status_code == 200
    assert pages.post(f"/devices/{one}/restore").status_code == 303
    assert one in [device.device_id for device in hub.reader.devices()]
    assert [change.field for change in hub.reader.labels.changes("device", one)] == ["retired", "retired"]


def test_a_new_board_takes_the_place_and_its_figures_stay_apart(pages: TestClient) -> None:
    hub = hub_of(pages)
    old = next(row.device_id for row in hub.reader.cells() if row.stored is not None)
    new = next(device for device in hub.reader.devices() if device.device_id != old)
    name = known(hub, old).name
    pages.post("/fleet/act", data={"act": "group", "value": "bench", "device": old})
    pages.patch(f"/api/v1/devices/{old}", json={"tags": ["roof"]})
    pages.patch(f"/api/v1/devices/{new.device_id}", json={"tags": ["new"]})
    before = {row.device_id: row for row in hub.reader.cells()}
    assert pages.post(f"/devices/{old}/replace", data={"successor": new.name}).status_code == 303
    taken = known(hub, new.device_id)
    assert (taken.name, taken.label, taken.tags) == (name, name, ("new", "roof"))
    assert hub.reader.groups()[0].device_ids == (new.device_id,)
    assert known(hub, old).replaced_by == new.device_id
    assert {row.device_id: row for row in hub.reader.cells()} == before
    page = pages.get(f"/devices/{new.device_id}").text
    assert "other board" in page
    assert f"/devices/{old}" in page
    assert f'replaced by <a href="/devices/{new.device_id}">' in pages.get(f"/devices/{old}").text
    again = pages.post(f"/api/v1/devices/{old}/replace", json={"device_id": new.device_id})
    assert again.json()["error"]["code"] == "already_replaced"
    assert pages.post(f"/api/v1/devices/{new.device_id}/replace", json={"device_id": new.device_id}).status_code == 422
    pages.delete(f"/api/v1/devices/{new.device_id}")
    assert known(hub, old).replaced_by == ""


def test_the_terminal_retires_restores_and_replaces(live: Live, agent: FakeAgent) -> None:
    with FakeAgent(live.hub.endpoint.port, number=2):
        eventually(lambda: len(live.client.devices()) == 2)
        run = CliRunner()
        assert "Retired agent-1." in run.invoke(edgeprof, ["devices", "retire", "agent-1", "--hub", live.url]).output
        assert [one.name for one in live.client.devices()] == ["agent-2"]
        assert (
            run.invoke(edgeprof, ["devices", "restore", "agent-1", "--hub", live.url]).output == "Restored agent-1.\n"
        )
        shown = run.invoke(edgeprof, ["devices", "replace", "agent-1", "agent-2", "--hub", live.url])
        assert shown.output.startswith("agent-2 takes the place of agent-1.")
        assert [one.name for one in live.client.devices()] == ["agent-1"]
