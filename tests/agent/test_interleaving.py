"""The order of a series: whole blocks, mirrored pairs for two, the same for the same seed."""

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeprof_agent.series.interleaving import Turn, interleaved, order_of

counts = st.integers(1, 6)
repeats = st.integers(1, 12)
seeds = st.integers(0, 2**32 - 1)


def blocks_of(turns: tuple[Turn, ...]) -> list[list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for turn in turns:
        found[turn.block].append(turn.setup)
    return [found[block] for block in sorted(found)]


@given(counts, repeats, seeds)
def test_every_block_visits_every_setup_once(setups: int, repeats: int, seed: int) -> None:
    turns = interleaved(setups, repeats, seed)
    assert [turn.number for turn in turns] == list(range(1, setups * repeats + 1))
    assert [turn.block for turn in turns] == sorted(turn.block for turn in turns)
    assert [sorted(block) for block in blocks_of(turns)] == [list(range(setups))] * repeats


@given(counts, repeats, seeds)
def test_a_setup_is_repeated_in_order(setups: int, repeats: int, seed: int) -> None:
    for setup in range(setups):
        own = [turn.repeat for turn in interleaved(setups, repeats, seed) if turn.setup == setup]
        assert own == list(range(1, repeats + 1))


@given(st.integers(1, 12), seeds)
def test_of_two_setups_a_linear_drift_cancels(pairs: int, seed: int) -> None:
    turns = interleaved(2, 2 * pairs, seed)
    blocks = blocks_of(turns)
    assert all(second == first[::-1] for first, second in zip(blocks[::2], blocks[1::2], strict=True))
    times = [sum(turn.number for turn in turns if turn.setup == setup) for setup in (0, 1)]
    assert times[0] == times[1]


@given(counts, repeats, seeds)
def test_a_seed_tells_the_order(setups: int, repeats: int, seed: int) -> None:
    assert interleaved(setups, repeats, seed) == interleaved(setups, repeats, seed)


def test_seeds_give_other_orders_and_no_setup_is_always_first() -> None:
    orders = {order_of(interleaved(3, 4, seed)) for seed in range(20)}
    assert len(orders) > 10
    assert {interleaved(3, 1, seed)[0].setup for seed in range(20)} == {0, 1, 2}
    assert {interleaved(2, 1, seed)[0].setup for seed in range(20)} == {0, 1}


def test_the_order_is_told_by_blocks() -> None:
    turns = (Turn(1, 1, 0, 1), Turn(2, 1, 1, 1), Turn(3, 2, 1, 2), Turn(4, 2, 0, 2))
    assert order_of(turns) == "1 2 | 2 1"
    assert order_of(turns, 1) == "1 2 | and 1 blocks more"


@pytest.mark.parametrize(("setups", "repeats"), [(0, 1), (1, 0)])
def test_nothing_to_run_is_no_series(setups: int, repeats: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        interleaved(setups, repeats, 1)
