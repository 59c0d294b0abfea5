"""Bytes to messages and back. The topic's class names the type; a newer wire version is refused by name."""

from typing import TypeVar

import msgspec

from edgeprof.wire import WIRE_VERSION
from edgeprof.wire import messages as m

MAX_MESSAGE_BYTES = 64 * 1024
"""Ours stay below this; brokers refuse packets above 256 KiB. What is longer is an artifact."""

MESSAGE_TYPES: dict[str, type[m.Message]] = {
    "state": m.State,
    "facts": m.Facts,
    "ack": m.Ack,
    "progress": m.Progress,
    "result": m.Result,
    "job": m.Job,
    "cancel": m.Cancel,
    "receipt": m.Receipt,
    "refusal": m.Refusal,
}

T = TypeVar("T")


class _Versioned(msgspec.Struct):
    wire: int


_VERSIONED = msgspec.json.Decoder(_Versioned)
_AS_WE_WRITE = f',"wire":{WIRE_VERSION}}}'.encode()
"""The end of a message of ours. Of valid JSON it can only be the outermost object's."""


class WireError(ValueError):
    """A message that cannot be read; the sentence names the field."""


class WireVersionError(WireError):
    """A message of a wire version that this side does not speak."""

    def __init__(self, got: int) -> None:
        newer = "newer" if got > WIRE_VERSION else "older"
        super().__init__(
            f"The message uses wire version {got}, which is {newer} than version {WIRE_VERSION} used here. Install "
            "the same edgeprof release on the hub and on the device."
        )
        self.got = got


def encode(message: object) -> bytes:
    """JSON, UTF-8. Non-finite floats become null, as JSON has none."""
    return msgspec.json.encode(message)


def decode(message_class: str, payload: bytes) -> m.Message:
    """One message of the class that its topic names.

    Raises WireVersionError for another wire version, WireError for anything else that cannot be read.
    """
    return decode_as(MESSAGE_TYPES[message_class], payload)


def decode_as(kind: type[T], payload: bytes) -> T:
    """A message of a known type; see `decode` for the errors."""
    if len(payload) > MAX_MESSAGE_BYTES:
        raise WireError(f"The message has {len(payload)} bytes; the limit is {MAX_MESSAGE_BYTES}.")
    try:
        _refuse_other_versions(payload)
        return msgspec.json.decode(payload, type=kind)
    except WireError:
        raise
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors; so is bad UTF-8
        raise WireError(f"Cannot read the message: {error}") from error


def _refuse_other_versions(payload: bytes) -> None:
    """Before anything else is read of a message: another version's fields may mean something else.

    Ours write the version last. What ends otherwise is read for it, which costs as much as the message.
    """
    if payload.endswith(_AS_WE_WRITE):
        return
    version = _VERSIONED.decode(payload).wire
    if version != WIRE_VERSION:
        raise WireVersionError(version)
