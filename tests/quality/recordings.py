"""Outcomes of real runs, as `tests/quality/recorded/README.md` describes them."""

import gzip
import json
from pathlib import Path

from edgeprof.quality.outcomes import decode_outcomes
from edgeprof.quality.pairing import EvaluationRecord
from edgeprof.wire.evaluation import Evaluation

FOLDER = Path(__file__).parent / "recorded"


def recorded(name: str, called: str) -> EvaluationRecord:
    """A recording as an evaluation, under the name that sentences shall use."""
    head, _, rest = gzip.decompress((FOLDER / f"{name}.jsonl.gz").read_bytes()).partition(b"\n")
    facts = json.loads(head)
    outcomes = tuple(decode_outcomes(rest))
    evaluation = Evaluation(
        set_id=facts["set_id"],
        set_name="digits",
        task="image-classification",
        asked=len(outcomes),
        answered=len(outcomes),
        ended="all",
        batch_shape=facts["batch_shape"],
    )
    return EvaluationRecord(
        name=called,
        evaluation=evaluation,
        outcomes=outcomes,
        variant=facts["model_id"],
        runtime=f"{facts['runtime']} {facts['runtime_version']}",
        architecture=facts["architecture"],
        unreal=facts.get("unreal", ""),
    )
