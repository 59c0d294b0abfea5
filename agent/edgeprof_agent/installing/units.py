"""The units of systemd: the agent's, the sandbox of its models, and the group by which the agent alone reaches it.

Each version brings its own. `python -m edgeprof_agent.installing.units`, run by an environment's interpreter, puts that
version's units in place: an upgrade and the way back both do it.
"""

import grp
import shutil
import subprocess
import sys
from pathlib import Path

from edgeprof.errors import EdgeprofError
from edgeprof_agent.installing.changes import Changes
from edgeprof_agent.installing.places import UNIT, Places, places
from edgeprof_agent.installing.settings import packaged

GROUP = "edgeprof-runner"
SOCKET = "edgeprof-runner.socket"
DROP_INS = f"{UNIT}.d"
UPGRADE_PATH = "edgeprof-upgrade.path"
OWN = ((UNIT, UNIT), (UPGRADE_PATH, UPGRADE_PATH), ("edgeprof-upgrade.service", "edgeprof-upgrade.service"))
RUNNER = (
    (SOCKET, SOCKET),
    ("edgeprof-runner@.service", "edgeprof-runner@.service"),
    ("runner.conf", f"{DROP_INS}/runner.conf"),
)
"""Packaged name, and place below the folder of units."""
_PREFIX, _ETC, _UNITS = "/opt/edgeprof", "/etc/edgeprof", "/etc/systemd/system"
_GROUP_WITHIN_S = 60.0


def put_units(places: Places, changes: Changes) -> bool:
    """Every unit with the folders that were chosen; a person's drop-ins stay. Returns whether one changed."""
    before = changes.count
    for name, place in OWN:
        _put(places, name, place, changes)
    if _has_group(changes):
        for name, place in RUNNER:
            _put(places, name, place, changes)
    return changes.count != before


def remove_units(places: Places, changes: Changes) -> None:
    """What `put_units` made, and the group. A folder with drop-ins of a person stays."""
    was_there = (places.units / SOCKET).exists()
    for _, place in (*RUNNER, *OWN):
        changes.remove(places.units / place)
    drop_ins = places.units / DROP_INS
    if not changes.is_dry and drop_ins.is_dir() and not any(drop_ins.iterdir()):
        drop_ins.rmdir()
    if was_there and _group_exists():
        changes.note("removed", f"the group {GROUP}")
        if not changes.is_dry:
            _run("groupdel", GROUP)


def _put(places: Places, name: str, place: str, changes: Changes) -> None:
    text = packaged(name)
    for default, chosen in ((_PREFIX, places.prefix), (_ETC, places.etc), (_UNITS, places.units)):
        text = text.replace(default, str(chosen))
    changes.put(places.units / place, text)


def _has_group(changes: Changes) -> bool:
    """Made where it is missing. Without it the agent's unit could not start with the drop-in that names it."""
    if _group_exists():
        return True
    if changes.is_dry:
        changes.note("created", f"the group {GROUP}")
        return True
    if _run("groupadd", "--system", GROUP) and _group_exists():
        changes.note("created", f"the group {GROUP}")
        return True
    changes.say(f"{'skipped':<10} {SOCKET}: groupadd could not make the group {GROUP}. Models run without a sandbox.")
    return False


def _group_exists() -> bool:
    try:
        grp.getgrnam(GROUP)
    except KeyError:
        return False
    return True


def _run(*command: str) -> bool:
    """Whether it worked. A plain user's PATH, and sudo's on some systems, lacks the folders of such programs."""
    program = shutil.which(command[0]) or shutil.which(command[0], path="/usr/sbin:/sbin")
    if program is None:
        return False
    whole = [program, *command[1:]]
    return subprocess.run(whole, capture_output=True, timeout=_GROUP_WITHIN_S, check=False).returncode == 0


def renew(environment: Path, places: Places) -> str:
    """The units of the version in this environment, put by its own code. Returns what changed, as lines.

    A version from before this module leaves them as they are. Raises EdgeprofError `service_failed`.
    """
    if not any(environment.glob(f"lib/python*/site-packages/edgeprof_agent/installing/{Path(__file__).name}")):
        return ""
    variables = {"PREFIX": places.prefix, "ETC": places.etc, "UNITS": places.units, "STATE": places.state}
    try:
        done = subprocess.run(
            [str(environment / "bin" / "python"), "-I", "-m", __name__],
            env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
            | {name: str(place) for name, place in variables.items()},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=2 * _GROUP_WITHIN_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EdgeprofError("service_failed", f"The units could not be written: {error}") from error
    if done.returncode:
        raise EdgeprofError("service_failed", f"The units could not be written: {done.stderr.strip()[-300:]}")
    return "".join(line for line in done.stdout.splitlines(keepends=True) if not line.startswith("unchanged"))


def main() -> int:
    """Prints each change."""
    try:
        put_units(places(), Changes(print))
    except (EdgeprofError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
