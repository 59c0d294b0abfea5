"""Which evaluation set a person's words mean: a folder, one on the hub, or a packaged one."""

from collections.abc import Callable, Sequence
from pathlib import Path

from edgeprof.client.http_client import HubClient
from edgeprof.errors import UsageError
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


def put_set(client: HubClient, text: str, say: Say) -> rest.EvaluationSetRecord:
    """The set that `text` means, on the hub: uploaded first unless the hub has one of that name.

    Raises UsageError: unknown_set, ambiguous_set.
    """
    if not Path(text).is_dir() and (stored := stored_set(client.sets(), text)):
        return stored
    return push(client, text, say)


def push(client: HubClient, text: str, say: Say, name: str = "") -> rest.EvaluationSetRecord:
    """Upload a folder or a packaged set. `name` empty: the set's own. Raises UsageError: unknown_set."""
    from edgeprof.quality.packaged.resolve import resolve_set  # most commands name no set

    _, folder = resolve_set(str(Path(text).resolve()) if Path(text).is_dir() else text, say)

    sizes: list[int] = []

    def sent(done: int, total: int) -> None:
        if done == total:
            sizes.append(total)
            say(f"{folder.name}: {_amount(sizes)} sent")

    record = client.add_set(folder, name, sent)
    if sizes:
        say(f"{folder.name}: {_amount(sizes)} sent.")
    return record


def _amount(sizes: Sequence[int]) -> str:
    return f"{len(sizes):,} file{'s' * (len(sizes) != 1)}, {sum(sizes) / 2**20:.1f} MiB"
