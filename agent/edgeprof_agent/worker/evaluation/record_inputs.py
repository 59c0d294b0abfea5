"""A program of its own: takes items of a set through their pipeline and writes what the model is fed.

    python -m edgeprof_agent.worker.evaluation.record_inputs < JOB.json

The job: `config`, `model_path`, `set_folder`, `places` of the items, `max_feeds`, `folder`. Files are
`0.npz`, `1.npz`, ..., each with one array an input of the model. A model that listens is fed many times an item.
Where it fails it prints `problem: ` and a sentence.
"""

import importlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np

from edgeprof.quality.tasks.table import TASKS
from edgeprof_agent.worker.evaluation.answering import answered
from edgeprof_agent.worker.evaluation.base import NoAnswer, Question
from edgeprof_agent.worker.evaluation.model_keys import with_model_keys
from edgeprof_agent.worker.evaluation.plain_opening import plain_opening
from edgeprof_agent.worker.evaluation.stored_set import stored_set
from edgeprof_agent.worker.evaluation.table import made_pipeline
from edgeprof_agent.worker_protocol.adapter import AnswersTensors, Runtime, RuntimeFailure
from edgeprof_agent.worker_protocol.runtime_table import VARIANTS


class _Written:
    """A model's `answer` that keeps what it is fed, up to a limit."""

    def __init__(self, model: AnswersTensors, folder: Path, max_feeds: int) -> None:
        self._answer = model.answer
        self._folder = folder
        self._max_feeds = max_feeds
        self.feeds = 0

    def __call__(self, feeds: Mapping[str, Any]) -> dict[str, Any]:
        if self.feeds < self._max_feeds:
            np.savez(self._folder / f"{self.feeds}.npz", allow_pickle=False, **feeds)
            self.feeds += 1
        return self._answer(feeds)


def main() -> int:
    """0: the inputs are written. Their number goes to stdout."""
    job: dict[str, Any] = json.load(sys.stdin)
    try:
        print(f"feeds: {_record(job)}")
    except (RuntimeFailure, NoAnswer, ImportError, OSError) as error:
        print(f"problem: {error}")
        return 1
    return 0


def _record(job: dict[str, Any]) -> int:
    module, _, name = VARIANTS[job["config"]["runtime"]].target.partition(":")
    runtime = cast(Runtime, getattr(importlib.import_module(module), name)())
    model = runtime.open(plain_opening(job))
    if not isinstance(model, AnswersTensors):
        raise RuntimeFailure("unsupported_task", "The model takes no arrays.")
    written = _Written(model, Path(job["folder"]), job["max_feeds"])
    setattr(model, "answer", written)  # noqa: B010  pyright knows no other instance of the protocol
    found = stored_set(job["set_folder"])
    facts = with_model_keys(found.facts, [])
    pipeline = made_pipeline(facts.task, Question(cast(Any, model), facts, found.folder, found.items, 0))
    places: list[int] = job["places"]
    for place in places:
        answered(pipeline, TASKS[facts.task], facts, found.items[place])
        if written.feeds >= job["max_feeds"]:
            break
    return written.feeds


if __name__ == "__main__":
    sys.exit(main())
