"""MQTT topics: `edgeprof/1/<site>/<device_id>/<class>`. Built and parsed here only."""

import re
from dataclasses import dataclass
from typing import Literal, get_args

from edgeprof.wire import WIRE_VERSION

Upward = Literal["state", "facts", "ack", "progress", "result"]
Downward = Literal["job", "cancel", "receipt", "refusal"]
MessageClass = Literal[Upward, Downward]

UPWARD: tuple[str, ...] = get_args(Upward)
DOWNWARD: tuple[str, ...] = get_args(Downward)

PREFIX = f"edgeprof/{WIRE_VERSION}"
DEFAULT_SITE = "home"
NAME_PATTERN = r"[a-z0-9][a-z0-9-]{2,40}"
_NAME = re.compile(NAME_PATTERN)


@dataclass(frozen=True)
class Topic:
    """One parsed topic."""

    site: str
    device_id: str
    message_class: str


def is_name(text: str) -> bool:
    """Whether `text` may stand in a topic: no wildcard, slash, space, `$` or capital can get in."""
    return _NAME.fullmatch(text) is not None


def build(site: str, device_id: str, message_class: MessageClass) -> str:
    """The topic of one device's message class. Raises ValueError for a name that may not stand in a topic."""
    for name in (site, device_id):
        if not is_name(name):
            raise ValueError(f"{name!r} is not valid in a topic: it must match {NAME_PATTERN}")
    return f"{PREFIX}/{site}/{device_id}/{message_class}"


def parse(topic: str) -> Topic | None:
    """The parts of a topic of ours, or None for any other topic."""
    head, _, rest = topic.partition(f"{PREFIX}/")
    parts = rest.split("/")
    if head or len(parts) != 3 or not is_name(parts[0]) or not is_name(parts[1]):
        return None
    if parts[2] not in UPWARD and parts[2] not in DOWNWARD:
        return None
    return Topic(*parts)


def notices(site: str) -> str:
    """Where the hub says what somebody may want to be told of. No device has the name `hub`: ids begin with `d-`."""
    if not is_name(site):
        raise ValueError(f"{site!r} is not valid in a topic: it must match {NAME_PATTERN}")
    return f"{PREFIX}/{site}/hub/notice"


def hub_filters() -> tuple[str, ...]:
    """What the hub subscribes to: every device's upward classes, never `#`."""
    return tuple(f"{PREFIX}/+/+/{name}" for name in UPWARD)


def agent_filters(site: str, device_id: str) -> tuple[str, ...]:
    """What one agent subscribes to: its own downward classes."""
    return tuple(f"{PREFIX}/{site}/{device_id}/{name}" for name in DOWNWARD)
