"""One cell to measure, as the command and the agent ask for it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgeprof.wire.messages import ModelRef
from edgeprof.wire.run_request import RunRequest
from edgeprof_agent.sandbox_mode import Mode

if TYPE_CHECKING:
    from edgeprof_agent.endpoint import Endpoint
    from edgeprof_agent.meters.setting import MeterSetting


@dataclass(frozen=True, kw_only=True)
class MeasureRequest(RunRequest):
    """A run of one model, and where. The model's files lie in `model_dir` under the paths of its manifest."""

    result_id: str
    job_id: str | None
    attempt: int
    device_id: str
    model: ModelRef
    model_dir: Path
    emulated: bool
    memory_limit_mib: float | None
    cores: tuple[int, ...] | None
    replays: str | None = None
    """The recorded machine that is read in the place of this one."""
    meters: "tuple[MeterSetting, ...]" = ()
    """External meters of this device's power."""
    sandbox: Mode = "off"
    devices: tuple[str, ...] | None = None
    """Device nodes that a sandboxed worker may open; None: this machine's accelerators."""
    endpoint: "Endpoint | None" = None
    """Where a served model is asked."""
