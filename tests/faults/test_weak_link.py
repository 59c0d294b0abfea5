"""The link of `benchmarks/journeys.py`: it delays, it is cut in silence, and it takes everything away again."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest

from benchmarks.weak_link import HUB_ADDRESS, WeakLink, Weather, enter
from tests.conftest import find_program

T = TypeVar("T")
DELAY_MS = 30.0
PATIENCE_S = 0.3

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or find_program("ip") is None or not Path("/dev/net/tun").exists(),
    reason="needs root, ip and /dev/net/tun",
)


@pytest.fixture
def link() -> Iterator[WeakLink]:
    made = WeakLink()
    yield made
    made.close()


def inside(space: str, work: Callable[[], T]) -> T:
    """In a thread of its own, which ends in that namespace."""

    def there() -> T:
        enter(space)
        return work()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(there).result()


def listening() -> socket.socket:
    return socket.create_server((HUB_ADDRESS, 0))


def test_what_is_sent_arrives_late_or_in_a_cut_not_at_all(link: WeakLink) -> None:
    link.set(Weather(delay_ms=DELAY_MS))
    with inside(link.hub_side, listening) as server:
        address = server.getsockname()
        began_s = time.monotonic()
        with inside(link.boards_side, lambda: socket.create_connection(address, 10)) as board:
            assert time.monotonic() - began_s >= 2 * DELAY_MS / 1000
            taken, _ = server.accept()
            with taken:
                board.sendall(b"before")
                assert taken.recv(6) == b"before"
                link.cut()
                board.sendall(b"during")
                taken.settimeout(PATIENCE_S)
                with pytest.raises(TimeoutError):
                    taken.recv(6)
                link.mend()
                taken.settimeout(10)
                assert taken.recv(6) == b"during"
    assert link.lost_share > 0


def test_nothing_is_left_over() -> None:
    made = WeakLink()
    made.close()
    shown = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    assert made.hub_side not in shown
    assert made.boards_side not in shown
