"""Where an evaluation stands: its items, the outcomes so far, and the line that says so."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from edgeprof.quality.evaluation_set import Item
from edgeprof.quality.outcomes import Outcome
from edgeprof_agent.evaluating.journal import Journal
from edgeprof_agent.worker_protocol.progress import OnProgress

SHOWN_EVERY_S = 0.5


@dataclass
class Standing:
    """`asked`: the items that are to be answered, by id, in the set's order. Items beyond them never come in."""

    asked: Mapping[str, Item]
    journal: Journal
    on_progress: OnProgress
    started_s: float = field(default_factory=time.monotonic)
    heard_s: float = field(default_factory=time.monotonic)
    _shown_s: float = 0.0
    _right: int = 0
    _judged: int = 0
    _done: int = 0

    def __post_init__(self) -> None:
        self._count(self.outcomes())
        self._first = self._done

    def take(self, outcomes: Sequence[Outcome]) -> None:
        """Outcomes of asked items that have none yet; a worker is never trusted to be well."""
        new = [one for one in outcomes if one.item_id in self.asked and one.item_id not in self.journal.outcomes]
        self.journal.add(new)
        self._count(new)
        self.heard_s = time.monotonic()
        if self.heard_s - self._shown_s >= SHOWN_EVERY_S or not self.left():
            self._shown_s = self.heard_s
            self._show()

    def outcomes(self) -> list[Outcome]:
        """Of the asked items, in the set's order."""
        found = self.journal.outcomes
        return [found[item_id] for item_id in self.asked if item_id in found]

    def done_places(self) -> list[int]:
        """The places in the set of items that have an outcome."""
        return [place for place, item_id in enumerate(self.asked) if item_id in self.journal.outcomes]

    def left(self) -> int:
        """Items without an outcome."""
        return len(self.asked) - self._done

    def _count(self, outcomes: Sequence[Outcome]) -> None:
        self._done += len(outcomes)
        judged = [outcome for outcome in outcomes if outcome.correct is not None]
        self._judged += len(judged)
        self._right += sum(bool(outcome.correct) for outcome in judged)

    def _show(self) -> None:
        asked = len(self.asked)
        done = asked - self.left()
        parts = [f"{done:,} of {asked:,} items"]
        if self._judged:
            parts.append(f"{100 * self._right / self._judged:.1f} % right so far")
        elapsed_s = self.heard_s - self.started_s
        if done < asked and done > self._first and elapsed_s > 1:
            parts.append(f"{_time_text((asked - done) * elapsed_s / (done - self._first))} left")
        self.on_progress("evaluate", done / asked, ", ".join(parts))


def _time_text(seconds: float) -> str:
    """`45 s`, `12 min`, `3.1 h`"""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
