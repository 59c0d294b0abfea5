"""Where the parts of an installed agent lie. The environment may name other folders, as for a trial without root."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

UNIT = "edgeprof-agent.service"
FILE = "edgeprof-places.json"
"""In a version's environment."""


@dataclass(frozen=True, kw_only=True)
class Places:
    """`PREFIX`, `ETC`, `UNITS` and `STATE` in the environment."""

    prefix: Path
    etc: Path
    units: Path
    state: Path
    """The agent's own folder: identity, results, models. Under systemd it is `/var/lib/edgeprof-agent`."""

    @property
    def versions(self) -> Path:
        """One environment a version, side by side."""
        return self.prefix / "versions"

    @property
    def current(self) -> Path:
        """A link to the version in use."""
        return self.prefix / "venv"

    @property
    def program(self) -> Path:
        """What the unit starts."""
        return self.current / "bin" / "edgeprof"

    @property
    def settings(self) -> Path:
        return self.etc / "agent.toml"

    @property
    def secrets(self) -> Path:
        """Variables of the service, readable by root only."""
        return self.etc / "agent.env"

    @property
    def token_file(self) -> Path:
        """The hub's token where no systemd reads `secrets`."""
        return self.etc / "token"

    @property
    def unit(self) -> Path:
        return self.units / UNIT


def note(environment: Path, places: Places) -> None:
    """Keep in a version's environment where the parts lie, for the agent that runs from it."""
    folders = {name: str(folder) for name, folder in asdict(places).items()}
    (environment / FILE).write_text(json.dumps(folders, indent=1))


def noted_in(environment: Path) -> Places | None:
    """Where the parts of the agent lie that runs from this environment; None: no installer of the hub's made it."""
    try:
        folders = cast("dict[str, str]", json.loads((environment / FILE).read_text()))
        return Places(**{name: Path(folders[name]) for name in ("prefix", "etc", "units", "state")})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def places(environ: Mapping[str, str] = os.environ) -> Places:
    """Those of the environment, else those of a Linux system."""
    return Places(
        prefix=Path(environ.get("PREFIX") or "/opt/edgeprof"),
        etc=Path(environ.get("ETC") or "/etc/edgeprof"),
        units=Path(environ.get("UNITS") or "/etc/systemd/system"),
        state=Path(environ.get("STATE") or "/var/lib/edgeprof-agent"),
    )
