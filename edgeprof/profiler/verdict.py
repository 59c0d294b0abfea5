"""Which model on which target, or the leader so far, with what that rests on. Pure.

Emulated and replayed runs, predicted figures and failed gates are never ranked.
"""

from dataclasses import dataclass

from edgeprof.profiler.cells import Recording
from edgeprof.profiler.plan import Plan
from edgeprof.profiler.quality_ranking import judge_gates, rank_quality
from edgeprof.profiler.rankings import Ranking
from edgeprof.profiler.speed_ranking import rank_speed
from edgeprof.quality.gates import GateVerdict


@dataclass(frozen=True, kw_only=True)
class ProfilerVerdict:
    """The rankings, and the gates with what they found."""

    sentence: str
    rankings: tuple[Ranking, ...]
    gates: tuple[GateVerdict, ...] = ()

    def __str__(self) -> str:
        lines = [self.sentence]
        for ranking in self.rankings:
            lines += [f"  {line}" for line in ranking.rests_on]
            lines += [f"  not ranked: {one.name}: {one.reason}" for one in ranking.left_out]
        lines += [f"  gate {one.gate}: {one.sentence}" for one in self.gates]
        return "\n".join(lines)


def verdict_on(plan: Plan, recording: Recording) -> ProfilerVerdict:
    """The verdict on all cells of a recording."""
    gates = judge_gates(plan, recording)
    failed = {verdict.name: f"fails the gate {verdict.gate}" for verdict in gates if verdict.state == "fails"}
    rankings = [*rank_speed(plan, recording, failed), *rank_quality(plan, recording, failed)]
    sentence = " ".join(one.sentence for one in rankings) or "Nothing was measured that can be ranked."
    return ProfilerVerdict(sentence=sentence, rankings=tuple(rankings), gates=tuple(gates))
