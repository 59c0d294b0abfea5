"""SHA-256 in a thread of its own: it works on the last bytes while the next ones arrive."""

import hashlib
import queue
import threading
from types import TracebackType

MAX_CHUNKS_WAITING = 8
"""Bounds the memory; the reader waits when hashing is slower than the network."""


class BackgroundHash:
    """Hashes what `update` is given, in order. `hexdigest` and `size_bytes` hold outside of a `with` block only.

    One object can be entered several times, which is how a download goes on after a cut without reading its
    part again.

    Example:
        total = BackgroundHash()
        with total:
            total.update(b"first bytes")
        total.hexdigest()
    """

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._waiting: queue.Queue[bytes | None] = queue.Queue(MAX_CHUNKS_WAITING)
        self._thread: threading.Thread | None = None
        self.size_bytes = 0

    def __enter__(self) -> "BackgroundHash":
        self._thread = threading.Thread(target=self._run, name="hash", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._waiting.put(None)
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def update(self, data: bytes) -> None:
        self._waiting.put(data)

    def hexdigest(self) -> str:
        return self._digest.hexdigest()

    def _run(self) -> None:
        while (data := self._waiting.get()) is not None:
            self._digest.update(data)  # without the interpreter's lock, above 2 KiB
            self.size_bytes += len(data)
