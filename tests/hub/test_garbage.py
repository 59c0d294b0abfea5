"""Collections fall between requests."""

import gc
import threading

import anyio
import anyio.to_thread
import pytest

from edgeprof_hub import garbage


class _Knot:
    def __init__(self) -> None:
        self.own = self


@pytest.fixture(autouse=True)
def _as_before() -> object:
    before = gc.get_threshold()
    gc.set_threshold(garbage.AT_ONCE, 10, 10)
    gc.collect()
    yield None
    gc.set_threshold(*before)


def test_an_idle_hub_frees_what_only_refers_to_itself() -> None:
    async def ask() -> tuple[bool, bool]:
        first = garbage.collect_if_idle(1000)
        knots = [_Knot() for _ in range(2000)]
        del knots
        return first, garbage.collect_if_idle(1000)

    assert anyio.run(ask) == (False, True)
    assert gc.get_count()[0] < 1000


def test_a_hub_that_computes_a_page_does_not_stop_for_it() -> None:
    async def ask() -> bool:
        begun, may_end = threading.Event(), threading.Event()
        collected = True

        def page() -> None:
            begun.set()
            may_end.wait(10)

        async with anyio.create_task_group() as group:
            group.start_soon(anyio.to_thread.run_sync, page)
            while not begun.is_set():
                await anyio.sleep(0.001)
            knots = [_Knot() for _ in range(2000)]
            del knots
            collected = garbage.collect_if_idle(1000)
            may_end.set()
        return collected

    assert not anyio.run(ask)
