"""Items prepared ahead in a thread: the same items in the same order, each error with its own item."""

import threading
from typing import Any, cast

import pytest

from edgeprof.quality.evaluation_set import Item
from edgeprof_agent.worker.evaluation.base import NoAnswer, Pipeline
from edgeprof_agent.worker.evaluation.readying import AHEAD, ahead, in_turn


class _Pipeline:
    """Prepares 10 times the item's number; the fourth has no answer. Notes what was decoded, and where."""

    batch_shape = ""
    prepares_ahead = True

    def __init__(self) -> None:
        self.decoded: list[tuple[int, int]] = []

    def decode(self, item: Item) -> Any:
        self.decoded.append((item["number"], threading.get_ident()))
        if item["number"] == 4:
            raise NoAnswer("the fourth")
        return item["number"]

    def prepare(self, item: Item, decoded: Any) -> Any:
        return 10 * decoded

    def ask(self, item: Item, prepared: Any) -> Any: ...

    def finish(self, item: Item, output: Any) -> Any: ...


ITEMS = [(place, {"id": str(place), "number": place}) for place in range(20)]


@pytest.mark.parametrize("readied", [in_turn, ahead])
def test_every_item_comes_in_its_turn_with_its_own_error(readied: Any) -> None:
    found = [(place, ready()) for place, _, ready in readied(_Pipeline(), ITEMS)]
    assert [place for place, _ in found] == list(range(20))
    assert [each.prepared for place, each in found if place != 4] == [10 * place for place in range(20) if place != 4]
    failed = found[4][1]
    assert (failed.step, str(failed.error), failed.prepared) == ("decode", "the fourth", None)
    assert set(found[5][1].times_ns) == {"decode", "prepare"}


def test_only_a_few_items_are_ahead_and_none_once_the_run_ends() -> None:
    pipeline = _Pipeline()
    turns = ahead(cast(Pipeline, pipeline), ITEMS)
    _, _, ready = next(turns)
    assert ready().prepared == 0
    turns.close()
    assert len(pipeline.decoded) <= AHEAD + 1
    assert threading.get_ident() not in {thread for _, thread in pipeline.decoded}
