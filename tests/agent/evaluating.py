"""A model on a set that a test makes: the whole path of an evaluation, in a real worker."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from edgeprof.quality.evaluation_set import Item, SetFacts
from edgeprof.quality.outcomes import Outcome, decode_outcomes
from edgeprof.quality.sets import write_set
from edgeprof.wire.messages import Result
from edgeprof_agent.evaluating.evaluate import evaluate
from tests.agent.measuring import QUICK, request_for, unheard, values


class Evaluated(NamedTuple):
    """A result, its outcomes by item, and its figures by metric."""

    result: Result
    outcomes: dict[str, Outcome]
    figures: dict[str, float]


def evaluated(
    folder: Path,
    model: Path,
    facts: SetFacts,
    items: Sequence[Item],
    files: Mapping[str, Path | bytes] | None = None,
    runtime: str = "onnxruntime",
) -> Evaluated:
    """The model's answers to these items. `folder`: where the set is written, new."""
    found = write_set(folder / "set", facts, items, files)
    request = request_for(model, runtime, protocol=QUICK)
    request = replace(request, config=replace(request.config, evaluation_set=found.set_id))
    result, artifacts = evaluate(request, folder / "set", folder / "journal", unheard, threading.Event())
    outcomes = [outcome for data in artifacts.values() for outcome in decode_outcomes(data)]
    return Evaluated(result, {outcome.item_id: outcome for outcome in outcomes}, values(result))
