"""Takes out of a recording what tells of one machine and its people, and nothing that was measured. Pure."""

from dataclasses import replace

from edgeprof.wire import messages as m
from edgeprof_hub.recorded.recording import RecordedDevice

PREFIX = "recorded-"
"""Before every device's name, so that exports and other programs show it, too."""
HOST = "recorded"
BOOT_ID = "00000000-0000-0000-0000-000000000000"


def device(found: RecordedDevice) -> RecordedDevice:
    """Without host name, sessions, place, disk and the exact kernel."""
    state, facts = found.state, found.facts
    name = state.name.removeprefix(PREFIX).replace("this-machine", "demo-machine")
    return replace(
        found,
        state=replace(state, name=f"{PREFIX}{name}", session_id=HOST, hostname=HOST, place="", online=True),
        facts=replace(facts, session_id=HOST, kernel=kernel(facts.kernel), disk_free_mib=None) if facts else None,
    )


def kernel(release: str) -> str:
    """`6.1.0-28-amd64` -> `6.1`: builders put names of their own behind it."""
    return ".".join(release.partition("-")[0].split(".")[:2])


def result(found: m.Result) -> m.Result:
    """With one boot for all: durations within a run stay, as monotonic times do."""
    at = [
        replace(state, at=replace(state.at, boot_id=BOOT_ID)) if state else None
        for state in (found.before, found.after)
    ]
    return replace(
        found,
        started=replace(found.started, boot_id=BOOT_ID),
        finished=replace(found.finished, boot_id=BOOT_ID),
        before=at[0],
        after=at[1],
    )
