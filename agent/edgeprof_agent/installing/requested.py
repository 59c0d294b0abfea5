"""`python -m edgeprof_agent.installing.requested`: the upgrade that the hub has ordered, outside of the agent.

Under systemd it is edgeprof-upgrade.service, as root. Elsewhere the agent starts it itself, in a session of its own.
The agent leaves the order in its state folder; the outcome goes where only this process writes.
"""

import json
import os
import signal
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from edgeprof.errors import EdgeprofError
from edgeprof_agent.installing.borrowed import read_plain
from edgeprof_agent.installing.changes import sync
from edgeprof_agent.installing.places import places
from edgeprof_agent.installing.upgrade import Ordered, upgrade

REQUEST, OUTCOME = "upgrade-request.json", "upgrade-outcome.json"
SYSTEM_OUTCOME = Path("/var/lib/edgeprof-upgrade") / OUTCOME
"""Of edgeprof-upgrade.service: root's, and the agent reads it."""
WITHIN_S = 120.0


@dataclass(frozen=True)
class Request:
    """The agent's copy of the hub's order. `attempt` and `job_id` come back in the outcome."""

    job_id: str
    attempt: int
    version: str
    wheel_sha256: str


def main() -> int:
    """One order. Returns 0 also where the version before runs again: that is an outcome."""
    found = places()
    request = take(found.state)
    if request is None:
        print("There is no order to upgrade, or it cannot be read.", file=sys.stderr)
        return 1
    outcome_file = Path(os.environ["STATE_DIRECTORY"]) / OUTCOME if "STATE_DIRECTORY" in os.environ else None
    code, message = "", ""
    signal.signal(signal.SIGTERM, _end)
    try:
        ordered = Ordered(request.version, request.wheel_sha256)
        upgrade(found, lambda line: print(line, flush=True), within_s=WITHIN_S, ordered=ordered)
    except EdgeprofError as error:
        code, message = error.code, error.message
    except (Exception, SystemExit) as error:  # the hub shows it: nobody reads this process's log
        code, message = "upgrade_failed", f"{type(error).__name__}: {error}"
    outcome = {"job_id": request.job_id, "attempt": request.attempt, "code": code, "message": message}
    _write(outcome_file or found.state / OUTCOME, json.dumps(outcome))
    return 0


def _end(*_: object) -> None:
    """systemd's time limit: as an exception it leads back to the version before."""
    raise SystemExit("the time limit of edgeprof-upgrade.service")


def take(state: Path) -> Request | None:
    """Read once: what stays would start this program again and again."""
    try:
        folder = os.open(state.resolve(), os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return None
    try:
        data = read_plain(folder, REQUEST, os.fstat(folder).st_uid)
        os.unlink(REQUEST, dir_fd=folder)
        document = cast("dict[str, object]", json.loads(data or b""))
        version, wheel_sha256 = str(document["version"]), str(document["wheel_sha256"])
        return Request(str(document["job_id"]), int(str(document["attempt"])), version, wheel_sha256)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    finally:
        os.close(folder)


def _write(file: Path, text: str) -> None:
    """Whole or not at all, also after a power cut."""
    with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False) as stream:
        os.fchmod(stream.fileno(), 0o644)
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(stream.name, file)
    sync(file.parent)


if __name__ == "__main__":
    sys.exit(main())
