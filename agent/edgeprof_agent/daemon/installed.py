"""Which version of each family this device uses, and which it used before: switched as one, also at a power cut.

`installed.json` is the record. `installed/<family>` is a link to the current version's folder, for programs on the
device; `installed/<family>.previous` to the one before. Links follow the record, and are made again at each start.
"""

import hashlib
import logging
import os
import re
from dataclasses import dataclass
from pathlib import Path

import msgspec

from edgeprof_agent.daemon.durable import replace_durably, sync_folder

log = logging.getLogger(__name__)

RECORD = "installed.json"
LINKS = "installed"
MAX_NAME_CHARS = 60


class Versions(msgspec.Struct, frozen=True, kw_only=True):
    """Of one family, by model id. `previous` empty: there was none."""

    current: str
    previous: str = ""


@dataclass(frozen=True)
class Installed:
    """In the agent's state folder. Used by the runner's thread only."""

    folder: Path

    def versions(self) -> dict[str, Versions]:
        """By family. A record that rotted is as good as none: the next flash makes another."""
        try:
            return msgspec.json.decode((self.folder / RECORD).read_bytes(), type=dict[str, Versions])
        except FileNotFoundError:
            return {}
        except (msgspec.MsgspecError, ValueError):
            log.warning("installed.unreadable file=%s", self.folder / RECORD)
            return {}

    def current(self) -> set[str]:
        """Models that are never evicted."""
        return {each.current for each in self.versions().values()}

    def previous(self) -> set[str]:
        """Models that are evicted only where nothing else is left."""
        return {each.previous for each in self.versions().values() if each.previous} - self.current()

    def switch(self, family: str, model_id: str) -> None:
        """Use this version from now on. The one in use becomes the previous one; the one before that may go."""
        known = self.versions()
        before = known.get(family)
        if before is not None and before.current == model_id:
            return
        known[family] = Versions(current=model_id, previous=before.current if before else "")
        replace_durably(self.folder / RECORD, msgspec.json.encode(known))
        log.info("installed.switched family=%s model=%s", family, model_id[:12])
        self.link()

    def link(self) -> None:
        """Make the links those of the record."""
        wanted: dict[str, str] = {}
        for family, each in self.versions().items():
            name = file_name(family)
            wanted[name] = each.current
            if each.previous and (self.folder / "models" / each.previous).exists():
                wanted[f"{name}.previous"] = each.previous
        folder = self.folder / LINKS
        if not wanted and not folder.exists():
            return
        folder.mkdir(exist_ok=True)
        for name, model_id in wanted.items():
            _point(folder / name, f"../models/{model_id}")
        for stray in folder.iterdir():
            if stray.name not in wanted:
                stray.unlink()
        sync_folder(folder)


def file_name(family: str) -> str:
    """A family as one safe name; two families whose letters become the same are told apart by a hash."""
    plain = re.sub(r"[^a-zA-Z0-9_-]+", "-", family).strip("-")[:MAX_NAME_CHARS]
    return (
        plain if plain and plain == family else f"{plain or 'family'}-{hashlib.sha256(family.encode()).hexdigest()[:8]}"
    )


def _point(link: Path, target: str) -> None:
    """A link is replaced as one: whoever opens it finds the old version or the new one."""
    if link.is_symlink() and os.readlink(link) == target:
        return
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    os.replace(fresh, link)
