"""The memory's bandwidth by C's own memcpy and memcmp: no package is needed, and no compiler.

Blocks of each thread are far larger than a board's last cache. memcpy counts what it reads and what it writes; a cache
line that is fetched before it is overwritten is not counted, so that memcmp, which only reads, is often the higher.
"""

import ctypes
import threading
import time
from collections.abc import Callable

_BLOCK_BYTES = 128 * 1024 * 1024
_REPEATS = 5


def bandwidth_gb_s(threads: int) -> float:
    """10^9 bytes a second, the best of some repeats, with so many threads at once."""
    c_library = ctypes.CDLL(None)
    c_library.memcpy.argtypes = c_library.memcmp.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
    c_library.memcpy.restype = ctypes.c_void_p
    size = _BLOCK_BYTES // threads
    pairs = [(ctypes.create_string_buffer(size), ctypes.create_string_buffer(size)) for _ in range(threads)]
    for first, second in pairs:  # pages that were never written share one page of zeros
        ctypes.memset(first, 1, size)
        ctypes.memset(second, 1, size)
    best = 0.0
    for function in (c_library.memcpy, c_library.memcmp):
        for _ in range(_REPEATS):
            took_s = _together([_work(function, *pair, size) for pair in pairs])
            best = max(best, 2 * size * threads / took_s / 1e9)
    return best


def _work(
    function: Callable[..., object],
    first: "ctypes.Array[ctypes.c_char]",
    second: "ctypes.Array[ctypes.c_char]",
    size: int,
) -> Callable[[], object]:
    return lambda: function(first, second, size)


def _together(works: list[Callable[[], object]]) -> float:
    """Seconds until all are done; a ctypes call lets the other threads run."""
    gate = threading.Barrier(len(works) + 1)

    def run(work: Callable[[], object]) -> None:
        gate.wait()
        work()

    running = [threading.Thread(target=run, args=(work,)) for work in works]
    for each in running:
        each.start()
    gate.wait()
    started = time.perf_counter()
    for each in running:
        each.join()
    return time.perf_counter() - started
