"""A meter's pace is that of its readings: bursts and repeated values do not make it faster."""

import pytest

from edgeprof_agent.sensors.base import Sample
from edgeprof_agent.sensors.pace import joined_ns, message_pace_s, pace_s, reading_pace_s

S = 1_000_000_000


def every(step_s: float, count: int) -> list[int]:
    return [round(step_s * number * S) for number in range(count)]


def bursts(round_s: float, gap_s: float, rounds: int, parts: int = 3) -> list[Sample]:
    """Each round: the value that was known, and with the last message the new one."""
    found: list[Sample] = []
    for number in range(rounds):
        for part in range(parts):
            known = number if part == parts - 1 else number - 1
            found.append(Sample(round((number * round_s + part * gap_s) * S), 4.0 + 0.1 * (known % 3)))
    return found


@pytest.mark.parametrize("gap_s", [0.04, 0.3, 1.0])
@pytest.mark.parametrize("round_s", [10.0, 30.0, 60.0])
def test_three_messages_of_one_reading_are_one(round_s: float, gap_s: float) -> None:
    samples = bursts(round_s, gap_s, 5)
    assert pace_s(samples, cached=True) == pytest.approx(round_s, rel=0.05)
    assert message_pace_s(samples) == pytest.approx(round_s, rel=0.1)


def test_a_burst_of_unequal_gaps_is_one_too() -> None:
    moments = [round((10 * number + offset) * S) for number in range(5) for offset in (0, 0.04, 0.34, 0.38)]
    assert len(joined_ns(moments)) == 5


@pytest.mark.parametrize(
    "moments",
    [
        every(1.0, 10),
        every(0.1, 30),
        [*every(1.0, 5), *(5 * S + moment for moment in every(1.0, 6))],  # one that went missing
        [0, 2 * S, 3 * S, 7 * S, 8 * S, 11 * S],
    ],
)
def test_messages_that_come_one_by_one_stay_apart(moments: list[int]) -> None:
    assert joined_ns(moments) == moments


def test_a_value_that_is_repeated_each_second_and_read_each_ten() -> None:
    samples = [Sample(second * S, 4.0 + 0.1 * (second // 10 % 3)) for second in range(60)]
    assert pace_s(samples, cached=True) == pytest.approx(10.0)
    assert pace_s(samples, cached=False) == pytest.approx(10.0)


def test_a_coarse_meter_that_reads_the_same_twice_is_not_slow() -> None:
    """1 W steps around a boundary: some neighbours are equal, and each message is a reading all the same."""
    watts = [3, 3, 4, 3, 3, 3, 4, 4, 3, 4, 3, 3, 4, 3]
    samples = [Sample(second * S, value) for second, value in enumerate(watts)]
    assert pace_s(samples, cached=False) == pytest.approx(1.0)


def test_a_value_that_never_changes_tells_only_the_pace_of_messages() -> None:
    samples = [Sample(second * S, 5.0) for second in range(10)]
    assert reading_pace_s(samples, cached=True) is None
    assert pace_s(samples, cached=True) == pytest.approx(1.0)


@pytest.mark.parametrize("samples", [[], [Sample(0, 1.0)]])
def test_one_message_has_no_pace(samples: list[Sample]) -> None:
    assert pace_s(samples, cached=True) is None
