"""An NVIDIA graphics board through NVML: its own energy counter where it has one, else its power.

The counter (since Volta) is preferred: power is a mean over 1 s on Ampere and later, and reading it was seen to raise
it. On a recorded machine `tools/nvml.json` stands for the library: `{"driver", "boards": [{"name", "energy_mj"|null,
"power_mw"|null}]}`. A Jetson's NVML reports no power.
"""

from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec

from edgeprof.wire.energy import Integration, PowerScope
from edgeprof_agent.sensors import files
from edgeprof_agent.sensors.base import Accuracy, SensorError

RECORDED = "tools/nvml.json"
_COUNTER, _POWER = "nvmlDeviceGetTotalEnergyConsumption", "nvmlDeviceGetPowerUsage"
MEND = "pip install 'edgeprof[nvidia]'"


class Gpu(NamedTuple):
    """What one graphics board says. None: it does not tell."""

    name: str
    energy_mj: float | None
    power_mw: float | None


class Library(Protocol):
    """NVML, or what was recorded of it. Raises SensorError."""

    driver: str | None

    def boards(self) -> list[Gpu]: ...


class Nvml:
    """Exactly one board. With two, nothing says which of them the model runs on."""

    name = "nvml"
    scope: PowerScope = "gpu"
    max_hz = 10.0
    accuracy = Accuracy()
    """NVIDIA states ±5 % for Fermi and Kepler only (nvml.h), nothing for later boards."""

    def __init__(self, root: Path) -> None:
        self._problem: str | None = None
        self._library: Library | None = None
        self.version: str | None = None
        self.source = "NVML"
        self.integration: Integration = "counter"
        try:
            self._library = _Recorded(root / RECORDED) if root != Path("/") else _Real()
            self._look(self._library)
        except SensorError as error:
            self._problem = str(error)

    def available(self) -> str | None:
        return self._problem

    def read(self) -> float:
        """Joules since the driver was loaded, or watts."""
        if self._library is None:
            raise SensorError(self._problem or "no NVML")
        boards = self._library.boards()
        if len(boards) != 1:
            raise SensorError(f"{len(boards)} NVIDIA boards answer; there was one before")
        board = boards[0]
        value = board.energy_mj if self.integration == "counter" else board.power_mw
        if value is None:
            raise SensorError(f"{board.name} gives no number")
        return value / 1e3

    def _look(self, library: Library) -> None:
        boards = library.boards()
        if not boards:
            raise SensorError("no NVIDIA graphics board")
        if len(boards) > 1:
            raise SensorError(f"{len(boards)} NVIDIA boards: which one the model runs on is not known")
        board = boards[0]
        if board.energy_mj is None and board.power_mw is None:
            raise SensorError(f"{board.name} reports neither energy nor power through NVML")
        self.integration = "counter" if board.energy_mj is not None else "trapezoid"
        self.version = f"driver {library.driver}" if library.driver else None
        self.source = f"NVML, {'energy counter' if board.energy_mj is not None else 'power'} of {board.name}"


class _RecordedBoard(msgspec.Struct):
    name: str
    energy_mj: float | None = None
    power_mw: float | None = None


class _RecordedBoards(msgspec.Struct):
    driver: str | None
    boards: list[_RecordedBoard]


class _Recorded:
    """A recorded machine's file, read anew each time: it may change over time as the machine did."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise SensorError("no NVIDIA graphics board")
        self._path = path
        self.driver = self._read().driver

    def boards(self) -> list[Gpu]:
        return [Gpu(each.name, each.energy_mj, each.power_mw) for each in self._read().boards]

    def _read(self) -> _RecordedBoards:
        try:
            return msgspec.json.decode(files.raw(self._path) or b"", type=_RecordedBoards)
        except msgspec.MsgspecError as error:
            raise SensorError(f"{RECORDED} gives no number") from error


class _Real:
    """The driver's library by NVIDIA's own binding, an extra: the base install has none."""

    def __init__(self) -> None:
        if not Path("/proc/driver/nvidia/version").exists():
            raise SensorError("no NVIDIA driver is loaded")
        try:
            import pynvml  # pyright: ignore[reportMissingImports]
        except ImportError:
            raise SensorError(f"reading an NVIDIA board needs nvidia-ml-py; install it with: {MEND}") from None
        self._nvml: Any = pynvml
        try:
            self._nvml.nvmlInit()
            self._handles = [
                self._nvml.nvmlDeviceGetHandleByIndex(index) for index in range(self._nvml.nvmlDeviceGetCount())
            ]
            self.driver: str | None = _text(self._nvml.nvmlSystemGetDriverVersion())
            self._names = [_text(self._nvml.nvmlDeviceGetName(handle)) for handle in self._handles]
        except self._nvml.NVMLError as error:
            raise SensorError(f"NVML: {error}") from error
        self._has_counter = [
            self._ask("nvmlDeviceGetTotalEnergyConsumption", each) is not None for each in self._handles
        ]

    def boards(self) -> list[Gpu]:
        return [
            Gpu(
                name,
                self._ask(_COUNTER, handle) if counts else None,
                None if counts else self._ask(_POWER, handle),
            )
            for name, handle, counts in zip(self._names, self._handles, self._has_counter, strict=True)
        ]

    def _ask(self, function: str, handle: object) -> float | None:
        try:
            return float(getattr(self._nvml, function)(handle))
        except self._nvml.NVMLError_NotSupported:
            return None
        except self._nvml.NVMLError as error:
            raise SensorError(f"NVML: {error}") from error


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
