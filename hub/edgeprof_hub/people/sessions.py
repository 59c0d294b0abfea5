"""Sessions of signed-in pages. They are rows: a restart of the hub signs nobody out."""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

from edgeprof.wire.identity import sha256_hex
from edgeprof_hub.context import HubContext
from edgeprof_hub.people.roles import SHARED, Principal, right_of
from edgeprof_hub.store import people
from edgeprof_hub.store.people import PageSession

SESSION_S = 12 * 3600.0
MAX_SESSIONS = 1000
USED_EVERY_S = 600.0
"""How often it is written down that a session or a token is in use: each time is a commit."""
MAX_BROWSER_CHARS = 200


class Sessions:
    """Of one hub. Safe from any thread: a step is one row, or one operation on a dictionary."""

    def __init__(self, token: str | None, clock: Callable[[], float]) -> None:
        self._token = token
        self._clock = clock
        self._unwritten: dict[str, PageSession] = {}
        """Of a hub whose database must not be changed: they end with its process."""

    def begin(self, hub: HubContext, account: str | None, address: str, browser: str) -> str:
        """A new session's secret, which only its cookie holds. `account`: None for the shared token."""
        secret, now_s = secrets.token_urlsafe(32), self._clock()
        session = PageSession(
            secret_sha256=sha256_hex(secret.encode()),
            account=account,
            token_mark="" if account else self._mark(secret),
            began_s=now_s,
            ends_s=now_s + SESSION_S,
            used_s=now_s,
            address=address,
            browser="".join(filter(str.isprintable, browser))[:MAX_BROWSER_CHARS],
        )
        if hub.health.is_read_only:
            self._unwritten[session.secret_sha256] = session
            for oldest in list(self._unwritten)[:-MAX_SESSIONS]:
                self._unwritten.pop(oldest, None)
        else:
            hub.writer.call(lambda store: store.change(lambda db: people.add_session(db, session, MAX_SESSIONS)))
        return secret

    def principal(self, hub: HubContext, secret: str) -> Principal | None:
        """Who is signed in by a cookie's secret; None where its session has ended, or its account is gone."""
        if not secret:
            return None
        key = sha256_hex(secret.encode())
        session, role = self._found(hub, key)
        if session is None or session.ends_s <= self._clock():
            return None
        if session.account is None:
            is_right = self._token is not None and hmac.compare_digest(session.token_mark, self._mark(secret))
            return replace(SHARED, session_sha256=key) if is_right else None
        return Principal(name=session.account, right=right_of(role), account=session.account, session_sha256=key)

    def _found(self, hub: HubContext, key: str) -> tuple[PageSession | None, str]:
        """The session and its account's role now; a role that is empty has no right."""
        if (unwritten := self._unwritten.get(key)) is not None:
            account = hub.reader.people.account(unwritten.account) if unwritten.account else None
            return unwritten, account.role if account else ""
        return hub.reader.people.session_with_role(key) or (None, "")

    def end(self, hub: HubContext, secret: str) -> None:
        """Sign out."""
        key = sha256_hex(secret.encode())
        if self._unwritten.pop(key, None) is None and not hub.health.is_read_only:
            hub.writer.call(lambda store: store.change(lambda db: people.end_session(db, key)))

    def _mark(self, secret: str) -> str:
        """Ties a session to the shared token without a trace of the token: nobody has the secret that keys it."""
        return hmac.new(secret.encode(), (self._token or "").encode(), sha256).hexdigest()
