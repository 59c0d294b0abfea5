"""Who asks: the shared token, an API token, a signed-in page, or anybody on a hub without token and accounts."""

import hmac
import time
from collections.abc import Callable

from edgeprof_hub.config import HubSettings
from edgeprof_hub.context import HubContext
from edgeprof_hub.people import api_tokens
from edgeprof_hub.people.roles import OPEN_HUB, SHARED, Principal
from edgeprof_hub.people.sessions import USED_EVERY_S, Sessions
from edgeprof_hub.store import people

MAX_MARKED = 2000


class Credentials:
    """Of one hub. `clock`: Unix time, by which sessions and tokens end."""

    def __init__(self, settings: HubSettings, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self.clock = clock
        self.sessions = Sessions(settings.token, clock)
        self._marked_s: dict[str, float] = {}

    def are_needed(self, hub: HubContext) -> bool:
        """Whether the hub asks who one is. It does from its first account on, even without a shared token."""
        return self._settings.token is not None or hub.reader.people.has_accounts()

    def principal(self, hub: HubContext, authorization: str, cookie_secret: str) -> Principal | None:
        """Who it is by a request's header and its session's secret; None for a stranger.

        Raises EdgeprofError token_expired.
        """
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() == "bearer":
            if is_token(self._settings, given.strip()):
                return SHARED
            if known := api_tokens.found(hub.reader.people, given.strip(), self.clock):
                self._mark(hub, "api_token", known.token_sha256)
                return known
        if known := self.sessions.principal(hub, cookie_secret):
            self._mark(hub, "page_session", known.session_sha256)
            return known
        return None if self.are_needed(hub) else OPEN_HUB

    def _mark(self, hub: HubContext, table: str, key: str) -> None:
        """Write down that it is in use, from time to time."""
        now_s = self.clock()
        if now_s - self._marked_s.get(key, 0.0) < USED_EVERY_S:
            return
        self._marked_s[key] = now_s
        if len(self._marked_s) > MAX_MARKED:
            self._marked_s.pop(next(iter(self._marked_s)), None)
        if not hub.health.is_read_only:
            hub.writer.post(lambda store: store.change(lambda db: people.mark_used(db, table, key, now_s)))


def is_token(settings: HubSettings, given: str) -> bool:
    """Whether a text is the shared token; takes as long for a wrong one as for a right one."""
    return settings.token is not None and hmac.compare_digest(given.encode(errors="replace"), settings.token.encode())
