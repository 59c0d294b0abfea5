"""What crosses the wire, as frozen dataclasses. The topic names the type; `codec.py` turns them into bytes.

Every number carries its unit in its name. `None` means "not known", and a reason stands beside it.
"""

from dataclasses import dataclass, field
from typing import Literal

from edgeprof.wire import WIRE_VERSION
from edgeprof.wire.android import AndroidFact
from edgeprof.wire.device_state import DeviceState as DeviceState
from edgeprof.wire.device_state import Isolation as Isolation
from edgeprof.wire.device_state import Stamp as Stamp
from edgeprof.wire.energy import EnergyRun
from edgeprof.wire.evaluation import Evaluation
from edgeprof.wire.evaluation import EvaluationSetRef as EvaluationSetRef
from edgeprof.wire.evidence import (
    ColdStart,
    Conditions,
    Footprint,
    MemoryProfile,
    NoiseFloor,
    OpenLoop,
    Soak,
    SweepPoint,
    Timing,
    Trust,
)
from edgeprof.wire.failures import FailureCode, Stage
from edgeprof.wire.figures import AbsentMetric as AbsentMetric
from edgeprof.wire.figures import MetricRow as MetricRow
from edgeprof.wire.files import FileRef as FileRef
from edgeprof.wire.files import Manifest as Manifest
from edgeprof.wire.formats import ModelFormat as ModelFormat
from edgeprof.wire.remote import Remote
from edgeprof.wire.run_request import RunConfig as RunConfig
from edgeprof.wire.run_request import RunProtocol as RunProtocol
from edgeprof.wire.vitals import Vitals as Vitals

AckStatus = Literal["accepted", "duplicate", "refused"]
ReceiptStatus = Literal["stored", "duplicate", "conflict", "rejected"]
ResultStatus = Literal["measured", "failed"]


@dataclass(frozen=True, kw_only=True)
class ModelRef:
    """A model as a job names it."""

    model_id: str
    name: str
    format: ModelFormat
    manifest: Manifest
    family: str = ""
    """Of which the device keeps the previous version. Empty: the hub is older, or there is none."""


@dataclass(frozen=True, kw_only=True)
class State:
    """Birth and death of an agent. Retained; the offline one is also the last will."""

    device_id: str
    session_id: str
    name: str
    online: bool
    agent_version: str
    hostname: str
    place: str = ""
    """The same as in its `Hello`. Empty: an agent from before places, which cannot answer the hub's `announce`."""
    is_answer: bool = False
    """The hub asked whether this agent is there: the session is the same, and nothing has to be sent again."""
    vitals: Vitals | None = None
    """How its machine is now. None: an older agent, or one that says goodbye."""
    wire: int = WIRE_VERSION


@dataclass(frozen=True, kw_only=True)
class RuntimeFact:
    """One runtime on a device: its version, or why it is not there."""

    variant: str
    formats: tuple[ModelFormat, ...]
    version: str | None
    reason: str | None = None
    named_python: bool = False
    """Whether an interpreter is configured for it. It then comes first for its formats, or is an error."""


@dataclass(frozen=True, kw_only=True)
class SensorFact:
    """One power source on a device: what it covers, or why it cannot be read."""

    name: str
    scope: str
    available: bool
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a device is: enough for the hub to find its profile. Texts are as the machine gives them."""

    device_id: str
    session_id: str
    machine: str
    dt_model: str | None
    dt_compatible: tuple[str, ...]
    dmi_product: str | None
    dmi_board: str | None
    cpu_model: str | None
    cpu_flags: tuple[str, ...]
    cores: int
    memory_mib: float
    memory_limit_mib: float | None
    kernel: str
    os: str
    python: str
    runtimes: tuple[RuntimeFact, ...]
    sensors: tuple[SensorFact, ...]
    isolation: tuple[str, ...]
    emulates: str | None = None
    """The id of the device profile that this host plays. Set means: `emulated`, latency is never ranked."""
    disk_free_mib: float | None = None
    replays: str | None = None
    """The name of the recorded machine that this host reads instead of its own sensors. Set means: `replayed`."""
    endpoint: str | None = None
    """The URL of the OpenAI-compatible endpoint that this device is. Set means: of kind `cloud`; everything else in
    here is of the machine that asks it."""
    cpu_quota: float | None = None
    """The CPU quota of the agent's cgroup in cores; None: there is none."""
    machine_memory_mib: float | None = None
    """The machine's memory, where a cgroup's limit, which is `memory_mib`, is lower."""
    hidden: tuple[str, ...] = ()
    """What a container hides of this device, each with what would show it."""
    userland: str | None = None
    """The architecture of the programs, where it is not the kernel's (`armv7l` on `aarch64`): wheels must be for it."""
    abilities: tuple[str, ...] = ()
    """What this agent can do beyond measuring: `evaluate`. An older agent would measure speed instead."""
    android: AndroidFact | None = None
    """Set: a phone, which an agent on another machine drives over adb."""
    wire: int = WIRE_VERSION


@dataclass(frozen=True, kw_only=True)
class SignedStatement:
    """What the hub's key vouches for of a job: the text as it was signed, and the Ed25519 signature of it."""

    statement: str
    signature_hex: str


@dataclass(frozen=True, kw_only=True)
class UpgradeOrder:
    """The agent's own next version, as the hub's package index holds it. `wheel_sha256`: of edgeprof's wheel."""

    version: str
    wheel_sha256: str


UPGRADE_ABILITY = "upgrade"
UPGRADED = "upgraded"
"""The code of an `Ack` that accepts an upgrade: it is over, and the version runs."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One cell to measure. Repeated on every birth until it is terminal; told apart by `job_id` and `attempt`."""

    job_id: str
    attempt: int
    model: ModelRef
    config: RunConfig
    config_key: str
    protocol: RunProtocol
    evaluation: EvaluationSetRef | None = None
    """Set: the model answers the items of this set, which `config.evaluation_set` names, too."""
    signed: SignedStatement | None = None
    """None: the hub is older. A device that has pinned its hub's key refuses the job then."""
    upgrade: UpgradeOrder | None = None
    """Set: no model runs, and the manifest has no file. Sent only to agents with the ability `upgrade`."""
    wire: int = WIRE_VERSION


@dataclass(frozen=True, kw_only=True)
class Cancel:
    """Stop a job up to this attempt (None: whichever there is). It may arrive before its job, and after its end."""

    job_id: str
    attempt: int | None = None
    seal: str | None = None
    """HMAC-SHA256 in hexadecimal, by the key of the device (`signing/seals.py`). None: an older hub, or one without
    TLS."""
    wire: int = WIRE_VERSION


@dataclass(frozen=True, kw_only=True)
class Ack:
    """The agent's answer to a job."""

    job_id: str
    attempt: int
    status: AckStatus
    reason: str | None = None
    code: str | None = None
    """The error code of a refusal that has one, such as `job_expired`."""
    wire: int = WIRE_VERSION


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a job stands. `fraction` is of the stage, 0 to 1, or None where it cannot be known."""

    job_id: str
    attempt: int
    stage: str
    fraction: float | None
    note: str = ""
    wire: int = WIRE_VERSION


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a run failed: where, what, the signal if one killed it, and the end of its log."""

    stage: Stage
    code: FailureCode
    message: str
    signal: str | None = None
    log: str = ""


@dataclass(frozen=True, kw_only=True)
class Effective:
    """What really ran, as the runtime tells it, not as the file's name does."""

    runtime: str
    runtime_version: str
    threads: int
    affinity: tuple[int, ...]
    provider: str
    nodes_per_provider: dict[str, int]
    delegate: str | None
    operators: dict[str, int]
    """Executed operators (after the runtime's own rewriting) and how many nodes of each."""
    integer_kernels: int | None
    """Nodes that compute in integers. 0 in a file called int8 means floats in disguise; None: not told (see notes)."""
    float_kernels: int | None
    inputs: dict[str, str]
    """Input name -> `dtype[shape]` that was fed."""
    input_source: str
    notes: tuple[str, ...] = ()
    cpu_quota: float | None = None
    """The CPU quota that held the worker, in cores; None: there was none."""


@dataclass(frozen=True, kw_only=True)
class ArtifactRef:
    """A content-addressed blob that belongs to a result and is stored before it."""

    name: str
    sha256: str
    size: int
    media_type: str


@dataclass(frozen=True, kw_only=True)
class LostArtifact:
    """An artifact that the run made and the device could not hand over. The result goes without it."""

    name: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Result:
    """The outcome of one run. Its id is made at job start, so that sending it twice is harmless."""

    result_id: str
    job_id: str | None
    attempt: int
    device_id: str
    model_id: str
    model_name: str
    config: RunConfig
    config_key: str
    protocol: RunProtocol
    status: ResultStatus
    failure: Failure | None
    effective: Effective | None
    metrics: tuple[MetricRow, ...]
    absent: tuple[AbsentMetric, ...]
    samples_ms: tuple[float, ...]
    """Raw latencies in order. Empty when they are long: then they are the artifact `samples`."""
    artifacts: tuple[ArtifactRef, ...]
    started: Stamp
    finished: Stamp
    before: DeviceState | None
    after: DeviceState | None
    isolation: Isolation | None
    emulated: bool
    agent_version: str
    trust: Trust | None = None
    """None: the run failed, or was made before there were badges."""
    timing: Timing | None = None
    cold_start: ColdStart | None = None
    memory: MemoryProfile | None = None
    conditions: Conditions | None = None
    footprint: Footprint | None = None
    points: tuple[SweepPoint, ...] = ()
    soak: Soak | None = None
    open_loop: OpenLoop | None = None
    noise_floor: NoiseFloor | None = None
    """What this device had been calibrated to when the run was made, in the series that is compared as a rule."""
    noise_floors: tuple[NoiseFloor, ...] = ()
    """The same in the other series that the run has: of a language model ttft, prefill, decode."""
    energy: tuple[EnergyRun, ...] = ()
    """By source, the one that comes nearest to the whole device first: the energy figures are from it."""
    remote: Remote | None = None
    """Set: the model was served by an endpoint, and every time has the network in it."""
    replayed: str | None = None
    """The recorded machine that sensors and state were read from. Set means: nothing of it is ever ranked."""
    lost_artifacts: tuple[LostArtifact, ...] = ()
    evaluation: Evaluation | None = None
    """Set: the run answered an evaluation set, and its metrics are figures of quality."""
    power: dict[str, str | float] | None = None
    """Sent as null: the first hubs of this wire version require it. `energy` has what the first agents sent here."""
    wire: int = WIRE_VERSION


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """The hub has committed a result (or refuses it for good). Only now may the agent forget it."""

    result_id: str
    sha256: str
    """Of the message's bytes, so that a receipt for other content under the same id is noticed."""
    status: ReceiptStatus
    reason: str | None = None
    seal: str | None = None
    """As that of a cancel."""
    wire: int = WIRE_VERSION


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """The hub will not talk to this agent as it is; the message says why and what to do.

    With the code `announce` it only asks the agent to say again that it is there. An agent that does not know the code
    connects again, which says the same.
    """

    code: str
    message: str
    wire: int = WIRE_VERSION


@dataclass(frozen=True, kw_only=True)
class Bootstrap:
    """The answer to `GET /api/v1/bootstrap`: everything that an agent needs beside the hub's URL."""

    hub_id: str
    hub_version: str
    hub_time_s: float
    site: str
    wire_min: int
    wire_max: int
    mqtt_host: str
    mqtt_port: int
    mqtt_tls: bool
    mqtt_username: str | None
    hub_session: str = ""
    """Another one at each start of the hub: what an agent holds is told once to each. Empty: the hub does not ask."""
    seal_key_hex: str = ""
    """For a device with a credential of its own, over TLS: the key of its receipts and cancels (`signing/seals.py`)
    until the hub's next start. It then believes no others. Empty: the hub seals nothing."""
    words: dict[str, tuple[str, ...]] = field(default_factory=lambda: {})
    """The words of closed lists that the hub reads, by list, as in `words.py`. Empty: an older hub."""


@dataclass(frozen=True, kw_only=True)
class Hello:
    """`POST /api/v1/claims`, before each connect: two live agents with one id never fight over a connection."""

    device_id: str
    session_id: str
    name: str
    hostname: str
    agent_version: str
    place: str = ""
    """One state folder on one running machine, hashed. A copied card or a copied folder is another place, and so is
    the machine after its next boot. Empty: not known."""
    wire: int = WIRE_VERSION


MAX_HOLDINGS = 500
"""Results in one `Holdings`."""


@dataclass(frozen=True, kw_only=True)
class Holdings:
    """`POST /api/v1/holdings`: results that the hub has confirmed and the agent still has, SHA-256 by result id."""

    device_id: str
    results: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The answer: those that the hub lacks, as one does that was restored from a backup. They are sent again."""

    result_ids: tuple[str, ...]


ANNOUNCE = "announce"
"""The code of a `Refusal` that only asks for a sign of life. Sent with QoS 0: it is for those who are there now."""

UpwardMessage = State | Facts | Ack | Progress | Result
DownwardMessage = Job | Cancel | Receipt | Refusal
Message = UpwardMessage | DownwardMessage
