"""Evaluations read back for comparing them: every item's outcome, and the items that a set asks."""

from collections.abc import Callable

from edgeprof.errors import EdgeprofError
from edgeprof.quality.evaluation_set import FACTS_FILE, ITEMS_FILE, Item, SetFacts
from edgeprof.quality.outcomes import Outcome, decode_outcomes
from edgeprof.quality.sets.checks import parse_item
from edgeprof.quality.sets.facts import parse_facts
from edgeprof.wire import messages as m
from edgeprof.wire import rest
from edgeprof_hub.blobs import BlobStore

OUTCOMES = "outcomes"
"""The artifact's name."""
Fetch = Callable[[str], bytes | None]
"""An artifact's bytes by its hash, as `HubContext.artifact`."""


def outcomes_of(result: m.Result, fetch: Fetch) -> tuple[Outcome, ...]:
    """Every item's outcome, in the set's order. Raises EdgeprofError `outcomes_unreadable` where they are not here."""
    ref = next((each for each in result.artifacts if each.name == OUTCOMES), None)
    content = fetch(ref.sha256) if ref is not None else None
    if content is None:
        lost = next((each.reason for each in result.lost_artifacts if each.name == OUTCOMES), "not stored here")
        raise _unreadable(result, lost)
    try:
        return tuple(decode_outcomes(content))
    except ValueError as error:
        raise _unreadable(result, str(error)) from error


def items_of(record: rest.EvaluationSetRecord, blobs: BlobStore) -> tuple[SetFacts, dict[str, Item]]:
    """What a set says of itself, and its items by id: what a task computes its figures with.

    Raises OSError where a file of the set is not here, which a stored set's never is.
    """
    hashes = {file.path: file.sha256 for file in record.manifest.files}
    facts = parse_facts(blobs.path(hashes[FACTS_FILE]).read_bytes())
    lines = blobs.path(hashes[ITEMS_FILE]).read_bytes().split(b"\n")
    items = [parse_item(line, f"{ITEMS_FILE}:{number}") for number, line in enumerate(lines, start=1) if line.strip()]
    return facts, {str(item["id"]): item for item in items}


def _unreadable(result: m.Result, reason: str) -> EdgeprofError:
    return EdgeprofError(
        "outcomes_unreadable", f"The outcomes of run {result.result_id} cannot be read: {reason}. Evaluate again."
    )
