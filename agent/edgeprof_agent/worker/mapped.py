"""How much of the model's own files a process has mapped and in memory, from its smaps."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path


def mapped_kib(files: Sequence[str], proc: Path) -> int:
    """Resident pages of these files' mappings, in KiB; 0 where a runtime read them into memory of its own.

    Copies that the process made of private pages by writing to them are among them. Raises OSError where the kernel
    does not tell. `maps` is looked at first: it costs no walk over the page tables.
    """
    names = {_as_printed(os.path.realpath(file)) for file in files}
    with (proc / "maps").open("rb") as maps:
        if not any(_mapped_file(line) in names for line in maps):
            return 0
    with (proc / "smaps").open("rb") as smaps:
        return resident_kib(smaps, names)


def resident_kib(smaps: Iterable[bytes], names: set[bytes]) -> int:
    """The sum of `Rss` over the mappings of the files of these names."""
    total_kib, wanted = 0, False
    for line in smaps:
        if _is_heading(line):
            wanted = _mapped_file(line) in names
        elif wanted and line.startswith(b"Rss:"):
            total_kib += int(line.split()[1])
    return total_kib


def _is_heading(line: bytes) -> bool:
    """`7f0a-7f0b r--p 00000000 fe:00 1234   /path`; the lines below it begin with a capital letter."""
    return not line[:1].isupper()


def _mapped_file(heading: bytes) -> bytes:
    fields = heading.rstrip(b"\n").split(None, 5)
    return fields[5].removesuffix(b" (deleted)") if len(fields) == 6 else b""


def _as_printed(path: str) -> bytes:
    """The kernel writes a line feed in a name as an octal number."""
    return os.fsencode(path).replace(b"\n", b"\\012")
