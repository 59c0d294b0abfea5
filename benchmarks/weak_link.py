"""Two network namespaces joined by a link that delays, loses, is narrow, and can be cut. Linux, as root.

A kernel without `tc netem` needs nothing else: a process passes packets from one TUN interface to the other.
"""

import ctypes
import fcntl
import heapq
import multiprocessing
import os
import random
import select
import struct
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from multiprocessing.sharedctypes import SynchronizedArray
from pathlib import Path

HUB_ADDRESS, BOARDS_ADDRESS = "10.77.0.1", "10.77.0.2"
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
CLONE_NEWNET = 0x40000000
MAX_QUEUED_S = 0.5
"""What a narrow link holds back; it drops the rest, as a modem does."""
MAX_PACKET_BYTES = 65536
DELAY_S, LOSS, BITS_PER_S, IS_CUT, PACKETS, LOST, BYTES_TO_BOARDS, BYTES_TO_HUB = range(8)


@dataclass(frozen=True)
class Weather:
    """`delay_ms` is each way, `loss` a share of the packets of each way. `mbps` 0: as fast as this machine passes."""

    delay_ms: float = 0.0
    loss: float = 0.0
    mbps: float = 0.0

    @property
    def words(self) -> str:
        rate = f"{self.mbps:g} Mbit/s" if self.mbps else "no limit of rate"
        return f"{rate}, {self.delay_ms:g} ms and {100 * self.loss:g} % loss each way"


class WeakLink:
    """The namespaces, their interfaces and the process between them. `close` takes all of it away."""

    def __init__(self) -> None:
        own = os.getpid()
        self.hub_side, self.boards_side = f"ep-hub-{own}", f"ep-boards-{own}"
        self._state: SynchronizedArray[float] = multiprocessing.Array("d", 8)
        ends = [
            _interface(f"ep-h{own}", self.hub_side, HUB_ADDRESS, BOARDS_ADDRESS),
            _interface(f"ep-b{own}", self.boards_side, BOARDS_ADDRESS, HUB_ADDRESS),
        ]
        self._relay = multiprocessing.get_context("fork").Process(target=_relay, args=(ends, self._state), daemon=True)
        self._relay.start()
        for end in ends:
            os.close(end)

    def set(self, weather: Weather) -> None:
        """From now on."""
        self._state[DELAY_S] = weather.delay_ms / 1000
        self._state[LOSS] = weather.loss
        self._state[BITS_PER_S] = weather.mbps * 1e6

    def cut(self) -> None:
        """Nothing passes, and nobody learns of it: both sides see silence."""
        self._state[IS_CUT] = 1.0

    def mend(self) -> None:
        self._state[IS_CUT] = 0.0

    @property
    def mb_to_boards(self) -> float:
        """What passed so far, with the headers of IP and TCP."""
        return self._state[BYTES_TO_BOARDS] / 1e6

    @property
    def lost_share(self) -> float:
        """Of all packets so far, those that were lost, dropped by a full queue, or sent into the cut."""
        return self._state[LOST] / max(1.0, self._state[PACKETS])

    def close(self) -> None:
        """Processes in the namespaces must have ended."""
        self._relay.kill()
        self._relay.join()
        for space in (self.hub_side, self.boards_side):
            subprocess.run(["ip", "netns", "delete", space], check=True)


def enter(space: str) -> None:
    """This thread, and what it starts from now on, lives in the namespace. Raises OSError."""
    handle = os.open(Path("/run/netns") / space, os.O_RDONLY)
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if library.setns(handle, CLONE_NEWNET):
            number = ctypes.get_errno()
            raise OSError(number, f"{space}: {os.strerror(number)}")
    finally:
        os.close(handle)


def _interface(name: str, space: str, own: str, peer: str) -> int:
    """A TUN interface inside a new namespace; its end outside stays here."""
    end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(end, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    for words in (
        f"netns add {space}",
        f"link set {name} netns {space}",
        f"-n {space} address add {own} peer {peer} dev {name}",
        f"-n {space} link set {name} up",
        f"-n {space} link set lo up",
    ):
        subprocess.run(["ip", *words.split()], check=True)
    return end


def _relay(ends: Sequence[int], state: "SynchronizedArray[float]") -> None:
    """Until it is killed."""
    order, draw = count(), random.Random(1)
    waiting: list[tuple[float, int, int, bytes]] = []
    free_s = [0.0, 0.0]
    peer = {ends[0]: (ends[1], 0, BYTES_TO_BOARDS), ends[1]: (ends[0], 1, BYTES_TO_HUB)}
    while True:
        left_s = waiting[0][0] - time.monotonic() if waiting else 1.0
        readable, _, _ = select.select(ends, (), (), max(0.0, left_s))
        now_s = time.monotonic()
        for end in readable:
            packet = os.read(end, MAX_PACKET_BYTES)
            target, way, counter = peer[end]
            state[PACKETS] += 1
            starts_s = max(now_s, free_s[way])
            if state[IS_CUT] or draw.random() < state[LOSS] or starts_s - now_s > MAX_QUEUED_S:
                state[LOST] += 1
                continue
            rate = state[BITS_PER_S]
            free_s[way] = starts_s + (8 * len(packet) / rate if rate else 0.0)
            state[counter] += len(packet)
            heapq.heappush(waiting, (free_s[way] + state[DELAY_S], next(order), target, packet))
        while waiting and waiting[0][0] <= time.monotonic():
            _, _, target, packet = heapq.heappop(waiting)
            with suppress(OSError):  # the interface's own queue is full: lost, as on a wire
                os.write(target, packet)
