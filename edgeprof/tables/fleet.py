"""The fleet as a table in a terminal, Markdown, CSV and JSON: the columns of the page."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Literal

from edgeprof.tables import columns, durations, fleet_words
from edgeprof.tables.figures import clean
from edgeprof.wire.fleet import FleetEntry, FleetPage

FleetFormat = Literal["text", "md", "csv", "json"]
HEADERS = (
    "device",
    "state",
    "last seen",
    "agent",
    "last error",
    "disk free",
    "wear",
    "heat",
    "queue",
    "tags",
    "groups",
)
MAX_ERROR_CHARS = 48
NOT_REPORTED = "-"


def render(page: FleetPage, form: FleetFormat) -> str:
    """The page as one text; `csv` and `json` have whole texts and plain figures."""
    if form == "json":
        return json.dumps(asdict(page), indent=2, ensure_ascii=False)
    if form == "csv":
        return _csv(page)
    if not page.entries:
        return "No device matches."
    rows = [HEADERS, *(_row(entry, page.generated_s) for entry in page.entries)]
    if form == "md":
        cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
        cells.insert(1, ["---"] * len(HEADERS))
        return "\n".join(f"| {' | '.join(row)} |" for row in cells)
    lines = [*columns.table(rows, left=len(HEADERS)), "", f"{fleet_words.sentence(page)}."]
    lines += [f"Refused: {clean(one.name)} on {clean(one.hostname)}: {clean(one.reason)}" for one in page.refused]
    return "\n".join(lines)


def _row(entry: FleetEntry, now_s: float) -> Sequence[str]:
    device, vitals = entry.device, entry.vitals
    throttling = fleet_words.flags(vitals.throttle_flags) if vitals else ""
    return (
        clean(device.label),
        _state(entry),
        durations.age_text(now_s - device.last_seen_s),
        f"{device.agent_version}{_due(entry)}",
        _short(clean(entry.last_error)) or NOT_REPORTED,
        fleet_words.disk(vitals) or NOT_REPORTED,
        fleet_words.wear(vitals) or NOT_REPORTED,
        ", ".join(filter(None, (fleet_words.heat(vitals), throttling))) or NOT_REPORTED,
        str(entry.queue),
        ", ".join(device.tags),
        clean(", ".join(entry.groups)),
    )


def _due(entry: FleetEntry) -> str:
    if entry.upgrade is not None and entry.upgrade.state == "failed":
        return " (upgrade failed)"
    if entry.upgrade is not None and entry.upgrade.state != "done":
        return " (upgrade ordered)"
    return " (upgrade due)" if entry.upgrade_to else ""


def _state(entry: FleetEntry) -> str:
    if entry.device.retired_s is not None:
        return "retired"
    return "online" if entry.device.online else "offline"


def _short(text: str) -> str:
    return text if len(text) <= MAX_ERROR_CHARS else f"{text[: MAX_ERROR_CHARS - 1]}…"


def _csv(page: FleetPage) -> str:
    out = io.StringIO()
    lines = [_plain(entry) for entry in page.entries]
    writer = csv.DictWriter(out, CSV_HEADERS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return out.getvalue().rstrip("\n")


CSV_HEADERS: tuple[str, ...] = (
    "device_id",
    "name",
    "state",
    "last_seen_s",
    "agent_version",
    "upgrade_to",
    "trouble",
    "last_error",
    "last_error_s",
    "disk_free_mib",
    "disk_wear_percent",
    "temperature_c",
    "throttle_flags",
    "throttle_flags_since_boot",
    "queue",
    "tags",
    "groups",
)


def _plain(entry: FleetEntry) -> dict[str, object]:
    device, vitals = entry.device, entry.vitals
    return {
        "device_id": device.device_id,
        "name": device.label,
        "state": _state(entry),
        "last_seen_s": device.last_seen_s,
        "agent_version": device.agent_version,
        "upgrade_to": entry.upgrade_to,
        "trouble": "; ".join(entry.trouble),
        "last_error": entry.last_error,
        "last_error_s": entry.last_error_s,
        "disk_free_mib": vitals.disk_free_mib if vitals else None,
        "disk_wear_percent": vitals.disk_wear_percent if vitals else None,
        "temperature_c": vitals.temperature_c if vitals else None,
        "throttle_flags": " ".join(vitals.throttle_flags) if vitals else None,
        "throttle_flags_since_boot": " ".join(vitals.throttle_flags_since_boot) if vitals else None,
        "queue": entry.queue,
        "tags": " ".join(device.tags),
        "groups": "; ".join(entry.groups),
    }
