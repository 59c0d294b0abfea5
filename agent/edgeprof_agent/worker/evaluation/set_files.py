"""Files that a set's preparation names, as its characters or its tokenizer."""

from pathlib import Path

from edgeprof.quality.sets.checks import check_path
from edgeprof.quality.tasks.base import BadItem
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure


def set_file(folder: Path, name: str) -> Path:
    """Where it lies. Raises RuntimeFailure `bad_set` for one that is not below `files/`, or not there."""
    try:
        check_path(name)
    except BadItem as error:
        raise RuntimeFailure("bad_set", f"The set's preparation: {error}.") from None
    if not (folder / name).is_file():
        raise RuntimeFailure("bad_set", f"The set's preparation names {name}, which is not in the set's folder.")
    return folder / name
