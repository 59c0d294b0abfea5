"""The list of the hub's devices, as text and as JSON."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict

from edgeprof.tables import columns
from edgeprof.tables.figures import clean
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
    if any(record.tags for record in records):
        tags = ("tags", *(", ".join(record.tags) for record in records))
        rows = [(*row, cell) for row, cell in zip(rows, tags, strict=True)]
    return "\n".join(columns.table(rows, left=len(rows[0])))


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
