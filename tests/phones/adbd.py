"""A phone for adb: the device's side of adb's transport over TCP, so that the real adb server talks to it.

Written from the protocol's documentation (AOSP packages/modules/adb: docs/dev/protocol.md, docs/dev/sync.md). Its shell
runs on this machine, with the phone's own programs (`getprop`, `dumpsys` ...) as files that print transcripts.
"""

import os
import queue
import secrets
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

_VERSION = 0x01000001
_MAX_BYTES = 256 * 1024
_TOKEN = 1
_HEADER = struct.Struct("<4sIIIII")
_FILES = ("/data/local/tmp", "/proc/cpuinfo", "/proc/meminfo", "/proc/loadavg", "/proc/uptime", "/sys/devices")
_SECONDS = 20.0


class _Ended(Exception):
    """The connection or the stream is closed."""


class Phone:
    """One phone whose files lie in `root`. It listens from construction on, and is plugged in by `adb connect`."""

    def __init__(self, root: Path, authorized: bool = True) -> None:
        self.root, self.authorized = root, authorized
        self.refuse_push: bytes | None = None
        """What it answers to a file, as a full disk does."""
        self.on_push: Callable[[], None] = lambda: None
        self.commands: list[str] = []
        self._connections: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    @property
    def serial(self) -> str:
        """As adb lists it."""
        return f"127.0.0.1:{self.port}"

    def unplug(self) -> None:
        """Every connection ends in the middle of whatever it does, and no other comes."""
        for each in (self._listener, *self._connections):
            with _quiet():
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._connections.clear()

    def close(self) -> None:
        self.unplug()
        for thread in self._threads:
            thread.join(_SECONDS)

    def here(self, text: str) -> str:
        """A command or a path of the phone on this machine."""
        for name in _FILES:
            text = text.replace(name, f"{self.root}{name}")
        return text

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with _quiet():
            while True:
                connection, _ = self._listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._connections.append(connection)
                link = _Link(self, connection)
                self._start(link.serve)


class _Link:
    """One connection of the adb server."""

    def __init__(self, phone: Phone, connection: socket.socket) -> None:
        self._phone, self._connection = phone, connection
        self._lock = threading.Lock()
        self._streams: dict[int, _Stream] = {}

    def send(self, command: bytes, first: int, second: int, data: bytes = b"") -> None:
        magic = struct.unpack("<I", command)[0] ^ 0xFFFFFFFF
        with self._lock, _quiet():
            self._connection.sendall(_HEADER.pack(command, first, second, len(data), sum(data), magic) + data)

    def serve(self) -> None:
        with _quiet():
            while True:
                command, first, second, size, _, _ = _HEADER.unpack(self._read(_HEADER.size))
                self._handle(command, first, second, self._read(size))
        for stream in self._streams.values():
            stream.end()

    def _handle(self, command: bytes, first: int, second: int, data: bytes) -> None:
        if command in (b"CNXN", b"AUTH"):
            self._greet()
        elif command == b"OPEN":
            stream = _Stream(self, local=first + 1000, remote=first)
            self._streams[stream.local] = stream
            self.send(b"OKAY", stream.local, first)
            threading.Thread(target=self._serve_stream, args=(stream, data.rstrip(b"\0").decode()), daemon=True).start()
        elif command == b"WRTE" and second in self._streams:
            self._streams[second].incoming.put(data)
            self.send(b"OKAY", second, first)
        elif command == b"OKAY" and second in self._streams:
            self._streams[second].ready.set()
        elif command == b"CLSE" and second in self._streams:
            self._streams.pop(second).end()

    def _greet(self) -> None:
        """A phone that has not allowed this computer asks for a signature again and again."""
        if not self._phone.authorized:
            self.send(b"AUTH", _TOKEN, 0, secrets.token_bytes(20))
            return
        banner = b"device::ro.product.name=shiba;ro.product.model=Pixel 8;ro.product.device=shiba;features=shell_v2,cmd"
        self.send(b"CNXN", _VERSION, _MAX_BYTES, banner)

    def _serve_stream(self, stream: "_Stream", service: str) -> None:
        try:
            if service.startswith("shell:"):
                _shell(self._phone, stream, service.removeprefix("shell:"))
            elif service.startswith("sync:"):
                _sync(self._phone, stream)
        except _Ended:
            pass
        self.send(b"CLSE", stream.local, stream.remote)

    def _read(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            part = self._connection.recv(size - len(found))
            if not part:
                raise _Ended
            found += part
        return found


class _Stream:
    """One service of a connection, as a pair of pipes."""

    def __init__(self, link: _Link, local: int, remote: int) -> None:
        self._link, self.local, self.remote = link, local, remote
        self.incoming: queue.Queue[bytes | None] = queue.Queue()
        self.ready = threading.Event()
        self._ended = threading.Event()
        self._rest = b""
        self.ready.set()

    def end(self) -> None:
        self._ended.set()
        self.ready.set()
        self.incoming.put(None)

    def write(self, data: bytes) -> None:
        """One packet is on its way at a time: the next goes after its OKAY."""
        for start in range(0, len(data), _MAX_BYTES):
            if not self.ready.wait(_SECONDS) or self._ended.is_set():
                raise _Ended
            self.ready.clear()
            self._link.send(b"WRTE", self.local, self.remote, data[start : start + _MAX_BYTES])

    def read(self, size: int) -> bytes:
        while len(self._rest) < size:
            part = self.incoming.get(timeout=_SECONDS)
            if part is None:
                raise _Ended
            self._rest += part
        found, self._rest = self._rest[:size], self._rest[size:]
        return found


def _shell(phone: Phone, stream: _Stream, command: str) -> None:
    phone.commands.append(command)
    done = subprocess.run(
        ["sh", "-c", phone.here(command)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={"PATH": f"{phone.root}/bin:{os.environ['PATH']}"},
        check=False,
    )
    stream.write(done.stdout)


def _sync(phone: Phone, stream: _Stream) -> None:
    while True:
        request, size = struct.unpack("<4sI", stream.read(8))
        if request == b"QUIT":
            return
        path = stream.read(size).decode()
        if request == b"STAT":
            stream.write(_stat(Path(phone.here(path))))
        elif request == b"SEND":
            stream.write(_receive(phone, stream, path))
        elif request == b"RECV":
            stream.write(_sent(Path(phone.here(path))))


def _stat(file: Path) -> bytes:
    if not file.exists():
        return b"STAT" + struct.pack("<III", 0, 0, 0)
    found = file.stat()
    return b"STAT" + struct.pack("<III", found.st_mode, found.st_size, int(found.st_mtime))


def _receive(phone: Phone, stream: _Stream, target: str) -> bytes:
    """The file is taken to its end also where it is refused, as adbd does."""
    name, _, mode = target.rpartition(",")
    file, data = Path(phone.here(name)), b""
    while True:
        kind, size = struct.unpack("<4sI", stream.read(8))
        if kind == b"DONE":
            break
        data += stream.read(size)
    phone.on_push()
    if phone.refuse_push is not None:
        return b"FAIL" + struct.pack("<I", len(phone.refuse_push)) + phone.refuse_push
    file.write_bytes(data)
    file.chmod(int(mode) & 0o777)
    return b"OKAY" + struct.pack("<I", 0)


def _sent(file: Path) -> bytes:
    if not file.exists():
        reason = b"No such file or directory"
        return b"FAIL" + struct.pack("<I", len(reason)) + reason
    data = file.read_bytes()
    parts = [data[start : start + 65536] for start in range(0, len(data), 65536)]
    body = b"".join(b"DATA" + struct.pack("<I", len(part)) + part for part in parts)
    return body + b"DONE" + struct.pack("<I", 0)


@contextmanager
def _quiet() -> Generator[None]:
    """What a connection raises when it ends."""
    with suppress(OSError, _Ended):
        yield
