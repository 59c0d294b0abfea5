"""Items made ready for the model: decoded and prepared, in turn or ahead in a thread of their own."""

import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

from edgeprof.quality.evaluation_set import Item
from edgeprof_agent.worker.evaluation.base import Pipeline

AHEAD = 4
"""Items that wait for the model at most."""
_SWITCH_S = 1e-4
"""How soon Python passes the interpreter on: at its 5 ms a model that is done would wait for the other thread."""


class Ready(NamedTuple):
    """What the model takes, or why there is none: the step that failed, and its error."""

    prepared: Any
    times_ns: dict[str, int]
    step: str = ""
    error: Exception | None = None


Turn = tuple[int, Item, Callable[[], Ready]]
"""An item's place, the item, and what gives it ready."""


def made_ready(pipeline: Pipeline, item: Item) -> Ready:
    """Decode and prepare, each timed. MemoryError passes: it is the process's."""
    times_ns: dict[str, int] = {}
    step = "decode"
    try:
        started_ns = time.perf_counter_ns()
        decoded = pipeline.decode(item)
        step, times_ns["decode"] = "prepare", time.perf_counter_ns() - started_ns
        started_ns = time.perf_counter_ns()
        prepared = pipeline.prepare(item, decoded)
        times_ns["prepare"] = time.perf_counter_ns() - started_ns
    except MemoryError:
        raise
    except Exception as error:
        return Ready(None, times_ns, step, error)
    return Ready(prepared, times_ns)


def in_turn(pipeline: Pipeline, asked: Iterable[tuple[int, Item]]) -> Generator[Turn, None, None]:
    """Each item when the one before has its answer."""
    return ((place, item, partial(made_ready, pipeline, item)) for place, item in asked)


def ahead(pipeline: Pipeline, asked: Iterable[tuple[int, Item]]) -> Generator[Turn, None, None]:
    """The next items while the model works: for a machine with a core that the model does not use."""
    sys.setswitchinterval(_SWITCH_S)
    pool = ThreadPoolExecutor(1)
    waiting: deque[tuple[int, Item, Future[Ready]]] = deque()
    try:
        for place, item in asked:
            waiting.append((place, item, pool.submit(made_ready, pipeline, item)))
            if len(waiting) > AHEAD:
                first = waiting.popleft()
                yield first[0], first[1], first[2].result
        for place, item, future in waiting:
            yield place, item, future.result
    finally:
        pool.shutdown(cancel_futures=True)
