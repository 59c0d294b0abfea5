"""Rows of the database to documents, and back: plain functions, no SQL."""

import sqlite3
from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from functools import lru_cache
from typing import Any, TypeVar, cast

import msgspec

from edgeprof.wire import messages as m
from edgeprof.wire import rest
from edgeprof.wire.identity import sha256_hex
from edgeprof_hub.store.records import CellRow, ColumnRow
from edgeprof_hub.store.standing import StandingRow, decoded
from edgeprof_hub.store.trouble import Rotten

T = TypeVar("T")

MAX_STORED = 512
"""Facts, models and configurations that were read last, as a page of the matrix reads all of them. Frozen."""


def to_json(value: object) -> str:
    """A document as it is stored."""
    return msgspec.json.encode(value).decode()


def from_json(text: str, kind: type[T]) -> T:
    """A stored document as the type it was stored from. Raises Rotten where it is none any more."""
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise Rotten(f"a stored {kind.__name__} cannot be read: {error}") from error


@lru_cache(maxsize=MAX_STORED)
def facts(text: str) -> m.Facts:
    """What a device told of itself."""
    return from_json(text, m.Facts)


@lru_cache(maxsize=MAX_STORED)
def _model(text: str) -> rest.ModelRecord:
    return from_json(text, rest.ModelRecord)


@lru_cache(maxsize=MAX_STORED)
def run_config(text: str) -> m.RunConfig:
    """What was requested of a run."""
    return from_json(text, m.RunConfig)


@lru_cache(maxsize=MAX_STORED)
def _protocol(text: str) -> m.RunProtocol:
    return from_json(text, m.RunProtocol)


def device(row: sqlite3.Row, label: str, recorded: bool = False) -> rest.DeviceRecord:
    """One device."""
    return rest.DeviceRecord(
        device_id=row["device_id"],
        name=row["name"],
        label=label,
        online=bool(row["online"]),
        last_seen_s=row["last_seen_s"],
        agent_version=row["agent_version"],
        hostname=row["hostname"],
        profile_id=row["profile_id"],
        profile_title=row["profile_title"],
        profile_reason=row["profile_reason"],
        emulated=bool(row["emulated"]),
        price_usd=row["price_usd"],
        price_source=row["price_source"],
        facts=facts(row["facts"]) if row["facts"] else None,
        recorded=recorded,
        tags=_tags(row),
        retired_s=_of_newer(row, "retired_s"),
        replaced_by=_of_newer(row, "successor_id") or "",
    )


def _of_newer(row: sqlite3.Row, column: str) -> Any:
    """A column that a damaged database of an older release lacks."""
    try:
        return row[column]
    except IndexError:
        return None


def _tags(row: sqlite3.Row) -> tuple[str, ...]:
    try:
        return from_json(row["tags"], tuple[str, ...])
    except IndexError:  # a damaged database of an older release: it is shown as it is, without new columns
        return ()


def model(row: sqlite3.Row, label: str) -> rest.ModelRecord:
    """One model; its name is a column, because it may change."""
    return replace(_model(row["document"]), name=row["name"], label=label)


def job(row: sqlite3.Row) -> rest.JobRecord:
    """One job."""
    return rest.JobRecord(
        job_id=row["job_id"],
        campaign_id=row["campaign_id"],
        attempt=row["attempt"],
        device_id=row["device_id"],
        model_id=row["model_id"],
        config=run_config(row["config"]),
        config_key=row["config_key"],
        protocol=_protocol(row["protocol"]),
        state=cast(rest.JobState, row["state"]),
        stage=row["stage"],
        fraction=row["fraction"],
        note=row["note"],
        result_id=row["result_id"],
        created_s=row["created_s"],
        updated_s=row["updated_s"],
    )


def job_values(record: rest.JobRecord) -> dict[str, object]:
    """The columns of a job, but for when it was sent."""
    return {
        "job_id": record.job_id,
        "campaign_id": record.campaign_id,
        "attempt": record.attempt,
        "device_id": record.device_id,
        "model_id": record.model_id,
        "config": to_json(record.config),
        "config_key": record.config_key,
        "protocol": to_json(record.protocol),
        "state": record.state,
        "stage": record.stage,
        "fraction": record.fraction,
        "note": record.note,
        "result_id": record.result_id,
        "created_s": record.created_s,
        "updated_s": record.updated_s,
    }


def result(row: sqlite3.Row) -> rest.StoredResult:
    """One result. Raises Rotten where it is not what was stored."""
    if is_rotten(row):
        raise Rotten(f"the stored result {row['result_id']} does not match its hash")
    return rest.StoredResult(result=from_json(row["document"], m.Result), received_s=row["received_s"])


def result_or_damage(row: sqlite3.Row) -> rest.StoredResult | Rotten:
    """One of many results, of which one that rotted must not hide the others."""
    try:
        return result(row)
    except Rotten as damage:
        return damage


def is_rotten(row: sqlite3.Row) -> bool | None:
    """Whether a row's document is another one than was stored. None for one that an older release stored.

    Such a row has the hash of its message alone: the same bytes, where agent and hub were of one release.
    """
    if (is_other := is_altered(row, "document", row["document"].encode())) is not None:
        return is_other
    return False if sha256_hex(row["document"].encode()) == row["payload_sha256"] else None


def is_altered(row: sqlite3.Row, column: str, content: bytes) -> bool | None:
    """Whether a column holds other bytes than were stored. None where an older release stored them without a hash."""
    try:
        stored_sha256 = row[f"{column}_sha256"]
    except IndexError:  # a damaged database of an older release: it is shown as it is, without new columns
        return None
    return None if stored_sha256 is None else sha256_hex(content) != stored_sha256


def shown_of(whole: m.Result) -> m.Result:
    """The part of a result that a cell of the matrix is made of: figures and badge, not how they came to be."""
    shown = copy(whole)
    vars(shown).update(_NOT_SHOWN)  # `replace` would look at each of forty fields, for every result that comes
    return shown


_NOT_SHOWN = {
    "samples_ms": (),
    "artifacts": (),
    "isolation": None,
    "timing": None,
    "cold_start": None,
    "memory": None,
    "conditions": None,
    "footprint": None,
    "points": (),
    "soak": None,
    "open_loop": None,
    "energy": (),
}


def column(row: sqlite3.Row) -> ColumnRow:
    """One model in one configuration."""
    return ColumnRow(model_id=row["model_id"], config_key=row["config_key"], config=run_config(row["config"]))


def cell(row: sqlite3.Row) -> CellRow:
    """One cell, with the state of its newest job. Raises Rotten where its copy of a result is not what was stored."""
    return CellRow(
        device_id=row["device_id"],
        model_id=row["model_id"],
        config_key=row["config_key"],
        config=run_config(row["config"]),
        stored=_shown(row),
        job_id=row["job_id"],
        job_state=cast("rest.JobState | None", row["state"]),
        stage=row["stage"],
        fraction=row["fraction"],
        shown_job_id=row["shown_job_id"],
        campaign_id=row["campaign_id"],
    )


def standing_row(row: sqlite3.Row, failed: Mapping[rest.CellKey, str]) -> StandingRow:
    """What a cell is ranked by. `failed`: the newest jobs of cells, where those failed. Raises Rotten like `cell`."""
    if is_altered(row, "standing", row["standing"]):
        raise Rotten(_DIFFERS.format(row["device_id"], row["config_key"]))
    key = (row["device_id"], row["model_id"], row["config_key"])
    return StandingRow(*key, failed.get(key), decoded(row["standing"]))


def _shown(row: sqlite3.Row) -> rest.StoredResult | None:
    if row["document"] is None:
        return None
    if is_altered(row, "document", row["document"].encode()):
        raise Rotten(_DIFFERS.format(row["device_id"], row["config_key"]))
    return rest.StoredResult(result=from_json(row["document"], m.Result), received_s=row["received_s"])


_DIFFERS = "what the page shows of the device {} in the configuration {} does not match its hash"
