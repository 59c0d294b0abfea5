"""A program of its own: reads texts with a source model and writes its odds, a file for each text.

    python -m edgeprof_agent.worker.evaluation.record_source < JOB.json

The job: `config`, `model_path`, `preparation` and `items` of a set of texts, `top` words, `folder`. Files
are `0.npz`, `1.npz`, … Where it fails it prints `problem: ` and a sentence.
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any, cast

from edgeprof.quality.evaluation_set import SetFacts
from edgeprof.quality.tasks.perplexity import window_of
from edgeprof_agent.worker.evaluation.base import NoAnswer, Question
from edgeprof_agent.worker.evaluation.divergence import source_odds, write_odds
from edgeprof_agent.worker.evaluation.plain_opening import plain_opening
from edgeprof_agent.worker.evaluation.texts import logits_of
from edgeprof_agent.worker_protocol.adapter import Runtime, RuntimeFailure
from edgeprof_agent.worker_protocol.runtime_table import VARIANTS


def main() -> int:
    """0: every text has its file."""
    job: dict[str, Any] = json.load(sys.stdin)
    try:
        _record(job)
    except (RuntimeFailure, NoAnswer, ImportError, OSError) as error:
        print(f"problem: {error}")
        return 1
    return 0


def _record(job: dict[str, Any]) -> None:
    module, _, name = VARIANTS[job["config"]["runtime"]].target.partition(":")
    runtime = cast(Runtime, getattr(importlib.import_module(module), name)())
    facts = SetFacts(name="", task="divergence", domain="language", preparation=job["preparation"])
    model = runtime.open(plain_opening(job))
    shown = logits_of(Question(model, facts, Path(job["folder"]), job["items"], 0))
    for place, item in enumerate(job["items"]):
        odds = source_odds(shown, str(item["text"]), window_of(facts), job["top"])
        write_odds(Path(job["folder"], f"{place}.npz"), odds)


if __name__ == "__main__":
    sys.exit(main())
