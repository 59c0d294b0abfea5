"""Phones on the whole way: a real hub, one agent, a real adb server, and two phones of `tests/phones/adbd.py`."""

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgeprof.wire import rest
from tests.e2e.farm import Farm, eventually
from tests.phones.adb_server import AdbServer, adb_server
from tests.phones.adbd import Phone
from tests.phones.pixel import benchmark_model, make_pixel


@pytest.fixture
def server(tmp_path: Path) -> Iterator[AdbServer]:
    (tmp_path / "adb").mkdir()
    with adb_server(tmp_path / "adb") as running:
        yield running


@pytest.fixture
def phones(tmp_path: Path, server: AdbServer) -> Iterator[list[Phone]]:
    """Two of one model."""
    made = [Phone(make_pixel(tmp_path / f"phone-{number}", number)) for number in ("38171FDJG00123", "38171FDJG00456")]
    for phone in made:
        server.plug(phone)
    yield made
    for phone in made:
        phone.close()


def test_two_phones_are_two_devices_and_one_of_them_measures(
    empty_farm: Farm, server: AdbServer, phones: list[Phone], bundled: Path, tmp_path: Path
) -> None:
    farm, runner = empty_farm, benchmark_model(tmp_path)
    farm.start_hub()
    farm.start_agent("phones", "--phone-runner", f"benchmark_model={runner}", environment=server.environment)
    found = eventually("both phones are online", lambda: _online(farm, 2))
    assert {device.hostname for device in found} != {""}
    assert all(device.name.startswith("Pixel 8 (") for device in found)
    assert all(device.facts and device.facts.android and device.facts.android.soc == "Tensor G3" for device in found)
    campaign = farm.run([farm.put(bundled / "digits-cnn-int8.tflite")], found[:1])
    assert [(job.state, job.config.runtime) for job in campaign.jobs] == [("measured", "benchmark_model")]
    device_id = found[0].device_id
    (cell,) = [cell for (device, _), cell in farm.cells().items() if device == device_id]
    assert cell.metrics["latency_p50_ms"].value == pytest.approx(1239.807)
    run = _page(f"{farm.client.url}/runs/{cell.result_id}")
    assert "measured by benchmark_model (SHA-256 " in run
    assert "benchmark_model prints no samples" in run
    assert "Nothing watched the phone during this run." in run
    assert "newer agent" not in run
    page = _page(f"{farm.client.url}/devices/{device_id}")
    assert "Pixel 8" in page
    assert "Tensor G3" in page
    assert "Google Pixel 8</b>" in page
    farm.agents.pop("phones").stop()
    eventually("both phones are offline", lambda: not _online(farm, 1))
    farm.stop()
    assert [path for path in (farm.folder / "hub").rglob("*") if path.is_file() and _has(path, b"38171FDJG")] == []


def _online(farm: Farm, count: int) -> list[rest.DeviceRecord] | None:
    found = [device for device in farm.client.devices() if device.online and device.facts]
    return found if len(found) >= count else None


def _page(url: str) -> str:
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.read().decode()


def _has(file: Path, text: bytes) -> bool:
    return text in file.read_bytes()
