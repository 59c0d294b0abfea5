"""What changes of accounts, each with its entry in the audit log. Used by the page and by `edgeprof hub user`."""

import re
import sqlite3
import time

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof_hub.people import audit, passwords
from edgeprof_hub.people.roles import ROLES, Role
from edgeprof_hub.store import people

MAX_NAME_CHARS = 32
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


def tidy(name: str) -> str:
    """A name as it is stored. Raises UsageError bad_account_name.

    >>> tidy(" Ada ")
    'ada'
    """
    text = name.strip().lower()
    if not _NAME.fullmatch(text) or len(text) > MAX_NAME_CHARS:
        raise UsageError(
            "bad_account_name",
            f"{name[:40]!r} is not a valid name. Use up to {MAX_NAME_CHARS} of a-z, 0-9 and . _ -, such as ada.",
        )
    return text


def role_named(text: str) -> Role:
    """Raises UsageError bad_role."""
    for role in ROLES:
        if role == text:
            return role
    raise UsageError("bad_role", f"{text[:40]!r} is not a role. Roles: {', '.join(ROLES)}.")


def add(db: sqlite3.Connection, actor: str, name: str, role: Role, hashed: str) -> None:
    """`name`: tidy; `hashed`: of a checked password. Raises UsageError account_exists."""
    made = people.Account(name=name, role=role, password=hashed, created_s=time.time())
    if not people.add_account(db, made):
        raise UsageError("account_exists", f"There is an account {name!r} already. Choose another name.")
    audit.record(db, actor, "account.add", name, role)


def set_role(db: sqlite3.Connection, actor: str, name: str, role: Role) -> None:
    """It holds for its open sessions at once. Raises EdgeprofError no_account, UsageError last_admin."""
    before = _role_of(db, name)
    if role != "admin":
        _keep_an_admin(db, name)
    people.set_role(db, name, role)
    audit.record(db, actor, "account.role", name, f"{before} to {role}")


def set_password(db: sqlite3.Connection, actor: str, name: str, hashed: str, *, but_session: str = "") -> None:
    """Sign the account out everywhere except in this session. Raises EdgeprofError no_account."""
    _role_of(db, name)
    people.set_password(db, name, hashed)
    ended = people.end_sessions(db, name, but_session)
    audit.record(db, actor, "account.password", name, f"{ended} session{'' if ended == 1 else 's'} signed out")


def remove(db: sqlite3.Connection, actor: str, name: str, *, may_be_last: bool) -> None:
    """With its sessions and the tokens that it made. Raises EdgeprofError no_account, UsageError last_admin.

    `may_be_last`: whether it may be the last account of all. Without one and without a token, a hub asks nobody.
    """
    role = _role_of(db, name)
    if len(people.roles(db)) > 1 or not may_be_last:
        _keep_an_admin(db, name)
    people.remove_account(db, name)
    audit.record(db, actor, "account.remove", name, role)


def new_password(password: str, name: str) -> str:
    """Checked and hashed. It takes its time: never on the writer's thread."""
    return passwords.hashed(passwords.checked(password, name))


def _role_of(db: sqlite3.Connection, name: str) -> str:
    role = people.roles(db).get(name)
    if role is None:
        raise EdgeprofError("no_account", f"No account {name[:40]!r} on this hub. List them: edgeprof hub user list")
    return role


def _keep_an_admin(db: sqlite3.Connection, name: str) -> None:
    admins = [one for one, role in people.roles(db).items() if role == "admin"]
    if admins == [name]:
        raise UsageError("last_admin", f"{name!r} is the only admin. Make another account an admin first.")
