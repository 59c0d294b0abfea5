"""The store's one protocol. SQL lives behind it, one module per engine; nobody else sees a row."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from edgeprof.wire import messages as m
from edgeprof.wire import rest
from edgeprof.wire.fleet import UpgradeState
from edgeprof_hub.store.arriving import NewResult, Verdict
from edgeprof_hub.store.records import CellRow, ColumnRow, StoreOutcome
from edgeprof_hub.store.standing import StandingRow
from edgeprof_hub.store.trouble import Rotten


class ReadStore(Protocol):
    """Questions. Safe from any thread; each call sees one consistent state of the database."""

    def version(self) -> int:
        """Another number after each change."""
        ...

    def hub_id(self) -> str: ...
    def devices(self, *, retired: bool = False) -> Sequence[rest.DeviceRecord]:
        """Those in use; with `retired`, the others too."""
        ...

    def device(self, device_id: str) -> rest.DeviceRecord | None: ...
    def groups(self) -> Sequence[rest.DeviceGroup]: ...
    def models(self) -> Sequence[rest.ModelRecord]: ...
    def model(self, model_id: str) -> rest.ModelRecord | None: ...
    def fleet_scenario(self) -> str | None:
        """What was stored of the scenario of all cells' costs; None where nobody set one."""
        ...

    def is_synthetic(self) -> bool:
        """Whether everything here was made up by `edgeprof hub seed`."""
        ...

    def recorded(self) -> str:
        """When and on what everything here was measured, where this is a recording; else empty."""
        ...

    def columns(self) -> Sequence[ColumnRow]: ...
    def cells(
        self, *, device_ids: Sequence[str] | None = None, columns: Sequence[tuple[str, str]] | None = None
    ) -> Sequence[CellRow]:
        """The cells of these devices in these columns (model, configuration); None: of all."""
        ...

    def standings(self, columns: Sequence[tuple[str, str]]) -> Sequence[StandingRow]:
        """Of the cells of these columns on every device, what they are ranked by; without those that have no result."""
        ...

    def results(
        self,
        *,
        device_id: str | None = None,
        model_id: str | None = None,
        config_key: str | None = None,
        limit: int = 100,
    ) -> Sequence[rest.StoredResult]:
        """Newest received first."""
        ...

    def results_by(self, metric: str, *, descending: bool, limit: int) -> Sequence[rest.StoredResult]:
        """In the order of a metric; results without it are left out."""
        ...

    def lacking(self, result_ids: Iterable[str]) -> set[str]:
        """Those that are not stored here, and that nobody has deleted."""
        ...

    def results_after(self, seq: int, limit: int) -> Sequence[tuple[int, rest.StoredResult | Rotten]]:
        """Results in the order of their arrival after this number of the hub's, each with its own.

        Rotten in the place of one that is not what was stored: the others can be read all the same.
        """
        ...

    def last_seq(self) -> int:
        """The number of the newest result; 0 where there is none."""
        ...

    def result(self, result_id: str) -> rest.StoredResult | None: ...
    def campaign(self, campaign_id: str) -> rest.Campaign | None: ...
    def job(self, job_id: str) -> rest.JobRecord | None: ...
    def open_jobs(self, device_id: str | None = None, *, model_id: str | None = None) -> Sequence[rest.JobRecord]:
        """Jobs that have not ended, oldest first."""
        ...

    def unanswered_jobs(self, sent_before_s: float) -> Sequence[rest.JobRecord]:
        """Jobs of online devices that were never sent, or sent before then and not answered."""
        ...

    def cancels_to_repeat(self, device_id: str, since_s: float) -> Sequence[rest.JobRecord]:
        """Jobs that were sent, then cancelled since then, and of which nothing was heard."""
        ...

    def evaluation_sets(self) -> Sequence[rest.EvaluationSetRecord]: ...
    def evaluation_set(self, set_id: str) -> rest.EvaluationSetRecord | None: ...
    def abilities(self, device_id: str) -> tuple[str, ...] | None:
        """What the device's agent can do beyond measuring; None where its present session has not sent its facts."""
        ...

    def last_sessions(self) -> Sequence[tuple[str, str, str, str]]:
        """Device id, session id, host name and place of each device's last session that has not said goodbye."""
        ...

    def artifacts(
        self, *, device_id: str | None = None, model_id: str | None = None, result_id: str | None = None
    ) -> set[str]:
        """Hashes of the artifacts of these results."""
        ...

    def unused_artifacts(self, hashes: Iterable[str]) -> set[str]:
        """Those of the hashes that no result names."""
        ...

    def unused_blobs(self, hashes: Iterable[str]) -> set[str]:
        """Those of the hashes that no model and no evaluation set names."""
        ...


class WriteStore(Protocol):
    """Changes. Called on the one writer thread only; each call is one committed transaction."""

    def transaction(self) -> AbstractContextManager[None]:
        """A block whose changes are committed as one."""
        ...

    def save_state(self, state: m.State, received_s: float) -> bool:
        """False where nothing changed: the death of a session that another one has replaced, or of a deleted device."""
        ...

    def save_upgrade(self, upgrade_id: str, state: UpgradeState, note: str = "") -> None:
        """What is open becomes this; `sent` leaves one alone that the device has accepted."""
        ...

    def mark_synthetic(self) -> None:
        """Say for good that everything in this database was made up."""
        ...

    def mark_recorded(self, about: str) -> None:
        """Say for good that everything in this database is a recording."""
        ...

    def mark_all_offline(self) -> None: ...
    def mark_offline(self, device_id: str, session_id: str) -> bool:
        """False where another session of the device is online, or none."""
        ...

    def is_online(self, device_id: str, session_id: str) -> bool:
        """Whether exactly this session is online, as this thread sees it."""
        ...

    def mark_seen(self, device_ids: Iterable[str], received_s: float) -> None: ...
    def save_facts(
        self, facts: m.Facts, profile_id: str | None, profile_reason: str, profile_title: str | None = None
    ) -> None: ...
    def save_model(self, record: rest.ModelRecord) -> None:
        """Add or replace. The name of a known model stays: it is changed by `rename_model` only."""
        ...

    def create_campaign(self, jobs: Sequence[rest.JobRecord]) -> None: ...
    def save_job_state(
        self, job_id: str, attempt: int, state: rest.JobState, stage: str, fraction: float | None, note: str
    ) -> bool:
        """False where the job is unknown, terminal already, or of another attempt: nothing is changed then."""
        ...

    def mark_sent(self, job_id: str, attempt: int, sent_s: float) -> None: ...
    def sign_version(self, job_id: str, attempt: int) -> tuple[int, int]:
        """The version under which this attempt is signed, the same at each call, and the lowest that is still open."""
        ...

    def restart_job(self, job_id: str, attempt: int) -> bool:
        """Queue an ended job again under the next attempt. False where it is unknown or of another attempt."""
        ...

    def job_device(self, job_id: str) -> str | None:
        """The device of a job, as this thread sees it."""
        ...

    def save_result(self, result: m.Result, payload_sha256: str, received_s: float) -> StoreOutcome:
        """Raises UnknownDevice for a device of which no birth was stored yet, Deleted for what a person deleted."""
        ...

    def save_results(self, arrived: Sequence[NewResult]) -> list[Verdict]:
        """What became of each. Inside a `transaction()` of the caller, who takes it back after an exception."""
        ...

    def save_dead_letter(self, topic: str, payload: bytes, reason: str, received_s: float) -> None: ...
    def rename_device(self, device_id: str, name: str) -> bool: ...
    def set_device_price(self, device_id: str, price_usd: float | None, source: str | None) -> bool: ...
    def delete_device(self, device_id: str) -> bool: ...
    def set_group(self, name: str, device_ids: Sequence[str]) -> None:
        """Make or replace the group; without devices it is gone."""
        ...

    def rename_model(self, model_id: str, name: str) -> bool: ...
    def delete_model(self, model_id: str) -> bool: ...
    def delete_result(self, result_id: str) -> bool: ...
