"""What of the host a run is made with: its memory, its meters, or the recorded machine that it plays."""

from dataclasses import dataclass
from pathlib import Path

from edgeprof_agent.endpoint import Endpoint
from edgeprof_agent.meters.setting import MeterSetting
from edgeprof_agent.sandbox_mode import Mode


@dataclass(frozen=True, kw_only=True)
class Host:
    """`replay`: the folder of a recorded machine, whose files are read instead of this machine's own."""

    memory_limit_mib: float | None = None
    sandbox: Mode = "off"
    meters: tuple[MeterSetting, ...] = ()
    replay: Path | None = None
    endpoint: Endpoint | None = None
    """Where served models are asked."""
