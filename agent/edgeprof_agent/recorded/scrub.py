"""Takes what tells one unit from another out of a record: serial numbers, addresses, ids, names. Pure.

Two nets. `scrubbed` blanks whatever looks like an identifier; `leaks` then looks for the machine's own known
identifiers in every file, and a record in which one is found is not written.
"""

import re
from collections.abc import Iterable, Mapping

GONE = "removed"
SHORTEST = 6
"""Characters of an identifier that is looked for: a shorter one would be found in everything."""

_SERIAL_LINE = re.compile(r"(?im)^(\s*(?:serial(?:[ _-]?(?:number|no))?|uuid|machine[_ -]?id|hostname)\s*[:=]\s*).+$")
_UUID = re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b")
_MAC = re.compile(r"\b(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}\b")
_IP = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b(?![-\w])")
_EMAIL = re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.-]+\b")
_LONG_HEX = re.compile(r"\b(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{16,}\b", re.IGNORECASE)
_PROP = re.compile(r"(?m)^(\[(?:[\w.]*(?:serialno|imei|meid|macaddr|hostname|android_id)[\w.]*)\]: )\[.*\]$")
_PATTERNS = (_UUID, _MAC, _EMAIL, _LONG_HEX)


def scrubbed(text: str) -> str:
    """The same text without what looks like an identifier. Versions such as `5.10.120-tegra` stay."""
    text = _SERIAL_LINE.sub(rf"\g<1>{GONE}", text)
    text = _PROP.sub(rf"\g<1>[{GONE}]", text)
    for pattern in _PATTERNS:
        text = pattern.sub(GONE, text)
    return _IP.sub(lambda found: GONE if _is_address(found.group()) else found.group(), text)


def leaks(files: Mapping[str, bytes], identifiers: Iterable[str]) -> dict[str, str]:
    """File by identifier of this machine that still stands in it; empty where none does."""
    wanted = {each for each in identifiers if len(each) >= SHORTEST}
    return {
        each: name
        for name, content in files.items()
        for each in sorted(wanted)
        if each.lower().encode() in content.lower()
    }


def _is_address(text: str) -> bool:
    """Four numbers that an interface may have; a version like 1.2.3.4 is taken for one, which costs nothing."""
    return all(int(part) <= 255 for part in text.split("."))
