"""Which evaluation set a person's words mean: a folder, or one on the hub."""

from collections.abc import Callable, Sequence
from pathlib import Path

from edgeprof.client.http_client import HubClient
from edgeprof.errors import UsageError
from edgeprof.quality.evaluation_set import FACTS_FILE
from edgeprof.wire import rest

Say = Callable[[str], None]
MIN_ID_CHARS = 8


def stored_set(known: Sequence[rest.EvaluationSetRecord], text: str) -> rest.EvaluationSetRecord | None:
    """The set on the hub that `text` names by name, id or unique start of an id (8 characters and more).

    Raises UsageError where several sets have this name.
    """
    found = [
        item
        for item in known
        if text in (item.set_id, *item.names) or (len(text) >= MIN_ID_CHARS and item.set_id.startswith(text))
    ]
    if len(found) > 1:
        ids = ", ".join(item.set_id[:12] for item in found)
        raise UsageError("ambiguous_set", f"{len(found)} evaluation sets are named {text!r}: {ids}. Use one of these.")
    return found[0] if found else None


def put_set(client: HubClient, text: str, say: Say, name: str = "") -> rest.EvaluationSetRecord:
    """The set that `text` means, on the hub: uploaded first if it is a folder. Raises UsageError: unknown_set."""
    folder = Path(text)
    if folder.is_dir():
        return _pushed(client, folder, name, say)
    if stored := stored_set(client.sets(), text):
        return stored
    raise UsageError(
        "unknown_set",
        f"{text!r} is not a folder with {FACTS_FILE}, nor an evaluation set on the hub. "
        "List those on the hub's page /sets.",
    )


def _pushed(client: HubClient, folder: Path, name: str, say: Say) -> rest.EvaluationSetRecord:
    def sent(done: int, total: int) -> None:
        if done == total:
            say(f"{folder.name}: {total / 2**20:.1f} MiB sent.")

    return client.add_set(folder, name, sent)
