"""Gates of families in SQL, and the verdicts and drifts that were found of their newest evaluations."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import cast

from edgeprof.quality.capability import CapabilityRow
from edgeprof.wire import rest
from edgeprof.wire.quality import DriftKind
from edgeprof_hub.store import rows, statements

Ask = Callable[[str, Sequence[object]], list[sqlite3.Row]]

TABLES = (
    "CREATE TABLE gate (family TEXT PRIMARY KEY, lines TEXT NOT NULL) STRICT",
    """CREATE TABLE gate_verdict (
        family TEXT NOT NULL, gate TEXT NOT NULL, model_id TEXT NOT NULL, base_key TEXT NOT NULL,
        runtime TEXT NOT NULL, architecture TEXT NOT NULL,
        result_id TEXT NOT NULL REFERENCES result (result_id) ON DELETE CASCADE, reference_id TEXT NOT NULL,
        state TEXT NOT NULL, sentence TEXT NOT NULL, n INTEGER NOT NULL) STRICT""",
    "CREATE INDEX gate_verdict_family ON gate_verdict (family)",
    "CREATE INDEX gate_verdict_result ON gate_verdict (result_id)",
    """CREATE TABLE drift (
        family TEXT NOT NULL, model_id TEXT NOT NULL, set_id TEXT NOT NULL,
        result_id TEXT NOT NULL REFERENCES result (result_id) ON DELETE CASCADE,
        other_id TEXT NOT NULL REFERENCES result (result_id) ON DELETE CASCADE,
        verdict TEXT NOT NULL, document TEXT NOT NULL) STRICT""",
    "CREATE INDEX drift_family ON drift (family)",
    "CREATE INDEX drift_result ON drift (result_id)",
    "CREATE INDEX drift_other ON drift (other_id)",
    # What the rows above rest on: they are computed again where it has changed.
    "CREATE TABLE judged_family (family TEXT PRIMARY KEY, inputs TEXT NOT NULL) STRICT",
)
TABLE_OF_CAPABILITY = "CREATE TABLE capability (family TEXT PRIMARY KEY, cells TEXT NOT NULL) STRICT"
_OF_FAMILIES = "family IN (SELECT value FROM json_each(?))"


class GateReader:
    """Queries on the reader's own connections."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def gates(self, families: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The lines of the families that have some."""
        found = self._ask(f"SELECT * FROM gate WHERE {_OF_FAMILIES}", (rows.to_json(families),))
        return {str(row["family"]): rows.from_json(row["lines"], tuple[str, ...]) for row in found}

    def verdicts(self, families: Sequence[str]) -> list[rest.GateVerdictRecord]:
        """All verdicts of these families."""
        found = self._ask(f"SELECT * FROM gate_verdict WHERE {_OF_FAMILIES}", (rows.to_json(families),))
        return [_verdict(row) for row in found]

    def verdicts_of(self, result_id: str) -> list[rest.GateVerdictRecord]:
        """Those that rest on this evaluation, as the one judged."""
        found = self._ask("SELECT * FROM gate_verdict WHERE result_id = ?", (result_id,))
        return [_verdict(row) for row in found]

    def drift_verdicts(self, families: Sequence[str]) -> dict[str, tuple[DriftKind, str]]:
        """By evaluation: how it differs from its model's first one, in a word and in a sentence."""
        sql = f"SELECT result_id, verdict, document ->> '$.sentence' AS sentence FROM drift WHERE {_OF_FAMILIES}"
        found = self._ask(sql, (rows.to_json(families),))
        return {str(row[0]): (cast(DriftKind, row[1]), str(row[2])) for row in found}

    def drifts_of(self, result_id: str) -> list[rest.DriftRecord]:
        """Those in which this evaluation is on either side."""
        found = self._ask("SELECT document FROM drift WHERE ? IN (result_id, other_id)", (result_id,))
        return [rows.from_json(row["document"], rest.DriftRecord) for row in found]

    def capability(self, family: str) -> tuple[CapabilityRow, ...]:
        """What the family's models can do, sorted for reading."""
        found = self._ask("SELECT cells FROM capability WHERE family = ?", (family,))
        return rows.from_json(found[0]["cells"], tuple[CapabilityRow, ...]) if found else ()

    def leads(self, families: Sequence[str]) -> dict[str, tuple[str, int]]:
        """The set and the shots that a person chose for the comparison, of the families that have some."""
        found = self._ask(
            "SELECT substr(name, ?) AS family, value ->> 0, value ->> 1 FROM setting WHERE name IN"
            " (SELECT ? || value FROM json_each(?))",
            (len(_LEAD) + 1, _LEAD, rows.to_json(families)),
        )
        return {str(row[0]): (str(row[1]), int(row[2])) for row in found}

    def inputs(self, family: str) -> str:
        """What the family's rows rest on; empty where it was never judged."""
        return next((str(row[0]) for row in self._ask(_INPUTS, (family,))), "")

    def judged(self) -> list[str]:
        """Families that have rows, or may have."""
        return [str(row[0]) for row in self._ask("SELECT family FROM judged_family", ())]


_LEAD = "lead_set:"
_INPUTS = "SELECT inputs FROM judged_family WHERE family = ?"


def set_gates(connection: sqlite3.Connection, family: str, lines: Sequence[str]) -> None:
    """Make or replace the family's gates; without lines it has none."""
    connection.execute("DELETE FROM gate WHERE family = ?", (family,))
    if lines:
        statements.insert(connection, "gate", {"family": family, "lines": rows.to_json(lines)})


def set_lead(connection: sqlite3.Connection, family: str, lead: tuple[str, int] | None) -> None:
    """Choose the set and the shots that the comparison shows of a family; None: the default again."""
    connection.execute("DELETE FROM setting WHERE name = ?", (_LEAD + family,))
    if lead is not None:
        connection.execute("INSERT INTO setting (name, value) VALUES (?, ?)", (_LEAD + family, rows.to_json(lead)))


def save_judged(
    connection: sqlite3.Connection,
    family: str,
    inputs: str,
    verdicts: Sequence[rest.GateVerdictRecord],
    drifts: Sequence[rest.DriftRecord],
    capability: Sequence[CapabilityRow],
) -> None:
    """Replace what was found of a family. An evaluation that was deleted meanwhile has no row."""
    for table in ("gate_verdict", "drift", "capability", "judged_family"):
        connection.execute(f"DELETE FROM {table} WHERE family = ?", (family,))
    for verdict in verdicts:
        if _is_stored(connection, verdict.result_id):
            statements.insert(connection, "gate_verdict", {name: getattr(verdict, name) for name in _VERDICT})
    for drift in drifts:
        if _is_stored(connection, drift.result_id) and _is_stored(connection, drift.other_id):
            values = {name: getattr(drift, name) for name in _DRIFT}
            statements.insert(connection, "drift", {**values, "document": rows.to_json(drift)})
    if capability:
        statements.insert(connection, "capability", {"family": family, "cells": rows.to_json(capability)})
    statements.insert(connection, "judged_family", {"family": family, "inputs": inputs})


def _is_stored(connection: sqlite3.Connection, result_id: str) -> bool:
    return connection.execute("SELECT 1 FROM result WHERE result_id = ?", (result_id,)).fetchone() is not None


_VERDICT = tuple(rest.GateVerdictRecord.__dataclass_fields__)
_DRIFT = ("family", "model_id", "set_id", "result_id", "other_id", "verdict")


def _verdict(row: sqlite3.Row) -> rest.GateVerdictRecord:
    return rest.GateVerdictRecord(**dict(row))
