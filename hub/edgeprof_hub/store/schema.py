"""The database's schema as an ordered list of migrations. A released migration's name and contents never change."""

import sqlite3
from contextlib import closing

import sqlite_utils
from sqlite_utils.migrations import Migrations

from edgeprof.errors import EdgeprofError
from edgeprof.wire.identity import new_id
from edgeprof.wire.messages import Result
from edgeprof_hub.store import (
    audit,
    evaluations,
    fleet,
    gates,
    jobs,
    labels,
    people,
    predictions,
    quarantines,
    rollouts,
    signatures,
    upgrades,
)
from edgeprof_hub.store.rows import from_json, shown_of, to_json
from edgeprof_hub.store.standing import encoded

MIGRATIONS = Migrations("edgeprof-hub")

SPINE = (
    "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    """CREATE TABLE device (
        device_id TEXT PRIMARY KEY, agent_name TEXT NOT NULL, given_name TEXT, session_id TEXT NOT NULL,
        online INTEGER NOT NULL, last_seen_s REAL NOT NULL, agent_version TEXT NOT NULL, hostname TEXT NOT NULL,
        profile_id TEXT, profile_title TEXT, profile_reason TEXT NOT NULL DEFAULT '',
        emulated INTEGER NOT NULL DEFAULT 0, price_usd REAL, price_source TEXT, facts TEXT) STRICT""",
    """CREATE TABLE model (
        model_id TEXT PRIMARY KEY, name TEXT NOT NULL, family TEXT NOT NULL, format TEXT NOT NULL,
        created_s REAL NOT NULL, document TEXT NOT NULL) STRICT""",
    """CREATE TABLE model_file (
        model_id TEXT NOT NULL REFERENCES model ON DELETE CASCADE, path TEXT NOT NULL, size INTEGER NOT NULL,
        sha256 TEXT NOT NULL, PRIMARY KEY (model_id, path)) STRICT""",
    "CREATE INDEX model_file_sha256 ON model_file (sha256)",
    "CREATE TABLE campaign (campaign_id TEXT PRIMARY KEY, created_s REAL NOT NULL) STRICT",
    # Jobs outlive the device and the model that they name, so that a campaign can be read to its end.
    """CREATE TABLE job (
        job_id TEXT PRIMARY KEY, campaign_id TEXT NOT NULL REFERENCES campaign ON DELETE CASCADE,
        attempt INTEGER NOT NULL, device_id TEXT NOT NULL, model_id TEXT NOT NULL, config TEXT NOT NULL,
        config_key TEXT NOT NULL, protocol TEXT NOT NULL, state TEXT NOT NULL, stage TEXT NOT NULL, fraction REAL,
        note TEXT NOT NULL, result_id TEXT, created_s REAL NOT NULL, updated_s REAL NOT NULL, sent_s REAL) STRICT""",
    "CREATE INDEX job_device_state ON job (device_id, state)",
    "CREATE INDEX job_model_state ON job (model_id, state)",
    "CREATE INDEX job_campaign ON job (campaign_id)",
    """CREATE TABLE result (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, result_id TEXT NOT NULL UNIQUE, job_id TEXT,
        device_id TEXT NOT NULL REFERENCES device ON DELETE CASCADE, model_id TEXT NOT NULL, config_key TEXT NOT NULL,
        status TEXT NOT NULL, failure_code TEXT, payload_sha256 TEXT NOT NULL, received_s REAL NOT NULL,
        document TEXT NOT NULL) STRICT""",
    "CREATE INDEX result_cell ON result (device_id, model_id, config_key, seq)",
    "CREATE INDEX result_model ON result (model_id, seq)",
    """CREATE TABLE metric (
        result_id TEXT NOT NULL REFERENCES result (result_id) ON DELETE CASCADE, metric TEXT NOT NULL,
        value REAL NOT NULL, ci_low REAL, ci_high REAL, n INTEGER NOT NULL, origin TEXT NOT NULL, scope TEXT) STRICT""",
    "CREATE INDEX metric_result ON metric (result_id)",
    """CREATE TABLE artifact (
        result_id TEXT NOT NULL REFERENCES result (result_id) ON DELETE CASCADE, name TEXT NOT NULL,
        sha256 TEXT NOT NULL) STRICT""",
    "CREATE INDEX artifact_result ON artifact (result_id)",
    "CREATE INDEX artifact_sha256 ON artifact (sha256)",
    """CREATE TABLE cell (
        device_id TEXT NOT NULL REFERENCES device ON DELETE CASCADE,
        model_id TEXT NOT NULL REFERENCES model ON DELETE CASCADE,
        config_key TEXT NOT NULL, config TEXT NOT NULL, result_id TEXT, job_id TEXT,
        PRIMARY KEY (device_id, model_id, config_key)) STRICT""",
    """CREATE TABLE conflict (
        id INTEGER PRIMARY KEY, result_id TEXT NOT NULL, payload_sha256 TEXT NOT NULL, received_s REAL NOT NULL,
        document TEXT NOT NULL, UNIQUE (result_id, payload_sha256)) STRICT""",
    """CREATE TABLE dead_letter (
        id INTEGER PRIMARY KEY, received_s REAL NOT NULL, topic TEXT NOT NULL, size INTEGER NOT NULL,
        beginning BLOB NOT NULL, reason TEXT NOT NULL) STRICT""",
    # What a person deleted does not come back because a device sends it once more.
    "CREATE TABLE deleted (kind TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (kind, id)) STRICT",
)

_OUTCOMES = (
    """CREATE TABLE outcome (
        device_id TEXT NOT NULL, model_id TEXT NOT NULL, config_key TEXT NOT NULL, received_s REAL NOT NULL,
        document TEXT NOT NULL, PRIMARY KEY (device_id, model_id, config_key),
        FOREIGN KEY (device_id, model_id, config_key) REFERENCES cell ON DELETE CASCADE) STRICT""",
    "CREATE INDEX cell_column ON cell (model_id, config_key)",
)

_STANDINGS = (
    """CREATE TABLE standing (
        model_id TEXT NOT NULL, config_key TEXT NOT NULL, device_id TEXT NOT NULL, standing BLOB NOT NULL,
        PRIMARY KEY (model_id, config_key, device_id),
        FOREIGN KEY (device_id, model_id, config_key) REFERENCES cell ON DELETE CASCADE) STRICT, WITHOUT ROWID""",
    "CREATE INDEX job_failed ON job (model_id, config_key) WHERE state = 'failed'",
)

_GROUPS = (
    """CREATE TABLE device_group (
        name TEXT NOT NULL, device_id TEXT NOT NULL REFERENCES device ON DELETE CASCADE,
        PRIMARY KEY (name, device_id)) STRICT, WITHOUT ROWID""",
    "CREATE INDEX device_group_device ON device_group (device_id)",
)

_HISTORY = (
    """CREATE TABLE annotation (
        annotation_id INTEGER PRIMARY KEY, device_id TEXT NOT NULL, model_id TEXT NOT NULL, config_key TEXT NOT NULL,
        at_s REAL NOT NULL, text TEXT NOT NULL,
        FOREIGN KEY (device_id, model_id, config_key) REFERENCES cell ON DELETE CASCADE) STRICT""",
    "CREATE INDEX annotation_cell ON annotation (device_id, model_id, config_key, at_s)",
    """CREATE TABLE regression (
        regression_id TEXT PRIMARY KEY, device_id TEXT NOT NULL, model_id TEXT NOT NULL, config_key TEXT NOT NULL,
        suspect_id TEXT NOT NULL REFERENCES result (result_id) ON DELETE CASCADE, state TEXT NOT NULL,
        sentence TEXT NOT NULL, rerun_job_id TEXT NOT NULL, created_s REAL NOT NULL, rerun_id TEXT, ratio REAL,
        ended_s REAL, FOREIGN KEY (device_id, model_id, config_key) REFERENCES cell ON DELETE CASCADE) STRICT""",
    "CREATE INDEX regression_cell ON regression (device_id, model_id, config_key, created_s)",
    "CREATE INDEX regression_suspect ON regression (suspect_id)",
    "CREATE INDEX regression_job ON regression (rerun_job_id)",
)

_METRIC_ORDER = (
    # One tree: a second one for the result's id would cost each result as much again, and only a deletion uses it.
    """CREATE TABLE figure (
        metric TEXT NOT NULL, value REAL NOT NULL, result_id TEXT NOT NULL,
        PRIMARY KEY (metric, value, result_id)) STRICT, WITHOUT ROWID""",
    "INSERT OR IGNORE INTO figure SELECT metric, value, result_id FROM metric",
    "DROP TABLE metric",
    "ALTER TABLE figure RENAME TO metric",
)


@MIGRATIONS(name="0001_spine")
def spine(db: sqlite_utils.Database) -> None:
    """The tables of the first release."""
    for statement in SPINE:
        db.conn.execute(statement)
    db.conn.execute("INSERT INTO setting (name, value) VALUES ('hub_id', ?)", [new_id()])


@MIGRATIONS(name="0002_outcome")
def outcome(db: sqlite_utils.Database) -> None:
    """What the page shows of a cell's newest result, so that it reads neither samples nor logs of all runs."""
    for statement in _OUTCOMES:
        db.conn.execute(statement)
    cells = db.conn.execute(
        "SELECT cell.device_id, cell.model_id, cell.config_key, document, received_s"
        " FROM cell JOIN result USING (result_id)"
    )
    for *key, document, received_s in cells:
        shown = to_json(shown_of(from_json(document, Result)))
        db.conn.execute("INSERT INTO outcome VALUES (?, ?, ?, ?, ?)", [*key, received_s, shown])


@MIGRATIONS(name="0003_standing")
def standing(db: sqlite_utils.Database) -> None:
    """What ranks an outcome, by column and in few bytes: a page ranks what it shows among ten times as many cells."""
    for statement in _STANDINGS:
        db.conn.execute(statement)
    for (rowid,) in db.conn.execute("SELECT rowid FROM outcome").fetchall():
        document = db.conn.execute("SELECT document FROM outcome WHERE rowid = ?", [rowid]).fetchone()[0]
        result = from_json(document, Result)
        key = (result.model_id, result.config_key, result.device_id)
        db.conn.execute("INSERT INTO standing VALUES (?, ?, ?, ?)", [*key, encoded(result)])


@MIGRATIONS(name="0004_groups")
def groups(db: sqlite_utils.Database) -> None:
    """Groups of devices. One that has lost its last device is gone."""
    for statement in _GROUPS:
        db.conn.execute(statement)


@MIGRATIONS(name="0005_history")
def history(db: sqlite_utils.Database) -> None:
    """Notes about cells, and regressions with what their re-run said."""
    for statement in _HISTORY:
        db.conn.execute(statement)


@MIGRATIONS(name="0006_metric_order")
def metric_order(db: sqlite_utils.Database) -> None:
    """Results in the order of any metric, without looking at all of them; the rest of a figure is in its document."""
    for statement in _METRIC_ORDER:
        db.conn.execute(statement)


@MIGRATIONS(name="0007_scenario")
def scenario(db: sqlite_utils.Database) -> None:
    """Cost scenarios, by the name that a person gave."""
    db.conn.execute("CREATE TABLE scenario (name TEXT PRIMARY KEY, query TEXT NOT NULL) STRICT")


@MIGRATIONS(name="0008_catalogue")
def catalogue(db: sqlite_utils.Database) -> None:
    """Every price catalogue that the hub has run with, and with a kept scenario the prices and figures that it had."""
    db.conn.execute(
        """CREATE TABLE catalogue (
            sha256 TEXT PRIMARY KEY, as_of TEXT NOT NULL, first_used_s REAL NOT NULL, content BLOB NOT NULL) STRICT"""
    )
    db.conn.execute("ALTER TABLE scenario ADD COLUMN then_had TEXT")


@MIGRATIONS(name="0009_document_sha256")
def document_sha256(db: sqlite_utils.Database) -> None:
    """By which a stored result can be checked. Older rows have none: a hash made now would vouch for what rotted."""
    db.conn.execute("ALTER TABLE result ADD COLUMN document_sha256 TEXT")


@MIGRATIONS(name="0010_shown_sha256")
def shown_sha256(db: sqlite_utils.Database) -> None:
    """By which the copies that a page shows and ranks can be checked. A cell gets it with its next result."""
    db.conn.execute("ALTER TABLE outcome ADD COLUMN document_sha256 TEXT")
    db.conn.execute("ALTER TABLE standing ADD COLUMN standing_sha256 TEXT")


@MIGRATIONS(name="0011_place")
def place(db: sqlite_utils.Database) -> None:
    """Where a device's last session ran, until it says goodbye: a hub that starts holds the device's id for it."""
    db.conn.execute("ALTER TABLE device ADD COLUMN place TEXT NOT NULL DEFAULT ''")


@MIGRATIONS(name="0012_evaluations")
def evaluation_tables(db: sqlite_utils.Database) -> None:
    """Evaluation sets with their files, and the evaluations by what is looked for."""
    for statement in evaluations.TABLES:
        db.conn.execute(statement)


@MIGRATIONS(name="0013_gates")
def gate_tables(db: sqlite_utils.Database) -> None:
    """Gates of families, and what was found of them and of drift, so that a page decodes no outcomes."""
    for statement in (*evaluations.TABLES_OF_RUN, *gates.TABLES):
        db.conn.execute(statement)
    evaluations.add_runs(db.conn)


@MIGRATIONS(name="0014_capability")
def capability_table(db: sqlite_utils.Database) -> None:
    """What each family's models can do, computed from their outcomes. Families are judged again for it."""
    db.conn.execute(gates.TABLE_OF_CAPABILITY)
    db.conn.execute("DELETE FROM judged_family")


@MIGRATIONS(name="0015_counts")
def evaluation_counts(db: sqlite_utils.Database) -> None:
    """Items without an answer, which are paid for, and independent groups of items, on which a claim rests."""
    evaluations.add_counts(db.conn)


@MIGRATIONS(name="0016_jobs")
def jobs_table(db: sqlite_utils.Database) -> None:
    """Jobs by state and by cell, how long each took; cells that only ever had cancelled jobs go."""
    for statement in jobs.CHANGES:
        db.conn.execute(statement)


@MIGRATIONS(name="0017_labels")
def label_tables(db: sqlite_utils.Database) -> None:
    """Tags of devices, and which labels people changed. A model's tags are in its document."""
    for statement in labels.TABLES:
        db.conn.execute(statement)


@MIGRATIONS(name="0018_predictions")
def prediction_table(db: sqlite_utils.Database) -> None:
    """What was predicted of a pair before it was run, so that its measurement can score it."""
    db.conn.execute(predictions.TABLE)


@MIGRATIONS(name="0020_people")
def people_tables(db: sqlite_utils.Database) -> None:
    """Accounts, sessions of pages, API tokens, and the audit log."""
    for statement in (*people.TABLES, *audit.TABLES):
        db.conn.execute(statement)


@MIGRATIONS(name="0021_rollouts")
def rollout_tables(db: sqlite_utils.Database) -> None:
    """Rollouts in groups, and models that some kind of device does not get any more."""
    for statement in (*rollouts.TABLES, *quarantines.TABLES):
        db.conn.execute(statement)


@MIGRATIONS(name="0022_signed_jobs")
def signed_job_table(db: sqlite_utils.Database) -> None:
    """The version under which each attempt of a job was signed."""
    db.conn.execute(signatures.TABLE)


@MIGRATIONS(name="0023_fleet")
def fleet_tables(db: sqlite_utils.Database) -> None:
    """How each device fares, which are retired or replaced, and which notices of them have been told."""
    for statement in fleet.TABLES:
        db.conn.execute(statement)


@MIGRATIONS(name="0025_upgrades")
def upgrade_table(db: sqlite_utils.Database) -> None:
    """The newest order to upgrade each device's agent."""
    db.conn.execute(upgrades.TABLE)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the database up to this release. Refuses one that a newer release has changed."""
    db = sqlite_utils.Database(connection)
    pending = {migration.name for migration in MIGRATIONS.pending(db)}
    applied = {migration.name for migration in MIGRATIONS.applied(db)}
    if newer := sorted(applied - _known_names()):
        raise EdgeprofError(
            "newer_database",
            f"A newer edgeprof changed this data folder (it has {newer[-1]!r}). "
            "Install that release, or choose another folder with --data.",
        )
    if pending:
        MIGRATIONS.apply(db)


def is_current(connection: sqlite3.Connection) -> bool:
    """Whether every migration of this release has been applied. Only reads."""
    applied = {str(row[0]) for row in connection.execute("SELECT name FROM _sqlite_migrations")}
    return _known_names() <= applied


def _known_names() -> set[str]:
    with closing(sqlite3.connect(":memory:")) as empty:
        return {migration.name for migration in MIGRATIONS.pending(sqlite_utils.Database(empty))}
