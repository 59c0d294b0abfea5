"""Targets of a plan: each place once, under a name that no other has."""

import socket

from edgeprof.client.http_client import HubClient
from edgeprof.profiler import targets
from edgeprof.wire import rest


class _Known(HubClient):
    """A hub that knows some devices."""

    def __init__(self, *known: rest.DeviceRecord) -> None:
        super().__init__()
        self._known = list(known)

    def devices(self, *, retired: bool = False) -> list[rest.DeviceRecord]:
        return self._known

    def groups(self) -> list[rest.DeviceGroup]:
        return []


def _device(device_id: str, name: str) -> rest.DeviceRecord:
    return rest.DeviceRecord(
        device_id=device_id,
        name=name,
        label=name,
        online=True,
        last_seen_s=0.0,
        agent_version="",
        hostname=name,
        profile_id=None,
        profile_title=None,
        profile_reason="",
        emulated=False,
        price_usd=None,
        price_source=None,
        facts=None,
    )


def test_two_endpoints_of_one_host_are_two_targets_with_names_of_their_own() -> None:
    words = ["https://gate.example/a/v1", "https://gate.example/b/v1", "https://gate.example/a/v1/"]
    found = targets.find(words, "", HubClient)
    assert [one.device for one in found] == ["gate.example/a/v1", "gate.example/b/v1"]
    assert [one.device for one in targets.find(words[:1], "", HubClient)] == ["gate.example"]


def test_a_device_of_the_hub_with_this_machines_name_is_told_apart() -> None:
    here = socket.gethostname()
    found = targets.find(["local", "d-1"], "", lambda: _Known(_device("d-1", here)))
    assert [one.device for one in found] == [f"{here} (this machine)", f"{here} (d-1)"]
    assert len({one.identity for one in found}) == 2
    both = targets.find(["d-1", "d-2"], "", lambda: _Known(*(_device(name, "pi") for name in ("d-1", "d-2"))))
    assert [one.device for one in both] == ["pi (d-1)", "pi (d-2)"]
