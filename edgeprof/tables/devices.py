"""The list of the hub's devices, as text and as JSON."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict

from edgeprof.tables.figures import clean, width_of
from edgeprof.wire import rest

HEADERS = ("device", "id", "state", "profile", "runtimes")
EMPTY = "No device yet. Start one with `edgeprof agent run --hub URL`."


def devices_json(records: Sequence[rest.DeviceRecord]) -> str:
    """The API's own documents, indented."""
    return json.dumps([asdict(record) for record in records], indent=2, ensure_ascii=False)


def devices_text(records: Sequence[rest.DeviceRecord]) -> str:
    """One line a device."""
    if not records:
        return EMPTY
    rows = [HEADERS, *(_row(record) for record in records)]
    sizes = [max(width_of(row[index]) for row in rows) for index in range(len(HEADERS))]
    return "\n".join(_line(row, sizes) for row in rows)


def _row(record: rest.DeviceRecord) -> tuple[str, ...]:
    seen = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(record.last_seen_s))
    profile = record.profile_title or f"none: {record.profile_reason}"
    return (
        clean(record.label),
        record.device_id,
        "online" if record.online else f"offline since {seen}",
        clean(f"{record.tag} {profile}".strip()),
        clean(_runtimes(record)),
    )


def _runtimes(record: rest.DeviceRecord) -> str:
    if record.facts is None:
        return "not reported yet"
    found = [f"{item.variant} {item.version}" for item in record.facts.runtimes if item.version]
    return ", ".join(found) or "none installed"


def _line(row: Sequence[str], sizes: Sequence[int]) -> str:
    return "  ".join(text + " " * (size - width_of(text)) for text, size in zip(row, sizes, strict=True)).rstrip()
