"""API tokens: made, shown once, found by their hash, revoked.

A token has 256 random bits, so a plain SHA-256 is enough: nobody can try them all.
"""

import secrets
import sqlite3
import time
from collections.abc import Callable

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.wire.identity import sha256_hex
from edgeprof_hub.people import audit
from edgeprof_hub.people.accounts import tidy
from edgeprof_hub.people.roles import SCOPES, Principal, Right, Scope, right_of
from edgeprof_hub.store import people
from edgeprof_hub.store.people import PeopleReader

PREFIX = "ept_"
"""Scanners for lost secrets find it by this."""
DEFAULT_DAYS = 90
MAX_DAYS = 3650
_DAY_S = 86_400.0

EXPIRED = "This API token has expired. Make a new one: edgeprof hub token add"


def scope_named(text: str) -> Scope:
    """Raises UsageError bad_scope."""
    for scope in SCOPES:
        if scope == text:
            return scope
    raise UsageError("bad_scope", f"{text[:40]!r} is not a scope. Scopes: {', '.join(SCOPES)}.")


def add(
    db: sqlite3.Connection, actor: str, name: str, scope: Scope, days: int, *, owner: str | None, now_s: float
) -> str:
    """The new token, which is stored nowhere. Raises UsageError bad_account_name, bad_days, token_exists."""
    name = tidy(name)
    if not 1 <= days <= MAX_DAYS:
        raise UsageError("bad_days", f"{days} days: a token is valid for 1 to {MAX_DAYS} days.")
    secret = PREFIX + secrets.token_urlsafe(32)
    made = people.ApiToken(
        name=name,
        secret_sha256=sha256_hex(secret.encode()),
        scope=scope,
        owner=owner,
        created_s=now_s,
        ends_s=now_s + days * _DAY_S,
        used_s=None,
    )
    if not people.add_token(db, made):
        raise UsageError("token_exists", f"There is a token {name!r} already. Revoke it, or choose another name.")
    audit.record(db, actor, "token.add", name, f"scope {scope}, {days} days")
    return secret


def revoke(db: sqlite3.Connection, actor: str, name: str) -> None:
    """It is refused from the next request on. Raises EdgeprofError no_token."""
    if not people.revoke_token(db, name):
        raise EdgeprofError("no_token", f"No token {name[:40]!r} on this hub. List them: edgeprof hub token list")
    audit.record(db, actor, "token.revoke", name)


def found(reader: PeopleReader, given: str, clock: Callable[[], float] = time.time) -> Principal | None:
    """Whose API token this is. Raises EdgeprofError token_expired to who holds one that was right."""
    if not given.startswith(PREFIX):
        return None
    known = reader.token(sha256_hex(given.encode()))
    if known is None:
        return None
    if known.ends_s <= clock():
        raise EdgeprofError("token_expired", EXPIRED)
    right = right_of(known.scope)
    if known.owner is not None:
        owner = reader.account(known.owner)
        right = min(right, right_of(owner.role)) if owner else Right.OPEN
    return Principal(name=f"token:{known.name}", right=right, token_sha256=known.secret_sha256)
