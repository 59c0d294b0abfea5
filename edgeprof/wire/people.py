"""Accounts and API tokens as the REST API gives them to an admin: never a password, a hash, or a secret twice."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class AccountRecord:
    """A person who may sign in. `role`: viewer, operator or admin."""

    name: str
    role: str
    created_s: float


@dataclass(frozen=True, kw_only=True)
class ApiTokenRecord:
    """A token for programs. `owner`: the account that made it; None: the shared token or the command.

    `scope`: read, run or admin. `last_used_s`: to within ten minutes; None: never.
    """

    name: str
    scope: str
    owner: str | None
    created_s: float
    expires_at_s: float
    last_used_s: float | None


@dataclass(frozen=True, kw_only=True)
class NewToken:
    """A token that was made just now. It is shown this once."""

    token: str
    expires_at_s: float
