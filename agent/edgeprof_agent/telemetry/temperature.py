"""Every thermal zone by its type. A zone that is powered off says about -256 °C, and a sleeping one EAGAIN."""

from edgeprof_agent.sensors import files
from edgeprof_agent.telemetry.base import Absent, NumberFiles, Site, Value, opened, unique

MAX_ZONES = 24
OFF_BELOW_C = -200.0


class Temperature(NumberFiles):
    """`thermal_zone*/temp` in m°C (kernel, Documentation/driver-api/thermal/sysfs-api.rst)."""

    group = "temperature_c"
    unit = "°C"

    def __init__(self, site: Site) -> None:
        folders = files.folders(site.root / "sys/class/thermal", "thermal_zone*")[:MAX_ZONES]
        names = unique([files.text(folder / "type") or folder.name for folder in folders])
        zones = opened({name: folder / "temp" for name, folder in zip(names, folders, strict=True)})
        if not zones:
            raise Absent("no thermal zone under /sys/class/thermal that can be read")
        super().__init__(zones, 1e-3)

    def read(self) -> list[Value]:
        return [
            None if isinstance(value, float) and value <= OFF_BELOW_C else value  # off, which is no failure
            for value in super().read()
        ]
