"""What follows a batch of messages after its commit, and why a message or a batch cannot be stored as it is."""

import sqlite3
from dataclasses import dataclass, field

from edgeprof.wire import messages as m
from edgeprof_hub.events import Change
from edgeprof_hub.store import trouble


@dataclass
class Effects:
    """What follows a batch of messages after its commit."""

    replies: list[tuple[str, m.Receipt | m.Refusal]] = field(default_factory=lambda: [])
    births: list[str] = field(default_factory=lambda: [])
    changes: dict[Change, None] = field(default_factory=lambda: {})
    """A set that keeps its order."""
    seen: set[str] = field(default_factory=lambda: set())
    to_ask: dict[str, None] = field(default_factory=lambda: {})
    """Devices that may be there without a session that the hub knows."""


class Unusable(Exception):
    """A readable message with invalid contents."""


class Spoiled(Exception):
    """The database refuses something in a batch: it is taken back, and stored again one by one."""


def is_of_database(error: Exception) -> bool:
    """Whether no message is to blame: the disk is full, the database locked or broken."""
    return isinstance(error, sqlite3.OperationalError) or trouble.is_of_file(error)


def check_sender(topic_device: str, named_device: str) -> None:
    """Raises Unusable where a device speaks for another one."""
    if topic_device != named_device:
        raise Unusable(f"The topic is that of {topic_device}, the message says that it is of {named_device[:60]!r}.")
