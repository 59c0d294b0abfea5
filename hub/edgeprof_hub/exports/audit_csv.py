"""The audit log as CSV. Pure."""

import csv
import io
from collections.abc import Iterable

from edgeprof.tables.export import defused
from edgeprof_hub.store.audit import AuditEntry
from edgeprof_hub.views.render import iso

HEADER = ("id", "time_utc", "unix_s", "actor", "action", "subject", "detail", "address", "failed")


def audit_csv(entries: Iterable[AuditEntry]) -> str:
    """A line for each entry. Texts that a spreadsheet would run as formulas are made harmless."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(HEADER)
    for one in entries:
        words = (one.actor, one.action, one.subject, one.detail, one.address)
        writer.writerow((one.audit_id, iso(one.at_s), f"{one.at_s:.3f}", *map(defused, words), int(one.failed)))
    return stream.getvalue()
