"""The script that a device runs: made for the wheel that this hub offers, and shown with its hash."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from edgeprof_hub.joining.wheel_index import Wheel

_TEMPLATE = Path(__file__).with_name("install.sh")


@dataclass(frozen=True)
class Script:
    """`sha256`: of its bytes, for the line that checks it before it runs."""

    text: str
    sha256: str


def script_of(own: Wheel) -> Script:
    """The installer of one wheel. It names no hub: it is the same under each of the hub's addresses."""
    text = _TEMPLATE.read_text().replace("@WHEEL@", own.name).replace("@SHA256@", own.sha256)
    return Script(text, hashlib.sha256(text.encode()).hexdigest())
