"""Evaluation sets made on the spot, requests to answer them, and the real worker with a pipeline gone bad."""

import dataclasses
import io
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from edgeprof.quality.evaluation_set import EvaluationSet, SetFacts
from edgeprof.quality.outcomes import Outcome, decode_outcomes
from edgeprof.quality.sets.folder import read_set, write_set
from edgeprof.wire.messages import Result, RunProtocol
from edgeprof_agent.evaluating.evaluate import evaluate
from edgeprof_agent.evaluating.result import OUTCOMES
from edgeprof_agent.measuring.request import MeasureRequest
from tests.agent.measuring import QUICK, request_for, unheard

DIGITS = Path(__file__).parents[2] / "edgeprof/quality/packaged/bundled/digits"
ONE_BY_ONE = dataclasses.replace(QUICK, evaluation_limit_s=60.0)


def misanswering(mode: str) -> Sequence[str]:
    """The real worker whose pipeline does what `mode` says, as `segfault:ID`."""
    return (sys.executable, str(Path(__file__).with_name("worker_misanswering.py")), mode)


def rows_set(
    folder: Path,
    rows: "np.ndarray[Any, Any]",
    labels: Sequence[int],
    classes: int,
    task: str = "image-classification",
    **preparation: object,
) -> Path:
    """A set of one array; the item of row 3 is `i0003`."""
    array = folder.parent / f"{folder.name}.npy"
    np.save(array, rows)
    facts = SetFacts(
        name=folder.name,
        task=task,
        domain="vision",
        classes=tuple(f"class {number}" for number in range(classes)),
        preparation={"array": "files/rows.npy", **preparation},
    )
    items = [{"id": f"i{row:04}", "row": row, "label": label} for row, label in enumerate(labels)]
    write_set(folder, facts, items, {"files/rows.npy": array})
    return folder


def first_digits(folder: Path, count: int) -> Path:
    """The first items of the packaged digits as a set of their own."""
    found = read_set(DIGITS)
    write_set(folder, found.facts, found.items[:count], {"files/rows.npy": DIGITS / "files/rows.npy"})
    return folder


def digit_files(folder: Path, count: int) -> Path:
    """The same as image files."""
    found = read_set(DIGITS)
    rows = np.load(DIGITS / "files/rows.npy")
    items = [{"id": item["id"], "label": item["label"], "file": f"files/{item['row']}.png"} for item in found.items]
    keys = {name: value for name, value in found.facts.preparation.items() if name != "array"}
    files: dict[str, bytes] = {}
    for item in found.items[:count]:
        data = io.BytesIO()
        Image.fromarray(rows[item["row"]].astype(np.uint8).reshape(8, 8)).save(data, "PNG")
        files[f"files/{item['row']}.png"] = data.getvalue()
    write_set(folder, dataclasses.replace(found.facts, preparation=keys), items[:count], files)
    return folder


def evaluation_request(
    model: Path, runtime: str, set_folder: Path, protocol: RunProtocol = ONE_BY_ONE, **changes: object
) -> MeasureRequest:
    request = request_for(model, runtime, protocol=protocol)
    set_id = read_set(set_folder).set_id
    return dataclasses.replace(request, config=dataclasses.replace(request.config, evaluation_set=set_id), **changes)


def evaluated(
    request: MeasureRequest, set_folder: Path, journal: Path, worker: Sequence[str] | None = None
) -> tuple[Result, list[Outcome]]:
    """The result of a run that nobody watches or cancels, and its outcomes."""
    result, artifacts = evaluate(request, set_folder, journal, unheard, threading.Event(), worker)
    return result, outcomes_of(result, artifacts)


def outcomes_of(result: Result, artifacts: Mapping[str, bytes]) -> list[Outcome]:
    refs = [ref for ref in result.artifacts if ref.name == OUTCOMES]
    return list(decode_outcomes(artifacts[refs[0].sha256])) if refs else []


def answers(outcomes: Sequence[Outcome]) -> list[tuple[str, Any, bool | None]]:
    """What does not depend on time."""
    return [(one.item_id, one.answer, one.correct) for one in outcomes]


def found_set(folder: Path) -> EvaluationSet:
    return read_set(folder)
