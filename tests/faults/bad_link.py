"""A TCP connection as bad ones are: delayed, cut, or silent for ever without anybody being told."""

import contextlib
import random
import select
import socket
import threading
import time
from types import TracebackType

PIECE_BYTES = 4096


class BadLink:
    """Listens on a port of its own and carries everything to another one. Its properties may change at any time."""

    def __init__(self, to_port: int, seed: int = 1) -> None:
        self.to_port = to_port
        self.delay_s = 0.0
        self.cut_share = 0.0
        """Of the pieces: instead of one of these the connection ends."""
        self.is_silent = False
        """The other side has vanished: nothing arrives any more, no end is told, new connections stay unanswered."""
        self.accepted = 0
        self._chance = random.Random(seed)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> "BadLink":
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self.cut()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def cut(self) -> None:
        """End every connection now."""
        for pair in list(self._pairs):
            for each in pair:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._stopping.is_set():
            if not select.select([self._listener], [], [], 0.02)[0]:
                continue
            near, _ = self._listener.accept()
            self.accepted += 1
            try:
                far = socket.create_connection(("127.0.0.1", self.to_port), timeout=5)
            except OSError:
                near.close()
                continue
            pair = near, far
            self._pairs.append(pair)
            thread = threading.Thread(target=self._carry, args=(pair,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _carry(self, pair: tuple[socket.socket, socket.socket]) -> None:
        other = {pair[0]: pair[1], pair[1]: pair[0]}
        try:
            while not self._stopping.is_set():
                for ready in select.select(pair, [], [], 0.02)[0]:
                    piece = ready.recv(PIECE_BYTES)
                    if not piece or self._chance.random() < self.cut_share:
                        return
                    while self.is_silent and not self._stopping.is_set():
                        time.sleep(0.02)
                    time.sleep(self.delay_s)
                    other[ready].sendall(piece)
        except OSError:
            return
        finally:
            self._pairs.remove(pair)
            for each in pair:
                each.close()
