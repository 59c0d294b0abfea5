"""Whether a candidate that may answer otherwise is good enough: both sides answer an evaluation set, item by item."""

import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

from edgeprof.quality.comparing import compare_evaluations
from edgeprof.quality.outcomes import decode_outcomes
from edgeprof.quality.pairing import EvaluationRecord, record_of
from edgeprof.wire.messages import RunProtocol
from edgeprof_agent.evaluating.evaluate import evaluate
from edgeprof_agent.measuring.request import MeasureRequest
from edgeprof_agent.tuning.answers import AnswerCheck
from edgeprof_agent.worker_protocol.progress import OnProgress

MARGIN_POINTS = 1.0
"""The loss that is acceptable, in points, or in the unit of the set's figure."""


@dataclass(kw_only=True)
class SetGate:
    """`found`: an evaluation set's id and folder. The baseline answers it when the first candidate is judged."""

    found: tuple[str, Path]
    folder: Path
    """For what a killed evaluation had answered."""
    show: OnProgress
    _baseline: EvaluationRecord | str | None = field(default=None, init=False)

    def check(self, baseline: MeasureRequest, candidate: MeasureRequest) -> AnswerCheck:
        """Held where the items show that the candidate loses less than the margin; else it is not taken."""
        if self._baseline is None:
            self._baseline = self._answered("baseline", baseline)
        found = self._answered("the candidate", candidate)
        for side in (self._baseline, found):
            if isinstance(side, str):
                return AnswerCheck(False, f"the gate was not held: {side}")
        assert isinstance(self._baseline, EvaluationRecord)
        assert isinstance(found, EvaluationRecord)
        verdict = compare_evaluations(self._baseline, found, MARGIN_POINTS)
        return AnswerCheck(verdict.verdict in ("better", "no_worse"), f"gate: {verdict.sentence}")

    def _answered(self, name: str, request: MeasureRequest) -> EvaluationRecord | str:
        """The record, or why there is none. The batch shape is left out: it is what the settings change."""
        asked = replace(
            request,
            config=replace(request.config, evaluation_set=self.found[0]),
            protocol=RunProtocol(cold_start=False),
        )
        journal = self.folder / f"{name.replace(' ', '-')}.jsonl"
        journal.unlink(missing_ok=True)
        result, artifacts = evaluate(asked, self.found[1], journal, self.show, threading.Event())
        ref = next((ref for ref in result.artifacts if ref.name == "outcomes"), None)
        if result.evaluation is None or ref is None:
            return f"{name} answered nothing ({result.failure.message if result.failure else 'no outcomes'})"
        record = record_of(name, result, tuple(decode_outcomes(artifacts[ref.sha256])))
        return replace(record, evaluation=replace(record.evaluation, batch_shape=""))
