"""Whether who follows a stream is still signed in: a stream has no end, and its guard looked at its beginning only."""

import sqlite3
import time
from collections.abc import Callable
from typing import cast

from fastapi import Request

from edgeprof.errors import EdgeprofError
from edgeprof_hub.context import hub_of
from edgeprof_hub.people.credentials import Credentials
from edgeprof_hub.people.roles import Right
from edgeprof_hub.routes.access import session_secret

LOOKED_UP_EVERY_S = 5.0


def still_signed_in(request: Request) -> Callable[[], bool]:
    """Whether the credentials of a request hold while its answer goes on and on; looked up every few seconds."""
    credentials = cast(Credentials, request.app.state.credentials)
    hub, shown, secret = hub_of(request), request.headers.get("authorization", ""), session_secret(request.headers)
    looked_s, holds = time.monotonic(), True

    def still() -> bool:
        nonlocal looked_s, holds
        if holds and time.monotonic() - looked_s >= LOOKED_UP_EVERY_S:
            looked_s = time.monotonic()
            try:
                who = credentials.principal(hub, shown, secret)
            except (EdgeprofError, sqlite3.Error):
                who = None
            holds = who is not None and who.may(Right.VIEWER)
        return holds

    return still
