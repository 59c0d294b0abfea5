"""Which files of a machine edgeprof reads, as patterns below its root, and which of them vary over time.

One table: a sensor or a probe that reads a new file adds its pattern here, so that records hold it.
"""

from typing import NamedTuple


class Place(NamedTuple):
    """`varies`: sampled while the machine idles and under load. `counts`: it only grows."""

    pattern: str
    varies: bool = False
    counts: bool = False


PLACES: tuple[Place, ...] = (
    Place("proc/cpuinfo"),
    Place("proc/meminfo"),
    Place("proc/loadavg"),
    Place("proc/pressure/memory"),
    Place("proc/cgroups"),
    Place("proc/swaps"),
    Place("sys/fs/cgroup/cgroup.controllers"),
    Place("proc/sys/kernel/osrelease"),
    Place("proc/sys/kernel/arch"),
    Place("proc/device-tree/model"),
    Place("proc/device-tree/compatible"),
    Place("etc/os-release"),
    Place("etc/nv_tegra_release"),
    Place("etc/nvpmodel.conf"),
    Place("var/lib/nvpmodel/status"),
    Place("sys/class/dmi/id/product_name"),
    Place("sys/class/dmi/id/board_name"),
    Place("sys/devices/system/cpu/online"),
    Place("sys/devices/system/clocksource/clocksource0/current_clocksource"),
    Place("sys/devices/system/cpu/cpufreq/policy*/scaling_governor"),
    Place("sys/devices/system/cpu/cpufreq/policy*/scaling_available_governors"),
    Place("sys/devices/system/cpu/cpufreq/policy*/related_cpus"),
    Place("sys/devices/system/cpu/cpufreq/boost"),
    Place("sys/devices/system/cpu/intel_pstate/no_turbo"),
    Place("sys/devices/system/cpu/isolated"),
    Place("sys/devices/system/cpu/cpu*/topology/thread_siblings_list"),
    Place("sys/devices/system/cpu/cpufreq/policy*/scaling_cur_freq", varies=True),
    Place("sys/devices/system/cpu/cpufreq/policy*/cpuinfo_max_freq"),
    Place("sys/devices/system/cpu/cpu*/thermal_throttle/*_throttle_count", varies=True, counts=True),
    Place("sys/class/thermal/thermal_zone*/type"),
    Place("sys/class/thermal/thermal_zone*/temp", varies=True),
    Place("sys/class/thermal/thermal_zone*/trip_point_*_t*"),
    Place("sys/class/thermal/cooling_device*/type"),
    Place("sys/class/thermal/cooling_device*/cur_state", varies=True),
    Place("sys/class/hwmon/hwmon*/name"),
    Place("sys/class/hwmon/hwmon*/*_label"),
    Place("sys/class/hwmon/hwmon*/temp*_input", varies=True),
    Place("sys/class/hwmon/hwmon*/in*_input", varies=True),
    Place("sys/class/hwmon/hwmon*/curr*_input", varies=True),
    Place("sys/class/hwmon/hwmon*/power*_input", varies=True),
    Place("sys/class/hwmon/hwmon*/in*_lcrit_alarm", varies=True),
    Place("sys/class/hwmon/hwmon*/oc*_event_cnt", varies=True, counts=True),
    Place("sys/bus/i2c/devices/*/name"),
    Place("sys/bus/i2c/devices/*/hwmon/hwmon*/*label"),
    Place("sys/bus/i2c/devices/*/hwmon/hwmon*/in*_input", varies=True),
    Place("sys/bus/i2c/devices/*/hwmon/hwmon*/curr*_input", varies=True),
    Place("sys/bus/i2c/devices/*/hwmon/hwmon*/power*_input", varies=True),
    Place("sys/bus/i2c/devices/*/iio:device*/rail_name_*"),
    Place("sys/bus/i2c/devices/*/iio:device*/in_*_input", varies=True),
    Place("sys/class/powercap/intel-rapl*/name"),
    Place("sys/class/powercap/intel-rapl*/max_energy_range_uj"),
    Place("sys/class/powercap/intel-rapl*/energy_uj", varies=True, counts=True),
    Place("sys/class/power_supply/*/type"),
    Place("sys/class/power_supply/*/scope"),
    Place("sys/class/power_supply/*/status", varies=True),
    Place("sys/class/power_supply/*/*_now", varies=True),
    Place("sys/class/power_supply/*/*_full"),
    Place("sys/class/power_supply/*/voltage_min_design"),
)

FIRMWARE_COMMANDS = ("version", "get_throttled", "measure_clock arm", "measure_temp", "pmic_read_adc")
"""Of a Raspberry Pi; the last varies."""
