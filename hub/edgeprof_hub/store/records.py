"""What the store hands out besides the wire's own records: rows of its tables, and what became of a result."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from edgeprof.wire import messages as m
from edgeprof.wire import rest

StoreOutcome = Literal["stored", "duplicate", "conflict"]


@dataclass(frozen=True, kw_only=True)
class CellRow:
    """A row of the `cell` table: the newest outcome of (device, model, configuration), kept by the writer."""

    device_id: str
    model_id: str
    config_key: str
    config: m.RunConfig
    stored: rest.StoredResult | None
    """The newest result, without what no table shows (samples, how it was measured)."""
    job_id: str | None
    job_state: rest.JobState | None
    stage: str | None
    fraction: float | None
    shown_job_id: str | None = None
    """The job whose state this is: of several jobs of a cell, the one at work; else the newest."""
    campaign_id: str | None = None
    """Of that job."""


@dataclass(frozen=True, kw_only=True)
class JobRow:
    """A job, when the run of its present attempt began (the hub's clock), and how many seconds a measured one took."""

    job: rest.JobRecord
    began_s: float | None
    ran_s: float | None


@dataclass
class CampaignRow:
    """A campaign with its jobs by state, and what they are about."""

    campaign_id: str
    created_s: float
    counts: Counter[rest.JobState]
    flashed: int
    """Of the measured ones."""
    model_ids: set[str]
    device_ids: set[str]


@dataclass(frozen=True, kw_only=True)
class ColumnRow:
    """A model in a requested configuration that some device has a cell of."""

    model_id: str
    config_key: str
    config: m.RunConfig


class UnknownDevice(LookupError):
    """A result came before the birth of its device; the agent sends it again."""


class Deleted(LookupError):
    """What a person deleted must not come back; the message says what that was."""
