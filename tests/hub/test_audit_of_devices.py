"""Who let a device in, and who shut it out, is in the audit log; so is a join that was refused."""

from pathlib import Path

import pytest

from edgeprof_hub.store.audit import AuditQuery
from tests.hub import fleet
from tests.hub.tls_hub import Device, serving_tls

pytestmark = pytest.mark.mosquitto

TOKEN = "a-token-for-tests-only"


def test_joining_and_revoking_are_logged(tmp_path: Path) -> None:
    device_id = fleet.device_id(1)
    with serving_tls(tmp_path / "hub", TOKEN) as served:
        _, made = served.ask("POST", "/api/v1/join-secrets", {"device_id": device_id}, token=TOKEN)
        secret = made["token"].split(".")[2]
        device = Device(tmp_path, device_id)
        assert device.join(served, secret)[0] == 200
        assert Device(tmp_path, device_id).join(served, secret)[0] != 200, "a secret is good for one device"
        status, _ = served.ask("GET", "/audit", context=device.context(served))
        assert status == 403, "a device reads no page"
        status, _ = served.ask("POST", f"/api/v1/devices/{device_id}/revoke", token=TOKEN)
        assert status == 200
        served.hub.writer.call(lambda _: None)
        found = served.hub.reader.audit.entries(AuditQuery())
    assert [(one.actor, one.action, one.subject, one.failed) for one in reversed(found)] == [
        ("shared token", "device.join_secret", device_id, False),
        (f"device {device_id}", "device.enrol", device_id, False),
        ("unknown", "join.refused", "", True),
        ("shared token", "device.revoke", device_id, False),
    ]
    assert secret not in repr(found)
