"""What is known of a run: before anything has run, and once its worker has ended."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeprof.wire.energy import EnergyRun
from edgeprof.wire.evidence import Footprint
from edgeprof.wire.messages import ArtifactRef, DeviceState, ModelRef, Stamp
from edgeprof.wire.run_request import RunRequest
from edgeprof_agent.endpoint import Endpoint
from edgeprof_agent.isolation import Limits, WorkerExit
from edgeprof_agent.measuring.llama_path import RuntimePath
from edgeprof_agent.measuring.worker_memory import UNSAMPLED, WindowMemory
from edgeprof_agent.measuring.worker_output import WorkerOutput
from edgeprof_agent.telemetry.gate import Passed
from edgeprof_agent.telemetry.trace import Trace
from edgeprof_agent.worker_protocol.document import Cold

if TYPE_CHECKING:  # an idle agent need not hold it
    from edgeprof.modelfiles.weights import StoredWeights


@dataclass(frozen=True, kw_only=True)
class Header(RunRequest):
    """What stands in a result before anything has run."""

    result_id: str
    job_id: str | None
    attempt: int
    device_id: str
    model: ModelRef
    emulated: bool
    started: Stamp
    replays: str | None = None
    endpoint: Endpoint | None = None
    path: RuntimePath | None = None
    """What runs the model, once that is known."""
    weights: "StoredWeights | None" = None
    """How the file stores its weights; None where it cannot be read."""

    @property
    def actual_runtime(self) -> str:
        """The requested one, unless another path was taken."""
        return self.path.runtime if self.path else self.config.runtime


@dataclass(frozen=True, kw_only=True)
class WorkerRun:
    """Everything known once the worker has ended. `no_energy`: why no power was read at all."""

    before: DeviceState
    after: DeviceState
    limits: Limits
    worker_output: WorkerOutput
    outcome: WorkerExit
    energy: tuple[EnergyRun, ...]
    no_energy: str | None
    power: tuple[ArtifactRef, bytes] | None
    cold: Cold | None
    trace: Trace
    cores: tuple[int, ...]
    """The cores that the worker might use."""
    gate: Passed
    footprint: Footprint | None = None
    window_memory: WindowMemory = UNSAMPLED
    operators: tuple[ArtifactRef, bytes] | None = None
    """Where the time of its operators goes, if that was requested."""
    problems: tuple[str, ...] = ()
    """Steps after the window that failed, each in a sentence."""
