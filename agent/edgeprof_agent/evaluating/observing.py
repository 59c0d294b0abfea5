"""The device while an evaluation's workers run, and the trust badge of its times. Answers have none: they are items."""

import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from edgeprof.wire.evidence import Conditions, MemoryProfile, Timing, Trust
from edgeprof.wire.messages import DeviceState
from edgeprof_agent.isolation.running import OnLine
from edgeprof_agent.measuring.run_evidence import RunEvidence
from edgeprof_agent.telemetry.conditions import conditions_of
from edgeprof_agent.telemetry.gate import Passed
from edgeprof_agent.telemetry.sampler import Telemetry
from edgeprof_agent.telemetry.trace import Trace
from edgeprof_agent.worker_protocol.document import MeasuredWindow

CAUSES = ("busy", "emulated", "hot_start", "replayed", "swapping", "throttled", "under_voltage", "unstable_clock")
"""What speaks against the times of an evaluation. The other causes look at samples of one repeated input."""
_BEGINS = b'{"event": "stage", "stage": "evaluate"'
_ANSWERS = (b'{"event": "outcomes"', b'{"event": "evaluated"')


@dataclass
class Watch:
    """One worker, from its first item to its last, on CLOCK_MONOTONIC as its lines arrive."""

    telemetry: Telemetry
    start_ns: int = 0
    end_ns: int = 0

    def beside(self, on_line: OnLine) -> OnLine:
        """`on_line`, with a look at the device where the items begin and where they end."""

        def take_line(line: bytes) -> bool:
            if line.startswith(_BEGINS):
                self.start_ns = time.monotonic_ns()
            elif line.startswith(_ANSWERS):
                self.end_ns = time.monotonic_ns()
            return on_line(line)

        return self.telemetry.beside(take_line)


@dataclass(frozen=True)
class Observed:
    """What was seen of one worker."""

    trace: Trace
    window: MeasuredWindow


@dataclass
class Observer:
    """Watches each worker of an evaluation. `cores`: those that a worker may use."""

    root: Path
    cores: tuple[int, ...]
    passed: Passed = field(default_factory=Passed)
    seen: list[Observed] = field(default_factory=lambda: [])

    @contextmanager
    def watching(self) -> Generator[Watch]:
        """One worker, which starts and ends in the block."""
        watch = Watch(Telemetry(self.root, self.cores))
        try:
            yield watch
        finally:
            trace = watch.telemetry.stop()
            if watch.end_ns > watch.start_ns > 0:
                window = MeasuredWindow(start_ns=watch.start_ns, end_ns=watch.end_ns, units=0)
                self.seen.append(Observed(trace, window))

    @property
    def longest(self) -> Observed | None:
        """The worker that answered for the longest time: most of the times are of it."""
        return max(self.seen, key=lambda one: one.window["end_ns"] - one.window["start_ns"], default=None)


def conditions_in(observer: Observer) -> Conditions | None:
    """None where no worker came to an item."""
    longest = observer.longest
    return conditions_of(longest.trace, [longest.window], len(observer.cores)) if longest else None


def trust_in(
    conditions: Conditions, states: Sequence[DeviceState], passed: Passed, *, emulated: bool, replays: str | None
) -> Trust:
    """The badge of an evaluation's times, by the rules of a speed run. `states`: before and after."""
    from edgeprof_agent.measuring.trust import RULES, trust_by  # an agent that waits for work need not carry it

    evidence = RunEvidence(
        medians_of={},
        published={},
        pieces_ms=(),
        timing=Timing(clock_resolution_ns=0.0, loop_overhead_ns=0.0, warmup_runs=0, settled=True, window_end="time"),
        conditions=conditions,
        memory=MemoryProfile(phases=()),
        before=states[0],
        after=states[1],
        output=None,
        emulated=emulated,
        replays=replays,
        gate=passed,
    )
    return trust_by({cause: rule for cause, rule in RULES.items() if cause in CAUSES}, evidence)
