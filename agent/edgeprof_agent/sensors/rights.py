"""Which rights the agent's user lacks to read this machine's sensors, and the exact command that grants each."""

from pathlib import Path

from edgeprof_agent.sensors import files

RAPL_MEND = (
    'sudo groupadd --force power && sudo usermod --append --groups power "$USER" && '
    """echo 'SUBSYSTEM=="powercap", KERNEL=="intel-rapl:*", RUN+="/bin/chgrp power /sys%p/energy_uj", """
    """RUN+="/bin/chmod g+r /sys%p/energy_uj"' | sudo tee /etc/udev/rules.d/70-edgeprof-rapl.rules && """
    "sudo udevadm control --reload && sudo udevadm trigger --action=add --subsystem-match=powercap"
    "  # then log in again"
)
"""The kernel gives the counter to root only since CVE-2020-8694; a group opens it to no more users than needed."""

VCIO_MEND = 'sudo usermod --append --groups video "$USER"  # then log in again'


def missing_rights(root: Path = Path("/")) -> tuple[tuple[str, str], ...]:
    """(what may not be read, the command that mends it); empty where nothing is missing."""
    missing: list[tuple[str, str]] = []
    counters = files.folders(root / "sys/class/powercap", "intel-rapl:*")
    if any(files.denied(folder / "energy_uj") for folder in counters):
        missing.append(("the processor's energy counter (RAPL)", RAPL_MEND))
    firmware = [root / "dev/vcio", root / "dev/vchiq"]
    if any(files.denied(device) for device in firmware):
        missing.append(("the Raspberry Pi's firmware (vcgencmd: power rails, throttling)", VCIO_MEND))
    return tuple(missing)
