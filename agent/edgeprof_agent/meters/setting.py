"""How a meter is named: a table of the agent's settings, or `KIND:TOPIC@HOST[:PORT]` on the command line.

On the command line further settings follow after commas: `zigbee2mqtt:desk@192.168.1.5,field=power_l2`.
"""

import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from edgeprof.errors import UsageError
from edgeprof.wire.energy import PowerScope

Kind = Literal["tasmota", "shelly", "zigbee2mqtt"]
_EXAMPLE = (
    "Use KIND:TOPIC@HOST[:PORT][,NAME=VALUE ...], such as shelly:shellyplusplugs-a1b2c3@192.168.1.5 or "
    "tasmota:desk@192.168.1.5,channel=1."
)
_OPTION_NAMES = "name|username|password_file|scope|poll_hz|channel|field|base|uncertainty_percent|resolution_w|factor"
_OPTIONS = re.compile(rf",(?=(?:{_OPTION_NAMES})=)")


class MeterSetting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One meter. `topic`: Tasmota's topic, Shelly's MQTT prefix, or the device's name in Zigbee2MQTT."""

    kind: Kind
    topic: Annotated[str, msgspec.Meta(min_length=1, pattern=r"^[^#+\x00]+$")]
    host: str
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 1883
    name: str = ""
    username: str | None = None
    password_file: Path | None = None
    scope: PowerScope = "wall_ac"
    poll_hz: Annotated[float, msgspec.Meta(ge=0, le=10)] | None = None
    """How often it is asked; 0: only what it sends by itself; None: as is usual for its kind."""
    channel: Annotated[int, msgspec.Meta(ge=0, le=15)] = 0
    """Which one, counted from 0, of a meter with several outputs or sockets."""
    field: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.:]*$")] = ""
    """Where its power is, if it is not found by itself: `power_l2` (Zigbee2MQTT), `ENERGY.Power` or `SML.Power`
    (Tasmota), `pm1`, `em1` or `a_act_power` (Shelly)."""
    base: Annotated[str, msgspec.Meta(pattern=r"^[^#+\x00]*$")] = ""
    """What stands before its topic: Zigbee2MQTT's base topic, a Shelly's prefix, Tasmota's FullTopic
    (`%topic%/%prefix%/`, or a path that stands before both)."""
    uncertainty_percent: Annotated[float, msgspec.Meta(gt=0, le=100)] | None = None
    """The meter's own class, from its data sheet."""
    resolution_w: Annotated[float, msgspec.Meta(gt=0, le=100)] | None = None
    factor: float = 1.0
    """What its watts are multiplied by: 0.001 for a meter that says milliwatts."""

    def __post_init__(self) -> None:
        if not math.isfinite(self.factor) or self.factor == 0:
            raise ValueError("factor must be a number other than 0")

    @property
    def called(self) -> str:
        """Its name, or what it is known by without one. Two sockets of one strip are two meters."""
        if self.name:
            return self.name
        # A Shelly's channel was never in its name, by which its calibrations are found.
        part = self.field or (str(self.channel) if self.channel and self.kind != "shelly" else "")
        return f"{self.kind}:{self.topic}{':' if part else ''}{part}"


def parse_meter(text: str) -> MeterSetting:
    """One `--meter`. Raises UsageError with how to write it."""
    kind, colon, rest = text.partition(":")
    named, *options = _OPTIONS.split(rest)
    topic, at, address = named.rpartition("@")
    host, _, port = address.partition(":")
    if not (colon and at and topic and host) or "," in host:
        raise UsageError("bad_meter", f"{text!r} is not a meter. {_EXAMPLE}")
    found: dict[str, object] = {"kind": kind, "topic": topic, "host": host, **({"port": port} if port else {})}
    return convert(found | dict(option.split("=", 1) for option in options), f"--meter {text}")


def convert(found: object, source: str) -> MeterSetting:
    """A table as a setting. Raises UsageError."""
    try:
        return msgspec.convert(found, MeterSetting, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise UsageError("bad_meter", f"Cannot use the meter in {source}: {error}. {_EXAMPLE}") from error


def distinct(meters: Iterable[MeterSetting]) -> tuple[MeterSetting, ...]:
    """The same meters. Raises UsageError where two have one name: their figures could not be told apart."""
    seen: dict[str, MeterSetting] = {}
    for meter in meters:
        if meter.called in seen:
            raise UsageError("bad_meter", f"Two meters are named {meter.called}. Give each its own name.")
        seen[meter.called] = meter
    return tuple(seen.values())


def _path(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, (str, Path)):
        return Path(value).expanduser()
    raise NotImplementedError(kind)
