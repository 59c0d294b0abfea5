"""The hub's client id at its broker: random and secret, as whoever connects with it throws the hub out.

It stays the same over restarts, because a broker keeps what came meanwhile for this id.
"""

import re
import secrets
from pathlib import Path

from edgeprof_hub import private_file

FILE = "client-id"
_OURS = re.compile(r"hub-[0-9a-f]{32}")


def own_client_id(folder: Path) -> str:
    """Made at the first call for this folder, and kept there for the owner only."""
    file = folder / FILE
    try:
        kept = file.read_text(errors="replace").strip()
    except FileNotFoundError:
        kept = ""
    if _OURS.fullmatch(kept):
        return kept
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = f"hub-{secrets.token_hex(16)}"
    private_file.write(file, made + "\n")
    return made
