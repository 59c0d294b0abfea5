"""Files out of the page cache by posix_fadvise(POSIX_FADV_DONTNEED), and by mincore(2) whether they went.

DONTNEED is advice: dirty pages, pages that another process has mapped, and whole filesystems (tmpfs, overlays of some
kinds) keep theirs. So what is left is counted, and a start with more than a twentieth of its pages in memory is not
called cold.
"""

import ctypes
import mmap
import os
import stat
from collections.abc import Sequence
from typing import NamedTuple

MAX_LEFT_SHARE = 0.05


class Dropped(NamedTuple):
    """Shares of the files' pages in memory, before and after; None where mincore did not tell."""

    evicted: bool
    before_share: float | None
    after_share: float | None
    reason: str | None


def drop(paths: Sequence[str]) -> Dropped:
    """Writes back, drops and counts. `reason` says why the files are not cold."""
    before = resident_share(paths)
    try:
        for path in paths:
            _drop(path)
    except OSError as error:
        return Dropped(False, before, before, f"cannot drop the page cache: {error.strerror}")
    after = resident_share(paths)
    if after is None:
        return Dropped(
            False,
            before,
            after,
            "only the owner of the files can see whether they left the page cache (mincore(2))",
        )
    if after > MAX_LEFT_SHARE:
        return Dropped(False, before, after, f"{after:.0%} of the files' pages stayed in the page cache")
    return Dropped(True, before, after, None)


def resident_share(paths: Sequence[str]) -> float | None:
    """The share of all pages of these files that lie in memory; None where the kernel refuses to tell.

    Since Linux 5.2 mincore says of a file that one neither owns nor may write that every page lies in memory
    (mincore(2), against the page cache attack CVE-2019-5489): of such a file nothing is known.
    """
    if not all(_may_be_told(path) for path in paths):
        return None
    counts = [_resident_pages(path) for path in paths if os.path.getsize(path)]
    known = [count for count in counts if count is not None]
    if not known or len(known) < len(counts):
        return None
    return sum(resident for resident, _ in known) / sum(pages for _, pages in known)


def _may_be_told(path: str) -> bool:
    found = os.stat(path)
    if found.st_uid == os.geteuid() or os.access(path, os.W_OK, effective_ids=True):
        return True
    return bool(found.st_mode & stat.S_IWOTH)  # the kernel asks for the right alone: a read-only mount does not count


def _drop(path: str) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)  # a page that was just written is dirty and would stay
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(fd)


def _resident_pages(path: str) -> tuple[int, int] | None:
    """(pages in memory, pages) of one file. Mapping it touches no page."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        pages = -(-size // mmap.PAGESIZE)
        libc = ctypes.CDLL(None, use_errno=True)
        libc.mmap.restype = ctypes.c_void_p
        libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *([ctypes.c_int] * 3), ctypes.c_long]
        address = libc.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, file.fileno(), 0)
        if address in (None, ctypes.c_void_p(-1).value):
            return None
        try:
            residency = (ctypes.c_ubyte * pages)()
            if libc.mincore(ctypes.c_void_p(address), ctypes.c_size_t(size), residency) != 0:
                return None
            return sum(page & 1 for page in residency), pages
        finally:
            libc.munmap(ctypes.c_void_p(address), ctypes.c_size_t(size))
