"""Roles of people, scopes of API tokens, and who asks."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal


class Right(IntEnum):
    """What an address needs. A role has its own right and every lower one.

    >>> Right.VIEWER < Right.OPERATOR < Right.ADMIN
    True
    """

    OPEN = 0
    """Anybody, signed in or not."""
    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3
    DEVICE = 4
    """What agents do. No role has it: people and programs cannot pass for a device."""


Role = Literal["viewer", "operator", "admin"]
Scope = Literal["read", "run", "admin"]
ROLES: dict[Role, Right] = {"viewer": Right.VIEWER, "operator": Right.OPERATOR, "admin": Right.ADMIN}
SCOPES: dict[Scope, Right] = {"read": Right.VIEWER, "run": Right.OPERATOR, "admin": Right.ADMIN}
MEANING: dict[Role, str] = {
    "viewer": "reads everything",
    "operator": "also flashes, runs, cancels, and sets labels, gates and prices",
    "admin": "also deletes, changes settings, and manages accounts and tokens",
}


def right_of(word: str) -> Right:
    """Of a stored role or scope. A word of a newer release gives no right.

    >>> right_of("run") is Right.OPERATOR
    True
    """
    known: dict[str, Right] = {**ROLES, **SCOPES}
    return known.get(word, Right.OPEN)


SHARED_TOKEN = "shared token"
ANYBODY = "anybody on this machine"


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who asks, and what they may."""

    name: str
    """Unique among all kinds: an account has no space, an API token begins with `token:`."""
    right: Right
    is_device: bool = False
    """Whether it may do what agents do: the shared token, and everybody on a hub without a token and accounts."""
    account: str | None = None
    session_sha256: str = ""
    """Of a signed-in page."""
    token_sha256: str = ""
    """Of an API token."""

    def may(self, right: Right) -> bool:
        """Whether this is enough for what an address needs."""
        return self.is_device if right is Right.DEVICE else self.right >= right

    @property
    def role(self) -> str:
        """The word for its rights."""
        return self.right.name.lower()


OPEN_HUB = Principal(name=ANYBODY, right=Right.ADMIN, is_device=True)
"""Everybody, on a hub without token and accounts, which listens on loopback only."""
SHARED = Principal(name=SHARED_TOKEN, right=Right.ADMIN, is_device=True)


def of_device(device_id: str) -> Principal:
    """A device with a credential of its own. `identity/device_access.py` lists the few addresses that it may use."""
    return Principal(name=f"device {device_id}", right=Right.VIEWER, is_device=True)
