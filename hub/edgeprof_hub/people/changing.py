"""What an admin changes of people on a hub that runs. Used by the page and by the API; both name who asks."""

import sqlite3
from collections.abc import Callable
from typing import TypeVar

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof_hub.context import HubContext
from edgeprof_hub.people import accounts, api_tokens
from edgeprof_hub.people.roles import OPEN_HUB, Principal

T = TypeVar("T")

FIRST_ACCOUNT = (
    "This hub asks nobody who they are. Make the first account at its machine: edgeprof hub user add NAME --role admin"
)
NO_TOKEN_BY_TOKEN = "An API token cannot make another one. Sign in, and make it on the page People and access."


def add_account(hub: HubContext, who: Principal, name: str, role: str, password: str) -> str:
    """Its name as it is stored. Raises UsageError.

    first_account, bad_account_name, bad_role, weak_password, account_exists.
    """
    if not hub.reader.people.has_accounts() and who == OPEN_HUB:
        raise UsageError("first_account", FIRST_ACCOUNT)
    tidy, checked = accounts.tidy(name), accounts.role_named(role)
    hashed = accounts.new_password(password, tidy)
    _change(hub, lambda db: accounts.add(db, who.name, tidy, checked, hashed))
    return tidy


def change_account(
    hub: HubContext, who: Principal, name: str, *, role: str | None = None, password: str | None = None
) -> None:
    """A role holds at once; a password ends all sessions of the account. Both or neither.

    Raises EdgeprofError bad_role, weak_password, no_account, last_admin.
    """
    checked = None if role is None else accounts.role_named(role)
    hashed = None if password is None else accounts.new_password(password, name)

    def change(db: sqlite3.Connection) -> None:
        if checked is not None:
            accounts.set_role(db, who.name, name, checked)
        if hashed is not None:
            accounts.set_password(db, who.name, name, hashed)

    _change(hub, change)


def remove_account(hub: HubContext, who: Principal, name: str) -> None:
    """With its sessions and tokens. Raises EdgeprofError no_account, last_admin.

    The last account is removed at the hub's machine only: without a token the hub is open then.
    """
    _change(hub, lambda db: accounts.remove(db, who.name, name, may_be_last=False))


def add_token(hub: HubContext, who: Principal, name: str, scope: str, days: int, now_s: float) -> str:
    """The secret, which is stored nowhere. Raises EdgeprofError.

    not_allowed: what an API token made would outlive its owner's account. Also bad_scope, bad_account_name, bad_days,
    token_exists.
    """
    if who.token_sha256:
        raise EdgeprofError("not_allowed", NO_TOKEN_BY_TOKEN)
    checked = api_tokens.scope_named(scope)
    return _change(hub, lambda db: api_tokens.add(db, who.name, name, checked, days, owner=who.account, now_s=now_s))


def revoke_token(hub: HubContext, who: Principal, name: str) -> None:
    """It is refused from the next request on. Raises EdgeprofError no_token."""
    _change(hub, lambda db: api_tokens.revoke(db, who.name, name))


def _change(hub: HubContext, do: Callable[[sqlite3.Connection], T]) -> T:
    return hub.writer.call(lambda store: store.change(do))
