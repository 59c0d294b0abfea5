"""A queued result as it lies on the disk: checked against its hash, and without an artifact that was lost."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from edgeprof.wire import codec
from edgeprof.wire.identity import sha256_hex
from edgeprof.wire.messages import LostArtifact, Result


@dataclass(frozen=True)
class OutboxEntry:
    """One queued result as it goes out."""

    result_id: str
    payload: bytes
    artifacts: tuple[str, ...]
    is_damaged: bool = False
    """The row is no longer the one that was stored: it must not be sent."""
    device_id: str = ""
    """Whose result it is. A data folder that got another `device_id` still holds those of the device before."""


class _Ids(msgspec.Struct):
    result_id: str
    device_id: str = ""


def entry_of(row: sqlite3.Row) -> OutboxEntry:
    """A row as it can be sent, or marked as damaged: any bit of it may have rotted on the disk."""
    result_id, payload, artifacts = str(row["result_id"]), row["payload"], artifacts_of(row)
    if artifacts is None or not isinstance(payload, bytes) or sha256_hex(payload) != row["sha256"]:
        return OutboxEntry(result_id, b"", (), is_damaged=True)
    ids = _ids_in(payload)
    return OutboxEntry(result_id, payload, artifacts, ids.result_id != result_id, ids.device_id)


def artifacts_of(row: sqlite3.Row) -> tuple[str, ...] | None:
    """The artifacts that a row names; None where that part of it is damaged."""
    try:
        return tuple(msgspec.json.decode(row["artifacts"], type=list[str]))
    except (msgspec.MsgspecError, TypeError):
        return None


def without_artifact(payload: bytes, sha256: str, reason: str) -> bytes:
    """The same result, which says that it lost this artifact and why. Raises WireError for what is no result."""
    result = codec.decode_as(Result, payload)
    lost = [LostArtifact(name=each.name, reason=reason) for each in result.artifacts if each.sha256 == sha256]
    left = tuple(each for each in result.artifacts if each.sha256 != sha256)
    return codec.encode(replace(result, artifacts=left, lost_artifacts=(*result.lost_artifacts, *lost)))


def without(artifacts: Sequence[str], sha256: str) -> list[str]:
    """The hashes but this one."""
    return [each for each in artifacts if each != sha256]


def _ids_in(payload: bytes) -> _Ids:
    try:
        return msgspec.json.decode(payload, type=_Ids)
    except msgspec.MsgspecError:
        return _Ids("")
