"""When a flood of messages begins, when it is over, and who waits for it."""

import threading

from edgeprof_hub.ingest.burst import MANY, MAX_WAIT_S, OVER_AFTER_S, Burst


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_a_hub_that_keeps_up_has_no_burst() -> None:
    burst = Burst(Clock())
    burst.note(MANY - 1)
    assert not burst.is_on()
    assert not burst.wait_until_over(threading.Event())


def test_many_small_batches_within_a_second_are_a_burst_and_over_a_minute_are_none() -> None:
    clock = Clock()
    slow, fast = Burst(clock), Burst(clock)
    for number in range(MANY):
        fast.note(1)
        clock.now_s += 0.5 / MANY
        assert fast.is_on() == (number == MANY - 1)
    for _ in range(MANY):
        slow.note(1)
        clock.now_s += 0.5
        assert not slow.is_on()


def test_a_burst_is_over_when_nothing_more_gathers() -> None:
    clock = Clock()
    burst = Burst(clock)
    for _ in range(5):
        burst.note(MANY)
        clock.now_s += OVER_AFTER_S / 2
        assert burst.is_on()
    clock.now_s += OVER_AFTER_S
    assert not burst.is_on()


def test_a_flood_without_end_holds_nobody_up_for_long() -> None:
    clock = Clock()
    burst = Burst(clock)
    began_s = clock.now_s
    while clock.now_s < began_s + MAX_WAIT_S:
        burst.note(MANY)
        clock.now_s += OVER_AFTER_S / 2
    burst.note(MANY)
    assert not burst.is_on()
    clock.now_s += 2 * OVER_AFTER_S
    burst.note(MANY)
    assert burst.is_on()


def test_who_waits_ends_at_once_when_the_hub_stops() -> None:
    burst = Burst(Clock())
    burst.note(MANY)
    stopping = threading.Event()
    stopping.set()
    assert burst.wait_until_over(stopping)
