"""What an Android phone behind adb is, beyond what every machine reports."""

from dataclasses import dataclass

PHONE_RUNNERS = ("benchmark_model", "llama-bench")
"""Runtimes that are programs of others, which a phone is measured with. Nothing of ours watches the phone meanwhile."""
PRINTS_NO_SAMPLES = "prints no samples"
"""In the reason of a figure that has no interval because its runner gives a summary only."""


@dataclass(frozen=True, kw_only=True)
class AndroidFact:
    """Texts are as the phone's properties give them. What it does not report is None."""

    model: str
    manufacturer: str | None
    soc: str | None
    """Its chip, such as `SM8650`. One model name is sold with several."""
    release: str | None
    """The version of Android, such as `15`."""
    sdk: int | None
    abis: tuple[str, ...]
    """What its programs may be built for, the preferred one first."""
    security_patch: str | None = None
    disk_total_mib: float | None = None
    """Of /data."""
    battery_percent: float | None = None
    battery_status: str | None = None
    plugged: tuple[str, ...] = ()
    """What charged it when the facts were read: `AC`, `USB`, `Wireless`, `Dock`."""
    thermal_status: str | None = None
    """Android's own word: none, light, moderate, severe, critical, emergency, shutdown."""
