"""What a tuning has measured so far, in a file: a stopped one goes on from it."""

import hashlib
from pathlib import Path

import msgspec

from edgeprof.errors import EdgeprofError
from edgeprof.paths import state_dir
from edgeprof.tuning.scores import Trial

_VERSION = 1


class TuningState(msgspec.Struct, kw_only=True):
    """Everything that decides how a search goes: its seed, and its trials in order."""

    key: str
    seed: int
    trials: list[Trial]
    version: int = _VERSION


def state_file(key: str) -> Path:
    """One for each thing that is tuned: model, runtimes, goal, and what is held fixed."""
    return state_dir("tune") / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.json"


def saved_state(file: Path) -> TuningState | None:
    """None where there is none. Raises EdgeprofError for a file that is damaged."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=TuningState)
    except FileNotFoundError:
        return None
    except (msgspec.MsgspecError, OSError) as error:
        raise EdgeprofError(
            "tuning_unreadable", f"Cannot read the saved tuning {file} ({error}). Start over without --resume."
        ) from error


def save_state(file: Path, state: TuningState) -> None:
    """The whole file or none of it."""
    fresh = file.with_name(file.name + ".new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(msgspec.json.encode(state))
        fresh.replace(file)
    except OSError as error:
        raise EdgeprofError("file_unwritable", f"Cannot write {file}: {error.strerror}.") from error
