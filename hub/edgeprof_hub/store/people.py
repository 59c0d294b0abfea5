"""Accounts, sessions of signed-in pages and API tokens, in SQL. Secrets are stored as hashes only."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgeprof_hub.store import statements

Ask = Callable[[str, Sequence[object]], list[sqlite3.Row]]

TABLES = (
    """CREATE TABLE account (
        name TEXT PRIMARY KEY, role TEXT NOT NULL, password TEXT NOT NULL, created_s REAL NOT NULL) STRICT""",
    # `token_mark`: of a session that began with the shared token. It ends when the token is replaced.
    """CREATE TABLE page_session (
        secret_sha256 TEXT PRIMARY KEY, account TEXT REFERENCES account (name) ON DELETE CASCADE,
        token_mark TEXT NOT NULL, began_s REAL NOT NULL, ends_s REAL NOT NULL, used_s REAL NOT NULL,
        address TEXT NOT NULL, browser TEXT NOT NULL) STRICT""",
    "CREATE INDEX page_session_account ON page_session (account)",
    """CREATE TABLE api_token (
        name TEXT PRIMARY KEY, secret_sha256 TEXT NOT NULL UNIQUE, scope TEXT NOT NULL,
        owner TEXT REFERENCES account (name) ON DELETE CASCADE, created_s REAL NOT NULL, ends_s REAL NOT NULL,
        used_s REAL) STRICT""",
    "CREATE INDEX api_token_owner ON api_token (owner)",
)


@dataclass(frozen=True, kw_only=True)
class Account:
    """A person who may sign in. `password`: its argon2 hash with salt and parameters."""

    name: str
    role: str
    password: str
    created_s: float


@dataclass(frozen=True, kw_only=True)
class PageSession:
    """A signed-in browser. `account`: None where it began with the shared token, which `token_mark` is made from."""

    secret_sha256: str
    account: str | None
    token_mark: str
    began_s: float
    ends_s: float
    used_s: float
    address: str
    browser: str


@dataclass(frozen=True, kw_only=True)
class ApiToken:
    """A secret for programs. `owner`: the account that made it on the page; None: the shared token or the command."""

    name: str
    secret_sha256: str
    scope: str
    owner: str | None
    created_s: float
    ends_s: float
    used_s: float | None


class PeopleReader:
    """Queries on the reader's own connections.

    A database that an older release wrote, and that is read without being converted because it is damaged, has none
    of these tables: nobody had an account there.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def has_accounts(self) -> bool:
        """Whether there is anybody who may sign in with a name."""
        return bool(self._known("SELECT 1 FROM account LIMIT 1", ()))

    def accounts(self) -> list[Account]:
        """By name."""
        return [Account(**dict(row)) for row in self._known("SELECT * FROM account ORDER BY name", ())]

    def account(self, name: str) -> Account | None:
        found = self._known("SELECT * FROM account WHERE name = ?", (name,))
        return Account(**dict(found[0])) if found else None

    def sessions(self, now_s: float) -> list[PageSession]:
        """Those in force, the last used first."""
        sql = "SELECT * FROM page_session WHERE ends_s > ? ORDER BY used_s DESC, secret_sha256"
        return [PageSession(**dict(row)) for row in self._known(sql, (now_s,))]

    def session(self, secret_sha256: str) -> PageSession | None:
        found = self.session_with_role(secret_sha256)
        return found[0] if found else None

    def session_with_role(self, secret_sha256: str) -> tuple[PageSession, str] | None:
        """A session, and its account's role; empty for one of the shared token."""
        sql = (
            "SELECT page_session.*, coalesce(account.role, '') AS role FROM page_session"
            " LEFT JOIN account ON account.name = page_session.account WHERE secret_sha256 = ?"
        )
        found = self._known(sql, (secret_sha256,))
        if not found:
            return None
        values = dict(found[0])
        role = str(values.pop("role"))
        return PageSession(**values), role

    def tokens(self) -> list[ApiToken]:
        """By name, the expired ones too."""
        return [ApiToken(**dict(row)) for row in self._known("SELECT * FROM api_token ORDER BY name", ())]

    def token(self, secret_sha256: str) -> ApiToken | None:
        found = self._known("SELECT * FROM api_token WHERE secret_sha256 = ?", (secret_sha256,))
        return ApiToken(**dict(found[0])) if found else None

    def _known(self, sql: str, values: Sequence[object]) -> list[sqlite3.Row]:
        try:
            return self._ask(sql, values)
        except sqlite3.OperationalError:
            if self._ask("SELECT 1 FROM sqlite_master WHERE name = 'account'", ()):
                raise
            return []


def add_account(connection: sqlite3.Connection, account: Account) -> bool:
    """False where the name is taken."""
    return statements.insert(connection, "account", vars(account), "ON CONFLICT DO NOTHING")


def set_role(connection: sqlite3.Connection, name: str, role: str) -> bool:
    """False where there is no such account."""
    return connection.execute("UPDATE account SET role = ? WHERE name = ?", (role, name)).rowcount > 0


def set_password(connection: sqlite3.Connection, name: str, password: str) -> bool:
    """False where there is no such account. Sessions stay: see `end_sessions`."""
    return connection.execute("UPDATE account SET password = ? WHERE name = ?", (password, name)).rowcount > 0


def remove_account(connection: sqlite3.Connection, name: str) -> bool:
    """With its sessions and the tokens that it made. False where there is no such account."""
    return connection.execute("DELETE FROM account WHERE name = ?", (name,)).rowcount > 0


def roles(connection: sqlite3.Connection) -> dict[str, str]:
    """The role of each account, as this connection sees it."""
    return {str(row[0]): str(row[1]) for row in connection.execute("SELECT name, role FROM account")}


def add_session(connection: sqlite3.Connection, session: PageSession, most: int) -> None:
    """Also forget those that have ended by its beginning, and the least used beyond `most`."""
    statements.insert(connection, "page_session", vars(session))
    connection.execute("DELETE FROM page_session WHERE ends_s <= ?", (session.began_s,))
    connection.execute(
        "DELETE FROM page_session WHERE secret_sha256 NOT IN"
        " (SELECT secret_sha256 FROM page_session ORDER BY used_s DESC LIMIT ?)",
        (most,),
    )


def end_session(connection: sqlite3.Connection, secret_sha256: str) -> bool:
    """False where it has ended already."""
    return connection.execute("DELETE FROM page_session WHERE secret_sha256 = ?", (secret_sha256,)).rowcount > 0


def end_sessions(connection: sqlite3.Connection, account: str | None, but: str = "") -> int:
    """All of an account, or of the shared token, except the one of this hash. How many ended."""
    sql = "DELETE FROM page_session WHERE account IS ? AND secret_sha256 != ?"
    return connection.execute(sql, (account, but)).rowcount


def mark_used(connection: sqlite3.Connection, table: str, secret_sha256: str, now_s: float) -> None:
    """`table`: page_session or api_token, a caller's own word."""
    connection.execute(f"UPDATE {table} SET used_s = ? WHERE secret_sha256 = ?", (now_s, secret_sha256))


def add_token(connection: sqlite3.Connection, token: ApiToken) -> bool:
    """False where the name is taken."""
    return statements.insert(connection, "api_token", vars(token), "ON CONFLICT DO NOTHING")


def revoke_token(connection: sqlite3.Connection, name: str) -> bool:
    """False where there is no such token."""
    return connection.execute("DELETE FROM api_token WHERE name = ?", (name,)).rowcount > 0
