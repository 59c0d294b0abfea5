"""The files that the agent is started with: its settings and its secrets."""

import json
import pkgutil
import re
from collections.abc import Mapping

from edgeprof.errors import UsageError
from edgeprof_agent.installing.changes import Changes
from edgeprof_agent.installing.places import Places


def packaged(name: str) -> str:
    """A file of `agent/packaging`: inside the package where it was installed, next to it in a copy of the project."""
    for place in ("packaging", "../packaging"):
        try:
            found = pkgutil.get_data("edgeprof_agent", f"{place}/{name}")
        except OSError:
            continue
        if found is not None:
            return found.decode()
    raise FileNotFoundError(name)


def with_settings(text: str, values: Mapping[str, str]) -> str:
    """The TOML with these settings: their lines changed, or uncommented, or added before the first.

    >>> with_settings("# name = \\"x\\"\\nhub = \\"a\\"", {"hub": "b"})
    '# name = "x"\\nhub = "b"'
    """
    for name, value in values.items():
        line = f"{name} = {json.dumps(value)}"
        pattern = re.compile(rf"^(# )?{name} = .*$", re.MULTILINE)
        text = pattern.sub(lambda _, line=line: line, text, count=1) if pattern.search(text) else f"{line}\n{text}"
    return text


def setting(text: str, name: str) -> str | None:
    """The value of a text setting."""
    found = re.search(rf'^{name}\s*=\s*("(?:[^"\\]|\\.)*")', text, re.MULTILINE)
    return str(json.loads(found[1])) if found else None


def put_settings(places: Places, values: Mapping[str, str], changes: Changes) -> None:
    """`agent.toml`, with what a person wrote in it kept."""
    file = places.settings
    before = file.read_text() if file.exists() else packaged("agent.toml")
    changes.put(file, with_settings(before, values))


def put_token(places: Places, token: str, changes: Changes, *, has_systemd: bool) -> None:
    """Readable by root only: as a variable for systemd, as a file for an agent that is started otherwise."""
    if has_systemd:
        changes.put(places.secrets, f"EDGEPROF_TOKEN={token}\n", 0o600)
    else:
        changes.put(places.token_file, f"{token}\n", 0o600)


def token_of(places: Places) -> str | None:
    """The token that an earlier installation wrote; None where there is none."""
    if places.token_file.exists():
        return places.token_file.read_text().strip() or None
    if places.secrets.exists():
        for line in places.secrets.read_text().splitlines():
            if line.startswith("EDGEPROF_TOKEN="):
                return line.partition("=")[2].strip() or None
    return None


def hub_of(places: Places) -> str:
    """The hub that `agent.toml` names. Raises UsageError `hub_missing` where it names none."""
    found = setting(places.settings.read_text(), "hub") if places.settings.exists() else None
    if not found:
        raise UsageError("hub_missing", "No hub is configured. Name it with --hub http://HOST:8765.")
    return found
