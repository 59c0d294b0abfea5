"""One attached phone: its name at adb, what it is, how it is now."""

import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

from edgeprof.wire.device_state import DeviceState
from edgeprof.wire.vitals import Vitals
from edgeprof_agent.phones import condition, facts, reading
from edgeprof_agent.phones.bridge import Bridge, PhoneLost
from edgeprof_agent.phones.running import Place
from edgeprof_agent.telemetry.state import stamp


@dataclass(kw_only=True)
class Phone:
    """`serial` is where adb has it now: it changes when the phone moves from USB to Wi-Fi."""

    bridge: Bridge
    serial: str
    device_id: str
    name: str
    emulates: str | None
    abis: tuple[str, ...]
    busy: threading.Event = field(default_factory=threading.Event)
    """Set while a run is on: nothing else is asked of the phone then."""
    last_vitals: Vitals = field(default_factory=Vitals)

    @property
    def place(self) -> Place:
        """Our folder on it."""
        return Place(self.bridge, self.serial)

    def read_facts(self, root: Path) -> None:
        """Write what its shell prints under `root`. Raises PhoneLost."""
        reading.read_facts_tree(lambda command: self.place.shell(command).text, root)

    def read_condition(self) -> "Condition":
        """Battery, heat and rails now. Raises PhoneLost."""
        with tempfile.TemporaryDirectory(prefix="edgeprof-phone-") as folder:
            root = Path(folder)
            reading.read_condition_tree(lambda command: self.place.shell(command).text, root)
            return Condition(
                state=condition.state_of(root, stamp()),
                battery=condition.battery(root),
                heat=condition.heat(root),
                rails_j=condition.rails_j(root),
            )

    def vitals(self) -> Vitals:
        """Those of the last reading while a run is on, or the phone does not answer."""
        if self.busy.is_set():
            return self.last_vitals
        with tempfile.TemporaryDirectory(prefix="edgeprof-phone-") as folder:
            try:
                reading.read_condition_tree(lambda command: self.place.shell(command).text, Path(folder))
            except PhoneLost:
                return self.last_vitals
            self.last_vitals = condition.vitals_of(Path(folder))
        return self.last_vitals


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A phone just before or after a run."""

    state: DeviceState
    battery: condition.Battery | None
    heat: condition.Heat
    rails_j: dict[str, float]


def found(bridge: Bridge, serial: str) -> Phone:
    """The phone behind a serial that adb lists as ready. Raises PhoneLost."""
    props = facts.properties_of(bridge.shell(serial, "getprop").text)
    if not props:
        raise PhoneLost("it prints no properties")
    device_id = facts.device_id_of(props, serial)
    return Phone(
        bridge=bridge,
        serial=serial,
        device_id=device_id,
        name=facts.name_of(props, device_id),
        emulates=facts.emulated_profile(props),
        abis=facts.abis_of(props),
    )
