"""A real adb server, and phones whose files print transcripts."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.phones.adb_server import AdbServer, adb_server
from tests.phones.adbd import Phone
from tests.phones.pixel import make_pixel

Plug = Callable[..., Phone]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdbServer]:
    with adb_server(tmp_path_factory.mktemp("adb")) as running:
        yield running


@pytest.fixture
def plug(server: AdbServer, tmp_path: Path) -> Iterator[Plug]:
    """Plugs in a Pixel 8 with a hardware serial number."""
    phones: list[Phone] = []

    def plugged(number: str, authorized: bool = True) -> Phone:
        phone = Phone(make_pixel(tmp_path / f"phone-{number}", number), authorized)
        phones.append(phone)
        server.plug(phone)
        return phone

    yield plugged
    for phone in phones:
        phone.close()
        server.run("disconnect", phone.serial)
