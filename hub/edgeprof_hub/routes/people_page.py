"""The page of people: one's own password and sessions; for an admin accounts, API tokens and everybody's sessions.

What an admin changes is in `people_admin.py`.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.tables import durations
from edgeprof_hub.context import HubContext
from edgeprof_hub.people import accounts, api_tokens, audit, passwords
from edgeprof_hub.people.roles import MEANING, OPEN_HUB, ROLES, SCOPES, SHARED_TOKEN, Principal, Right
from edgeprof_hub.routes.answers import HubOf
from edgeprof_hub.routes.page_answers import PageRoute, page
from edgeprof_hub.routes.sign_in import credentials_of, failed
from edgeprof_hub.store import people
from edgeprof_hub.store.people import Account, ApiToken, PageSession
from edgeprof_hub.views.browsers import browser_name

ADDRESS = "/settings/people"
router = APIRouter(prefix=ADDRESS, include_in_schema=False, route_class=PageRoute)
Text = Annotated[str, Form()]


@dataclass(frozen=True, kw_only=True)
class SessionLine:
    """A session as a line."""

    session: PageSession
    owner: str
    browser: str
    is_this: bool


@dataclass(frozen=True, kw_only=True)
class PeoplePage:
    """`new_token`: shown this once."""

    who: Principal
    is_admin: bool
    is_open: bool
    accounts: Sequence[Account]
    tokens: Sequence[ApiToken]
    own_sessions: Sequence[SessionLine]
    other_sessions: Sequence[SessionLine]
    now_s: float
    problem: str = ""
    done: str = ""
    new_token: str = ""
    typed: dict[str, str] = field(default_factory=dict[str, str])
    roles: Sequence[str] = tuple(ROLES)
    scopes: Sequence[str] = tuple(SCOPES)
    default_days: int = api_tokens.DEFAULT_DAYS
    max_days: int = api_tokens.MAX_DAYS
    min_password_chars: int = passwords.MIN_PASSWORD_CHARS

    def ago(self, at_s: float) -> str:
        """How long ago."""
        return durations.age_text(max(0.0, self.now_s - at_s))

    @property
    def meanings(self) -> str:
        """What each role may, as a sentence."""
        return "; ".join(f"{role}: {text}" for role, text in MEANING.items())


DONE = {
    "password": "The password is changed. Other sessions of this account are signed out.",
    "signed-out": "Signed out.",
    "added": "The account is added.",
    "role": "The role is changed. It holds at once.",
    "reset": "The password is set. All sessions of this account are signed out.",
    "removed": "The account is removed, with its sessions and tokens.",
    "revoked": "The token is revoked.",
}


@router.get("")
def get_people(hub: HubOf, request: Request, done: str = "") -> HTMLResponse:
    """The page."""
    return people_page(hub, request, done=DONE.get(done, ""))


@router.post("/own-password", response_model=None)
def change_own_password(
    hub: HubOf, request: Request, current: Text = "", new: Text = "", again: Text = ""
) -> HTMLResponse | RedirectResponse:
    """Change one's own password, which takes the present one."""
    who = asker()
    account = hub.reader.people.account(who.account) if who.account else None
    if account is None:
        return people_page(hub, request, "Only an account has a password. You signed in with a token.")
    if not passwords.is_right(account.password, current):
        failed(request, account.name, "a wrong present password")
        return people_page(hub, request, "The present password is wrong.")
    if new != again:
        return people_page(hub, request, "The two new passwords differ.")
    try:
        hashed = accounts.new_password(new, account.name)
    except UsageError as error:
        return people_page(hub, request, error.message)
    but = who.session_sha256
    hub.writer.call(
        lambda store: store.change(
            lambda db: accounts.set_password(db, who.name, account.name, hashed, but_session=but)
        )
    )
    return on("password")


@router.post("/own-sessions/end")
def end_own_sessions(hub: HubOf, session: Text = "", others: Text = "") -> RedirectResponse:
    """Sign out one of one's own sessions, or all but this one."""
    who = asker()
    found = hub.reader.people.session(session)
    if others and who.session_sha256:
        _end_others(hub, who)
    elif found is not None and owner_of(found) == who.name:
        end_session(hub, who, found)
    return on("signed-out")


def asker() -> Principal:
    who = audit.who_asks()
    if who is None:  # no address here is open
        raise EdgeprofError("token_needed", "Sign in first.")
    return who


def end_session(hub: HubContext, who: Principal, session: PageSession) -> None:
    """Sign it out."""

    def change(db: sqlite3.Connection) -> None:
        if people.end_session(db, session.secret_sha256):
            audit.record(db, who.name, "sign_out", owner_of(session))

    hub.writer.call(lambda store: store.change(change))


def _end_others(hub: HubContext, who: Principal) -> None:
    def change(db: sqlite3.Connection) -> None:
        ended = people.end_sessions(db, who.account, who.session_sha256)
        audit.record(db, who.name, "sign_out", who.name, f"{ended} other session{'' if ended == 1 else 's'}")

    hub.writer.call(lambda store: store.change(change))


def owner_of(session: PageSession) -> str:
    """The name of whoever signed in."""
    return session.account or SHARED_TOKEN


def people_page(
    hub: HubContext,
    request: Request,
    problem: str = "",
    *,
    done: str = "",
    new_token: str = "",
    typed: dict[str, str] | None = None,
) -> HTMLResponse:
    who, now_s = asker(), credentials_of(request).clock()
    is_admin = who.right >= Right.ADMIN
    lines = [
        SessionLine(
            session=one,
            owner=owner_of(one),
            browser=browser_name(one.browser),
            is_this=one.secret_sha256 == who.session_sha256,
        )
        for one in hub.reader.people.sessions(now_s)
    ]
    shown = PeoplePage(
        who=who,
        is_admin=is_admin,
        is_open=who == OPEN_HUB,
        accounts=hub.reader.people.accounts() if is_admin else (),
        tokens=hub.reader.people.tokens() if is_admin else (),
        own_sessions=[line for line in lines if line.owner == who.name],
        other_sessions=[line for line in lines if is_admin and line.owner != who.name],
        now_s=now_s,
        problem=problem,
        done=done,
        new_token=new_token,
        typed=typed or {},
    )
    return page("people.html", 400 if problem else 200, page=shown, here="settings")


def on(done: str) -> RedirectResponse:
    return RedirectResponse(f"{ADDRESS}?done={done}", 303)
