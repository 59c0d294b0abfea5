"""The end of a stream of any length, in bounded memory."""

KEPT_BYTES = 16 * 1024


class Tail:
    """Keeps the last bytes and counts the rest."""

    def __init__(self, kept_bytes: int = KEPT_BYTES) -> None:
        self._kept_bytes = kept_bytes
        self._kept = bytearray()
        self._seen = 0

    def add(self, data: bytes) -> None:
        self._seen += len(data)
        self._kept += data
        if len(self._kept) > self._kept_bytes:
            del self._kept[: -self._kept_bytes]

    def text(self) -> str:
        """What was kept, headed by how much was not."""
        dropped = self._seen - len(self._kept)
        head = f"[{dropped} bytes before this were dropped]\n" if dropped else ""
        return head + self._kept.decode(errors="replace")
