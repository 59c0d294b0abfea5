"""What a phone is, from the folder of what its shell printed. Pure but for the files.

Source of the properties: AOSP build/make (ro.product.*, ro.build.*) and Build.java (ro.soc.*, from Android 12 on).
"""

import hashlib
import re
from dataclasses import replace
from pathlib import Path

from edgeprof.wire.android import AndroidFact
from edgeprof.wire.messages import Facts, RuntimeFact
from edgeprof_agent.machine import bare_facts
from edgeprof_agent.phones import condition
from edgeprof_agent.phones.reading import PROPERTIES_FILE
from edgeprof_agent.sensors import files
from edgeprof_agent.sensors import registry as sensors

_PROPERTY = re.compile(r"^\[(.+?)\]: \[(.*)\]$", re.MULTILINE)
_MACHINES = {"arm64-v8a": "aarch64", "armeabi-v7a": "armv7l", "x86_64": "x86_64", "x86": "i686", "riscv64": "riscv64"}
_ID = "d-phone-"
"""A hub with TLS lets in only ids that begin with d-."""
_AVD = {"aarch64": "avd-arm64", "x86_64": "avd-x86-64"}


def properties(root: Path) -> dict[str, str]:
    """Those that were read into a folder."""
    return properties_of(files.text(root / PROPERTIES_FILE) or "")


def properties_of(printed: str) -> dict[str, str]:
    """What `getprop` printed, by name, without empty ones."""
    return {name: value for name, value in _PROPERTY.findall(printed.replace("\r\n", "\n")) if value}


def abis_of(props: dict[str, str]) -> tuple[str, ...]:
    """What the phone's programs may be built for, the preferred one first."""
    listed = props.get("ro.product.cpu.abilist") or props.get("ro.product.cpu.abi") or ""
    return tuple(part for part in listed.split(",") if part)


def is_emulator(props: dict[str, str]) -> bool:
    """Whether this is a virtual device of the Android emulator."""
    return "1" in (props.get("ro.kernel.qemu"), props.get("ro.boot.qemu"))


def emulated_profile(props: dict[str, str]) -> str | None:
    """The device profile of an Android emulator, whose latency is never ranked; None for a real phone."""
    if not is_emulator(props):
        return None
    machine = _MACHINES.get(next(iter(abis_of(props)), ""), "")
    return _AVD.get(machine, _AVD["x86_64"])


def device_id_of(props: dict[str, str], serial: str) -> str:
    """The phone's id: the same over USB and Wi-Fi, and on every host. It is a hash of its serial number.

    Emulators share one serial number, and a few phones report none: there, adb's own serial tells them apart.

    >>> device_id_of({"ro.serialno": "A1"}, "A1") == device_id_of({"ro.serialno": "A1"}, "192.0.2.7:5555")
    True
    """
    number = props.get("ro.serialno", "")
    if not number or number == "unknown" or is_emulator(props):
        number = serial
    return f"{_ID}{hashlib.sha256(b'edgeprof phone ' + number.encode()).hexdigest()[:16]}"


def name_of(props: dict[str, str], device_id: str) -> str:
    """`Pixel 8 (1f2e)`: two phones of one model are told apart."""
    return f"{props.get('ro.product.model', 'Android phone')} ({device_id.removeprefix(_ID)[:4]})"


def android_fact(root: Path) -> AndroidFact:
    """Of one phone."""
    props, power, disk = properties(root), condition.battery(root), condition.disk_mib(root)
    sdk = props.get("ro.build.version.sdk", "")
    return AndroidFact(
        model=props.get("ro.product.model", "unknown"),
        manufacturer=props.get("ro.product.manufacturer"),
        soc=props.get("ro.soc.model") or props.get("ro.board.platform") or props.get("ro.hardware"),
        release=props.get("ro.build.version.release"),
        sdk=int(sdk) if sdk.isdecimal() else None,
        abis=abis_of(props),
        security_patch=props.get("ro.build.version.security_patch"),
        disk_total_mib=disk[1] if disk else None,
        battery_percent=power.level_percent if power else None,
        battery_status=power.status if power else None,
        plugged=power.plugged if power else (),
        thermal_status=condition.heat(root).status,
    )


def facts_of(root: Path, device_id: str, session_id: str, runtimes: tuple[RuntimeFact, ...]) -> Facts:
    """The phone as a device of the hub. Nothing in it is of the host that drives it."""
    android, disk, bare = android_fact(root), condition.disk_mib(root), bare_facts(root)
    return replace(
        bare,
        device_id=device_id,
        session_id=session_id,
        machine=_MACHINES.get(next(iter(android.abis), ""), bare.machine),
        cores=_cores(root) or bare.cores,
        os=f"Android {android.release or 'of unknown version'}",
        python="",
        runtimes=runtimes,
        sensors=tuple(each for each in sensors.probe(root) if each.name.startswith("android_")),
        emulates=emulated_profile(properties(root)),
        disk_free_mib=disk[0] if disk else None,
        abilities=(),
        android=android,
    )


def _cores(root: Path) -> int | None:
    """`0-7`: also those that sleep, which /proc/cpuinfo leaves out."""
    ranges = re.findall(r"(\d+)(?:-(\d+))?", files.text(root / "sys/devices/system/cpu/possible") or "")
    return sum(int(last or first) - int(first) + 1 for first, last in ranges) or None
