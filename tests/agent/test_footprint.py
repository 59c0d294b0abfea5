"""What our own processes cost: clocks that a test drives, and one real run."""

import threading
import time
from collections.abc import Callable, Iterable

import pytest

from edgeprof.wire.energy import Integration, PowerScope
from edgeprof.wire.messages import RunProtocol
from edgeprof_agent.cost_book import CostBook, Span, thread_cost
from edgeprof_agent.measuring.footprint import FootprintMeter
from edgeprof_agent.sensors.base import Accuracy
from edgeprof_agent.sensors.sampler import PowerSampler
from tests.agent.measuring import BUNDLED, measured, misbehaving, request_for

S = 10**9
BRIEF = RunProtocol(warmup_runs=1, warmup_limit_s=0.1, min_runs=5, window_s=0.1, window_limit_s=0.1, deadline_s=60)


def book(monkeypatch: pytest.MonkeyPatch, readings: Iterable[tuple[int, int]]) -> CostBook:
    """Ticks at (moment, processor time) in nanoseconds."""
    moments, clocks = zip(*readings, strict=True)
    remaining = iter(clocks)
    now = iter(moments)
    monkeypatch.setattr(time, "monotonic_ns", lambda: next(now))
    filled = CostBook(lambda: next(remaining))
    for _ in moments:
        filled.tick()
    return filled


@pytest.mark.parametrize(
    ("spans", "share"),
    [
        ([(0, 10 * S)], 0.06),
        ([(0, S)], 0.1),
        ([(S, 10 * S)], 0.5 / 9),
        ([(S // 2, S), (9 * S, 10 * S)], (0.05 + 0.5 / 9) / 1.5),
        ([(S, 14 * S)], 0.5 / 9),
        ([(8 * S, 30 * S)], None),
        ([(20 * S, 30 * S)], None),
        ([], None),
    ],
)
def test_cost_within_spans_runs_straight_between_ticks(
    spans: list[Span], share: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs = book(monkeypatch, [(0, 0), (S, S // 10), (10 * S, 6 * S // 10)])
    assert costs.share(spans) == (None if share is None else pytest.approx(share))


def test_a_traces_own_columns_are_a_book_too() -> None:
    book = CostBook.of([0, S, 2 * S], [0, S // 100, S // 10])
    assert book.share([(0, 2 * S)]) == pytest.approx(0.05)
    with pytest.raises(RuntimeError, match="elsewhere"):
        book.tick()


def test_one_tick_tells_no_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    assert book(monkeypatch, [(0, 0)]).share([(0, S)]) is None


def test_the_rate_is_that_of_the_ticks_within_the_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    costs = book(monkeypatch, [(at * S // 10, 0) for at in range(100)])
    assert costs.hz([(0, 5 * S)]) == pytest.approx(10, rel=0.05)
    assert costs.hz([(20 * S, 25 * S)]) == 0


def spin(seconds: float) -> None:
    """Uses this much processor time."""
    start_s = time.thread_time()
    while time.thread_time() - start_s < seconds:
        pass


def test_a_thread_is_charged_its_own_time_and_not_its_neighbours() -> None:
    costs = {"busy": thread_cost(), "idle": thread_cost()}

    def work(name: str, act: Callable[[], None]) -> None:
        costs[name].tick()
        act()
        costs[name].tick()

    busy = threading.Thread(target=work, args=("busy", lambda: spin(0.2)))
    idle = threading.Thread(target=work, args=("idle", lambda: busy.join()))
    start_ns = time.monotonic_ns()
    busy.start()
    idle.start()
    idle.join()
    wall_s = (time.monotonic_ns() - start_ns) / 1e9
    shares = {name: cost.share([(start_ns, start_ns + int(wall_s * 1e9))]) for name, cost in costs.items()}
    assert shares["busy"] is not None
    assert shares["idle"] is not None
    assert shares["busy"] * wall_s >= 0.2
    assert shares["idle"] < shares["busy"] / 4


def test_our_own_work_between_two_lines_is_charged_to_us() -> None:
    meter = FootprintMeter()

    def decode(line: bytes) -> bool:
        spin(0.2 if line == b"a line" else 0)
        return True

    take_line = meter.beside(decode)
    start_ns = time.monotonic_ns()
    assert take_line(b"a line")
    take_line(b"another")
    end_ns = time.monotonic_ns()
    footprint = meter.footprint([{"start_ns": start_ns, "end_ns": end_ns, "units": 1}], ())
    assert footprint is not None
    assert footprint.agent_cpu_share * (end_ns - start_ns) >= 0.19 * S
    assert footprint.sampler_hz == 0
    assert footprint.agent_rss_mib > 5


def test_the_line_that_ends_the_window_is_not_yet_decoded_when_we_are_read() -> None:
    """Decoding a hundred thousand samples takes longer than all else, and comes after the window."""
    meter = FootprintMeter()
    take_line = meter.beside(lambda _: spin(0.3) is not None)
    start_ns = time.monotonic_ns()
    time.sleep(0.2)
    take_line(b"measured")
    footprint = meter.footprint([{"start_ns": start_ns, "end_ns": start_ns + S // 5, "units": 1}], ())
    assert footprint is not None
    assert footprint.agent_cpu_share < 1.0  # 0.3 s of decoding over 0.2 s of window would be 1.5


def test_a_window_that_was_not_enclosed_has_no_footprint() -> None:
    meter = FootprintMeter()
    assert meter.footprint([{"start_ns": 0, "end_ns": S, "units": 1}], ()) is None


class Burning:
    """A sensor whose reading costs 5 ms of processor time."""

    name = "burning"
    scope: PowerScope = "platform"
    source = "itself"
    integration: Integration = "trapezoid"
    max_hz = 20.0
    version: str | None = None
    accuracy = Accuracy()

    def __init__(self) -> None:
        self.readings = 0
        self.enough = threading.Event()

    def available(self) -> str | None:
        return None

    def read(self) -> float:
        spin(0.005)
        self.readings += 1
        if self.readings == 12:
            self.enough.set()
        return float(self.readings)


def test_a_sampler_tells_what_its_readings_cost() -> None:
    sensor = Burning()
    sampler = PowerSampler(sensor, 20)
    sampler.start()
    start_ns = time.monotonic_ns()
    assert sensor.enough.wait(30)
    end_ns = time.monotonic_ns()
    sampler.stop()
    span = (start_ns, end_ns)
    share, hz = sampler.cost.share([span]), sampler.cost.hz([span])
    assert share is not None
    assert share >= 0.004 * hz > 0


def test_a_real_run_brings_its_footprint() -> None:
    result = measured(request_for(BUNDLED / "digits-cnn-fp32.onnx", protocol=BRIEF), misbehaving("slow"))
    assert result.footprint is not None
    assert 0 <= result.footprint.sampler_cpu_share <= result.footprint.agent_cpu_share + 0.01
    assert result.footprint.agent_rss_mib > 10
