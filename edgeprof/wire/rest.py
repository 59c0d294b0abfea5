"""Documents of the REST API under `/api/v1`, as frozen dataclasses; what the hub answers and the client reads."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from edgeprof.wire.costs import BreakEvenKind as BreakEvenKind
from edgeprof.wire.costs import CatalogueFiles as CatalogueFiles
from edgeprof.wire.costs import CatalogueRecord as CatalogueRecord
from edgeprof.wire.costs import CostView as CostView
from edgeprof.wire.error_document import ErrorBody as ErrorBody
from edgeprof.wire.error_document import ErrorDocument as ErrorDocument
from edgeprof.wire.evidence import NoiseFloor, Trust
from edgeprof.wire.joining import Enrolled as Enrolled
from edgeprof.wire.joining import JoinSecret as JoinSecret
from edgeprof.wire.joining import MqttDoor as MqttDoor
from edgeprof.wire.joining import Renewed as Renewed
from edgeprof.wire.joining import RevokedDevice as RevokedDevice
from edgeprof.wire.labels import FamilyAct as FamilyAct
from edgeprof.wire.labels import FamilyChange as FamilyChange
from edgeprof.wire.labels import FamilyEffects as FamilyEffects
from edgeprof.wire.labels import FamilyRecord as FamilyRecord
from edgeprof.wire.labels import LabelChange as LabelChange
from edgeprof.wire.messages import Facts, Manifest, MetricRow, ModelFormat, Result, ResultStatus
from edgeprof.wire.quality import CellQuality as CellQuality
from edgeprof.wire.quality import CorrectCost as CorrectCost
from edgeprof.wire.quality import DriftRecord as DriftRecord
from edgeprof.wire.quality import FamilyGates as FamilyGates
from edgeprof.wire.quality import GateVerdictRecord as GateVerdictRecord
from edgeprof.wire.quality import LeadSet as LeadSet
from edgeprof.wire.quality import NewGates as NewGates
from edgeprof.wire.quality import NewLead as NewLead
from edgeprof.wire.quality import QualityRow as QualityRow
from edgeprof.wire.quality import VerdictState as VerdictState
from edgeprof.wire.remote import names_loopback
from edgeprof.wire.run_config import RunConfig, RunOptions, RuntimeName
from edgeprof.wire.run_field import FormInput, Option, RunField, short_flag
from edgeprof.wire.run_protocol import RunProtocol
from edgeprof.wire.tasks import Task
from edgeprof.wire.words import FIRST_WORDS

JobState = Literal["queued", "sent", "accepted", "running", "measured", "failed", "cancelled"]
CellState = Literal["measured", "failed", "running", "queued", "stale", "not_run"]
TERMINAL_STATES: tuple[JobState, ...] = ("measured", "failed", "cancelled")
OPEN_STATES: tuple[JobState, ...] = ("running", "accepted", "sent", "queued")
JobWord = Literal["open", "queued", "running", "measured", "failed", "cancelled"]
JOB_WORDS: dict[JobWord, tuple[JobState, ...]] = {
    "open": OPEN_STATES,
    "running": ("running",),
    "queued": ("queued", "sent", "accepted"),
    "failed": ("failed",),
    "measured": ("measured",),
    "cancelled": ("cancelled",),
}
"""What a person filters jobs by. A device that has a job and runs another one still has it in its queue."""


@dataclass(frozen=True, kw_only=True)
class ModelRecord:
    """A model as the hub keeps it. `family` groups variants of one network; `accuracy` is on `accuracy_on`."""

    model_id: str
    name: str
    family: str
    variant: str
    quantization: str
    format: ModelFormat
    manifest: Manifest
    size_bytes: int
    task: Task = "other"
    licence: str = "unknown"
    source: str = "uploaded"
    accuracy: float | None = None
    accuracy_on: str | None = None
    input_shapes: dict[str, tuple[int, ...]] = field(default_factory=lambda: {})
    created_s: float = 0.0
    parameters: int | None = None
    """Values in the model's weights, as the file's tables count them. None: they do not."""
    context_tokens: int | None = None
    """Tokens of context that a language model was trained for, where its file says so."""
    proposed: tuple[str, ...] = ()
    """Names of the fields that were read or guessed from the file, and that nobody has confirmed."""
    tags: tuple[str, ...] = ()
    """Words of a person's own, sorted, to find and group models by."""
    label: str = ""
    """The name, made unique by the start of the id where several models of the hub share it. Older hubs: empty."""

    @property
    def shown_name(self) -> str:
        """What a person reads: the label, or of a record without one the name."""
        return self.label or self.name


@dataclass(frozen=True, kw_only=True)
class UploadState:
    """A file on its way to the hub. Send from `offset` on; with a hash of each part, `part_bytes` at a time."""

    upload_id: str
    offset: int
    size: int
    part_bytes: int
    is_stored: bool = False
    """The whole file is stored under its hash: nothing is left to send."""


@dataclass(frozen=True, kw_only=True)
class ModelPatch:
    """Changes to a model; None leaves a field as it is. A field that is changed is no longer proposed."""

    name: str | None = None
    family: str | None = None
    quantization: str | None = None
    task: str | None = None
    parameters: int | None = None
    variant: str | None = None
    tags: tuple[str, ...] | None = None
    """All tags that it shall have; empty: none."""


@dataclass(frozen=True, kw_only=True)
class DevicePresence:
    """A device as far as its own installer may know it. `last_seen_s` is by the hub's clock."""

    device_id: str
    label: str
    online: bool
    agent_version: str
    last_seen_s: float


@dataclass(frozen=True, kw_only=True)
class DeviceRecord:
    """A device as the hub keeps it. `name` is a label; `label` is the name made unique by an id suffix."""

    device_id: str
    name: str
    label: str
    online: bool
    last_seen_s: float
    agent_version: str
    hostname: str
    profile_id: str | None
    profile_title: str | None
    profile_reason: str
    emulated: bool
    """Its times and energy are not its own: another machine plays it, or a recorded one is replayed."""
    price_usd: float | None
    price_source: str | None
    facts: Facts | None
    recorded: bool = False
    """Its results are shown from a recording; nothing was measured on this hub."""
    tags: tuple[str, ...] = ()
    """Words of a person's own, sorted, to find and group devices by."""
    retired_s: float | None = None
    """When a person retired it: hidden from pages and new jobs, with its history. None: in use."""
    replaced_by: str = ""
    """The id of the board that took its place. Empty: none did."""

    @property
    def is_endpoint(self) -> bool:
        """Whether it is a hosted model's endpoint, which its agent only asks."""
        return self.facts is not None and self.facts.endpoint is not None

    def measures(self, model_format: ModelFormat) -> bool:
        """Whether such models may be sent here: served ones to endpoints alone, and nothing else to those.

        A device that has not told its facts may be either. An agent from before a format cannot read a job for it:
        of formats that came later, its facts must name them.
        """
        if self.facts is None:
            return True
        known = {each for runtime in self.facts.runtimes for each in runtime.formats}
        is_too_new = model_format not in FIRST_WORDS["formats"] and bool(known) and model_format not in known
        return (model_format == "served") == self.is_endpoint and not is_too_new

    @property
    def tag(self) -> str:
        """What a reader must know of the device at once: that it is recorded, `played`, an endpoint. Else nothing."""
        kind = self.played
        if self.facts is not None and self.facts.endpoint is not None:
            kind = "endpoint on its client" if names_loopback(self.facts.endpoint) else "cloud"
        return ", ".join(filter(None, (kind, "recorded" if self.recorded else "")))

    @property
    def played(self) -> str:
        """`replayed`, `emulated`, or nothing: a device that is what it says."""
        if self.facts is not None and self.facts.replays is not None:
            return "replayed"
        return "emulated" if self.emulated else ""


@dataclass(frozen=True, kw_only=True)
class JobRecord:
    """One job and where it stands."""

    job_id: str
    campaign_id: str
    attempt: int
    device_id: str
    model_id: str
    config: RunConfig
    config_key: str
    protocol: RunProtocol
    state: JobState
    stage: str
    fraction: float | None
    note: str
    result_id: str | None
    created_s: float
    updated_s: float

    @property
    def state_word(self) -> str:
        """The state for a person: of a job that only flashes, `flashed` where others are measured."""
        return "flashed" if self.state == "measured" and self.config.load_only else self.state


CellKey = tuple[str, str, str]
"""Device, model, configuration."""


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """What a person noted about a cell: a new power supply, another kernel. `at_s`: when it was so, Unix time."""

    annotation_id: int
    device_id: str
    model_id: str
    config_key: str
    at_s: float
    text: str

    @property
    def cell(self) -> CellKey:
        """What it is about."""
        return (self.device_id, self.model_id, self.config_key)


RegressionState = Literal["suspected", "confirmed", "not_confirmed", "unclear"]


@dataclass(frozen=True, kw_only=True)
class Regression:
    """A result that was slower than the ones before it, and what running it again said.

    `ratio`: time of the re-run over that of the results before, above 1; None until it is confirmed.
    """

    regression_id: str
    device_id: str
    model_id: str
    config_key: str
    suspect_id: str
    state: RegressionState
    sentence: str
    rerun_job_id: str
    created_s: float
    rerun_id: str | None = None
    ratio: float | None = None
    ended_s: float | None = None

    @property
    def cell(self) -> CellKey:
        """Where it is."""
        return (self.device_id, self.model_id, self.config_key)


@dataclass(frozen=True, kw_only=True)
class DeviceGroup:
    """Devices that a person flashes together, under a name of their own."""

    name: str
    device_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CampaignRequest(RunOptions):
    """Measure these models on these devices. `runtime` empty: each device's first one for the model's format.

    `repeats`: results for each cell. More than one are queued in randomized complete blocks on each device, so that a
    drift of the device spreads over all cells. What does not apply to a model's format is left out of its jobs.
    """

    runtime: RuntimeName = ""
    model_ids: tuple[str, ...]
    device_ids: tuple[str, ...]
    protocol: RunProtocol = field(default_factory=RunProtocol)
    repeats: Annotated[
        int,
        RunField(
            title="Repeats",
            help="Results for each cell, in a new random order for each round over a device's cells.",
            code="bad_repeats",
            low=1,
            high=1000,
            option=Option(flags="--repeats", more_flags=short_flag("-r")),
            form=FormInput(label="Repeats", note="Results for each cell, spread over time."),
            not_offered={"profile": "Repeats of a series are its own: an option of `profile` itself."},
        ),
    ] = 1
    groups: tuple[str, ...] = ()
    """Names of groups whose devices are added to `device_ids`."""
    evaluation_sets: tuple[str, ...] = ()
    """Ids of evaluation sets on the hub. Each cell gets one more job for each set of its model's kind."""
    shots: int = 0
    """Solved examples before each item of these sets."""
    evaluate_only: bool = False
    """Measure no speed: jobs for these sets alone."""
    flash_only: Annotated[
        bool,
        RunField(
            title="Flash only",
            help="Measure nothing: each device stores the model, checks it, loads it once and switches to it.",
            form=FormInput(label="Flash only", note="Load the model once on each device; measure nothing."),
            not_offered={
                "profile": "A profile on this machine flashes nothing.",
                "flash": "The option `--no-run` of `edgeprof flash` sets it.",
            },
        ),
    ] = False


@dataclass(frozen=True, kw_only=True)
class NewEvaluationSet:
    """An evaluation set whose files are stored. The hub computes the id; one that is given must be the same."""

    name: str
    manifest: Manifest
    set_id: str = ""


@dataclass(frozen=True, kw_only=True)
class EvaluationSetRecord:
    """An evaluation set as the hub keeps it. The same items and files under several names are one set."""

    set_id: str
    names: tuple[str, ...]
    task: str
    domain: str
    language: str
    items: int
    size_bytes: int
    """Of all its files."""
    licence: str
    source: str
    manifest: Manifest
    facts: dict[str, Any]
    """The set's `set.json`."""
    created_s: float

    @property
    def name(self) -> str:
        """The first name that it was given."""
        return self.names[0]


@dataclass(frozen=True, kw_only=True)
class EvaluationRecord:
    """One evaluation in a line: what was asked of which model where, and its lead figure in that metric's unit."""

    result_id: str
    device_id: str
    model_id: str
    base_key: str
    """The configuration's key without set and shots: the cell that has the speed of the same set-up."""
    set_id: str
    shots: int
    set_name: str
    task: str
    status: ResultStatus
    ended: str
    """Why no more items were taken; empty where the run failed."""
    asked: int
    answered: int
    metric: str | None
    value: float | None
    ci_low: float | None
    ci_high: float | None
    received_s: float
    runtime: str = ""
    """What ran, with its version."""
    architecture: str = ""
    unreal: str = ""
    """`emulated`, `replayed` or `predicted`; empty: found on the device itself."""
    problems: int = 0
    """Items that were asked and have no answer. They took their time, and are no part of `value`."""
    groups: int = 0
    """Independent items among the answered ones, as `Evaluation.groups`; 0: not reported."""


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """One group of jobs."""

    campaign_id: str
    created_s: float
    jobs: tuple[JobRecord, ...]


@dataclass(frozen=True, kw_only=True)
class JobFilter:
    """Which jobs. Empty: all."""

    states: tuple[JobState, ...] = ()
    device_id: str = ""
    campaign_id: str = ""
    job_id: str = ""


@dataclass(frozen=True, kw_only=True)
class JobEntry:
    """A job in the queue, with the names that a person knows and what is left of it.

    Example: `JobEntry(job=..., device_label="kitchen-pi", model_name="magika", ahead=2, left_s=41.0)`.
    """

    job: JobRecord
    device_label: str
    model_name: str
    set_name: str = ""
    """Of the evaluation set that it answers, if it answers one."""
    device_online: bool = False
    ahead: int | None = None
    """Jobs of the same device that end before it; None: it has ended."""
    left_s: float | None = None
    """Seconds until it ends, estimated from similar jobs. None: it has ended, or `left_absent` says why."""
    left_absent: str = ""
    overdue: bool = False
    """It runs for longer than similar jobs took."""
    ran_s: float | None = None
    """Seconds that its run took; None: not measured."""
    can_retry: bool = False
    """It has ended, and its device and model are still there."""


@dataclass(frozen=True, kw_only=True)
class JobQueue:
    """A page of jobs: running first, then the queue in its order, then what ended last."""

    generated_s: float
    entries: tuple[JobEntry, ...]
    total: int
    """How many jobs match."""
    counts: dict[str, int]
    """Jobs by state, of this device and campaign, in any state."""
    left_s: float | None = None
    """Seconds until every open job of this device and campaign has ended whose time left is known; None: of none."""
    unknown: int = 0
    """Open jobs of these whose time left is not known."""


@dataclass(frozen=True, kw_only=True)
class CampaignSummary:
    """A campaign in a line: what it is about, and how many of its jobs are where.

    Example: `CampaignSummary(campaign_id="...", created_s=1.8e9, title="magika on kitchen-pi", counts={"running": 1})`.
    """

    campaign_id: str
    created_s: float
    title: str
    """`magika on kitchen-pi`, `4 models on 2 devices`."""
    counts: dict[str, int]
    """Jobs by state."""
    flashed: int = 0
    """Of the measured ones, those that only flashed the model."""


@dataclass(frozen=True, kw_only=True)
class JobsChanged:
    """How many jobs a cancel or a retry changed."""

    changed: int


@dataclass(frozen=True, kw_only=True)
class StoredResult:
    """A result and when the hub received it (by the hub's clock; a device's may be wrong)."""

    result: Result
    received_s: float


@dataclass(frozen=True, kw_only=True)
class RunLine:
    """A result in a line: what ran where, and its first figure.

    Example: `RunLine(result_id="...", model_name="magika", device_label="kitchen-pi", lead=MetricRow(...), ...)`.
    """

    result_id: str
    received_s: float
    device_id: str
    device_label: str
    device_tag: str
    """`emulated`, `replayed`, `recorded`, `cloud` ...; empty: the device is what it says."""
    model_id: str
    model_name: str
    family: str
    quantization: str
    runtime: str
    """What ran, with its version; of a run that never began, what was requested."""
    threads: int
    set_name: str
    """Of the evaluation set that it answered; empty: it measured speed."""
    status: ResultStatus
    failure_code: str | None
    failure_message: str
    lead: MetricRow | None
    """The figure that a cell shows large; None: it failed, or did not measure it."""
    metrics: tuple[MetricRow, ...] = ()
    """The other figures of a headline: tails or prefill, memory, energy. One result alone has them all."""
    absent: dict[str, str] = field(default_factory=lambda: {})
    """Of the same figures those that are missing, each with its reason."""
    trust: Trust | None = None


@dataclass(frozen=True, kw_only=True)
class Column:
    """One model in one requested configuration: a column of the matrix."""

    model_id: str
    config_key: str
    model_name: str
    family: str
    variant: str
    quantization: str
    format: ModelFormat
    task: Task
    runtime: str
    threads: int
    size_mib: float
    options: tuple[str, ...] = ()
    """What else was asked for otherwise than usual, as a reader sees it: `depth 1,024 tokens`, `provider cuda` ..."""
    work: str = ""
    """What was computed, beside the model: a key, not for reading. Figures of different work are never compared."""


@dataclass(frozen=True, kw_only=True)
class RankMark:
    """Where a figure stands among comparable ones: variants of one family on one device, or devices in one column."""

    metric: str
    among: Literal["family", "column"]
    verdict: Literal["best", "not_shown_to_differ"]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """(device, model, configuration) and its newest outcome. A figure that is missing has its reason in `absent`."""

    device_id: str
    model_id: str
    config_key: str
    state: CellState
    result_id: str | None
    metrics: dict[str, MetricRow]
    absent: dict[str, str]
    failure_code: str | None
    failure_message: str | None
    stage: str | None
    fraction: float | None
    ranked: bool
    unranked_reason: str | None
    effective_runtime: str | None
    received_s: float | None
    cost: CostView | None
    cost_absent: str | None
    marks: tuple[RankMark, ...] = ()
    notes: tuple[str, ...] = ()
    """What a reader must know before using the figures: integers that were asked for and did not run, and the like."""
    trust: Trust | None = None
    """The badge of the result that is shown; None: it has none (it failed, or is from before there were badges)."""
    noise_floor: NoiseFloor | None = None
    """What the device was calibrated to when the result was made. Marks rest on it where it is of this very cell."""
    noise_floors: tuple[NoiseFloor, ...] = ()
    """The same in the other series of times."""
    quality: CellQuality | None = None
    """How well this set-up answers, and whether it holds its family's gates; None: neither is known."""
    job_id: str | None = None
    """The cell's job at work, or its newest one: what `stage` and `fraction` are of while it is queued or running."""
    campaign_id: str | None = None
    """The campaign of that job."""


@dataclass(frozen=True, kw_only=True)
class CompareTable:
    """The devices × models matrix with all that is needed to print or draw it."""

    hub_id: str
    generated_s: float
    devices: tuple[DeviceRecord, ...]
    columns: tuple[Column, ...]
    cells: tuple[Cell, ...]
    cost_note: str
    synthetic: bool = False
    """Nothing of it was measured: `edgeprof hub seed` made it up, to try a hub with a large fleet."""
    recorded: str = ""
    """When and on what it was measured, where the hub only shows a recording: nothing was measured here."""
    of_devices: int | None = None
    """How many devices match what was asked for: more than are here where one page of them was."""
    of_columns: int | None = None
