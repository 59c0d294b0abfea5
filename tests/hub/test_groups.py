"""Groups of devices: kept, flashed to, lost with their devices."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edgeprof.client.http_client import HubError
from edgeprof.wire import rest
from tests.hub import fleet
from tests.hub.live import Live, serving

MODEL = fleet.model("cnn", "cnn")
IDS = [fleet.device_id(number) for number in (1, 2, 3)]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Live]:
    with serving(tmp_path / "data") as live:
        of = fleet.Fleet([fleet.state(number, f"pi-{number}") for number in (1, 2, 3)], models=[MODEL])
        live.hub.writer.call(lambda store: fleet.fill(store, of))
        yield live


def test_a_group_is_flashed_to_as_its_devices_are(served: Live) -> None:
    served.client.set_group("lab / α", IDS[:2])
    request = rest.CampaignRequest(model_ids=(MODEL.model_id,), device_ids=(IDS[1], IDS[2]), groups=("lab / α",))
    campaign = served.client.start_campaign(request)
    assert sorted(job.device_id for job in campaign.jobs) == IDS


def test_a_group_is_replaced_whole_and_goes_with_its_last_device(served: Live) -> None:
    served.client.set_group("lab", IDS[:2])
    served.client.set_group("lab", IDS[2:])
    assert served.client.groups() == [rest.DeviceGroup(name="lab", device_ids=(IDS[2],))]
    served.client.delete("devices", IDS[2])
    assert served.client.groups() == []


def test_what_is_no_group_is_refused(served: Live) -> None:
    with pytest.raises(HubError, match="No device 'nobody'"):
        served.client.set_group("lab", ["nobody"])
    with pytest.raises(HubError, match="at least one device"):
        served.client.set_group("lab", [])
    with pytest.raises(HubError, match="at least one visible character"):
        served.client.set_group("\u202e", IDS)
    with pytest.raises(HubError, match="No group 'lab'"):
        served.client.delete_group("lab")
    request = rest.CampaignRequest(model_ids=(MODEL.model_id,), device_ids=(), groups=("lab",))
    with pytest.raises(HubError, match="No group 'lab'"):
        served.client.start_campaign(request)
