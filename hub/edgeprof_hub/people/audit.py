"""Who changed what. `record` writes an entry; within a request, `about` says what its entry is about.

A request that changes something gets its entry by itself (`routes/audited.py`), under the action of its address.
"""

import sqlite3
import time
from contextvars import ContextVar
from dataclasses import dataclass

from edgeprof_hub.people.roles import Principal
from edgeprof_hub.store import audit as table

MAX_CHARS = 500
"""Of a subject or a detail."""


@dataclass
class Pending:
    """The entry of the request that is being answered."""

    subject: str = ""
    detail: str = ""
    actor: str = ""
    """Who did it, where the request's credentials do not say it."""
    changed: bool | None = None
    """Whether anything changed, where the answer's status does not say it."""


_PENDING: ContextVar[Pending | None] = ContextVar("pending_audit", default=None)
_WHO: ContextVar[Principal | None] = ContextVar("who_asks", default=None)


def record(
    connection: sqlite3.Connection,
    actor: str,
    action: str,
    subject: str = "",
    detail: str = "",
    *,
    address: str = "",
    failed: bool = False,
    at_s: float | None = None,
) -> None:
    """Write an entry in the transaction of the change that it is about.

    `subject`: a name or an id. `detail`: words for a person. `failed`: it was refused, and nothing changed.

        writer.change(lambda db: audit.record(db, "ada", "rollout.pause", rollout_id, "4 of 12 devices done"))
    """
    when_s = time.time() if at_s is None else at_s
    table.add(connection, when_s, actor, action, _line(subject), _line(detail), address, failed=failed)


def about(
    subject: str | None = None, detail: str | None = None, *, actor: str = "", changed: bool | None = None
) -> None:
    """Say what the entry of this request is about. Outside of one, nothing happens."""
    pending = _PENDING.get()
    if pending is None:
        return
    pending.subject = pending.subject if subject is None else subject
    pending.detail = pending.detail if detail is None else detail
    pending.actor = actor or pending.actor
    pending.changed = pending.changed if changed is None else changed


def begin(who: Principal | None) -> Pending:
    """From here on, this context answers a request of this principal; None: of a stranger, at an open address."""
    pending = Pending()
    _PENDING.set(pending)
    _WHO.set(who)
    return pending


def pending() -> Pending | None:
    """The entry of the request that this context answers; None outside of one."""
    return _PENDING.get()


def who_asks() -> Principal | None:
    """Whose request this context answers; None outside of one."""
    return _WHO.get()


def actor() -> str:
    """The name of whoever asks, for `record`; `hub` where it acts by itself."""
    who = _WHO.get()
    return who.name if who else "hub"


def _line(text: str) -> str:
    """One printable line: what people type is in it."""
    printable = "".join(one if one.isprintable() else " " for one in text)
    return printable if len(printable) <= MAX_CHARS else f"{printable[: MAX_CHARS - 1]}…"
