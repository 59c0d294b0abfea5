"""A byte stream cut into lines, with an end to patience."""

LIMIT_BYTES = 32 * 1024 * 1024
"""Far above our longest line (100,000 samples are 1 MB)."""


class Lines:
    """Collects bytes and gives back whole lines. `flooded` once a worker has said more than any worker of ours."""

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._seen = 0
        self._rest = bytearray()
        self.flooded = False

    def add(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes; none after a flood."""
        self._seen += len(data)
        if self._seen > self._limit_bytes:
            self.flooded = True
            self._rest.clear()
            return []
        self._rest += data
        if b"\n" not in data:
            if len(self._rest) > LIMIT_BYTES:  # however much a worker may say, a line is held in memory
                self.flooded = True
                self._rest.clear()
            return []
        *whole, rest = bytes(self._rest).split(b"\n")
        self._rest = bytearray(rest)
        return whole
