"""What a search has compared so far, as lines of JSON in the cache: a search that was stopped goes on from there."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from edgeprof.bisecting.course import Bench, Unusable
from edgeprof.bisecting.judging import Ratio
from edgeprof.errors import EdgeprofError


class _Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One answer of a bench: a ratio, or why the candidate was unusable."""

    base: str
    candidate: str
    repeats: int
    ratio: Ratio | None = None
    reason: str = ""


class JournaledBench:
    """Answers from the journal where it holds the pair with as many repeats, else asks `bench` and writes that down."""

    def __init__(self, bench: Bench, labels: list[str], file: Path) -> None:
        self._bench = bench
        self._labels = labels
        self._file = file
        self._known = {(one.base, one.candidate, one.repeats): one for one in _read(file)}
        self.recalled = 0

    def compare(self, base: int, candidate: int, repeats: int) -> Ratio:
        """As `Bench.compare`."""
        key = self._labels[base], self._labels[candidate], repeats
        known = self._known.get(key)
        if known is not None:
            self.recalled += 1
            if known.ratio is None:
                raise Unusable(known.reason)
            return known.ratio
        try:
            ratio = self._bench.compare(base, candidate, repeats)
        except Unusable as error:
            self._note(_Entry(base=key[0], candidate=key[1], repeats=repeats, reason=str(error)))
            raise
        self._note(_Entry(base=key[0], candidate=key[1], repeats=repeats, ratio=ratio))
        return ratio

    def _note(self, entry: _Entry) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("ab") as file:
                file.write(msgspec.json.encode(entry) + b"\n")
        except OSError as error:
            raise EdgeprofError("file_unwritable", f"Cannot write {self._file}: {error.strerror}.") from error


def forget(file: Path) -> None:
    """Nothing is recalled afterwards."""
    with suppress(OSError):
        file.unlink()


def _read(file: Path) -> list[_Entry]:
    """A line that was cut off by a power failure is left out."""
    decode: Callable[[bytes], _Entry] = msgspec.json.Decoder(_Entry).decode
    found: list[_Entry] = []
    with suppress(OSError):
        for line in file.read_bytes().splitlines():
            with suppress(msgspec.MsgspecError):
                found.append(decode(line))
    return found
