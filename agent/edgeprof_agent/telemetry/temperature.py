"""Every temperature of the device by its name. A zone that is off says about -256 °C, and a sleeping one EAGAIN."""

from edgeprof_agent.telemetry.base import Absent, NumberFiles, Site, Value, opened
from edgeprof_agent.telemetry.zones import OFF_BELOW_C, celsius, sources


class Temperature(NumberFiles):
    """`thermal_zone*/temp` and a processor's `hwmon*/temp*_input`, in m°C (kernel, thermal/sysfs-api.rst)."""

    group = "temperature_c"
    unit = "°C"

    def __init__(self, site: Site) -> None:
        zones = opened({source.name: source.file for source in sources(site.root)})
        if not zones:
            raise Absent("no thermal zone and no sensor chip of a processor that can be read")
        super().__init__(zones, 1.0)

    def read(self) -> list[Value]:
        return [self._degrees(name, value) for name, value in zip(self.labels, super().read(), strict=True)]

    def _degrees(self, name: str, milli_c: Value) -> Value:
        if not isinstance(milli_c, float):
            return milli_c
        degrees = celsius(milli_c)
        if degrees is None and milli_c / 1000 > OFF_BELOW_C and self.problem is None:  # off is no failure
            self.problem = f"{name} reads {milli_c:g}: whether that is degrees, tenths or millidegrees is not known"
        return degrees
