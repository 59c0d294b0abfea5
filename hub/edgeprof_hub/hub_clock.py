"""Times and hours of the day by the hub's clock. Pure but for the zone of this machine."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from edgeprof.errors import UsageError

_WINDOW = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*-\s*([01]?\d|2[0-3]):([0-5]\d)")
_MINUTES_A_DAY = 24 * 60
MAX_START_S = 7_258_118_400.0
"""The year 2200: beyond the last years there is no local time."""


@dataclass(frozen=True)
class Window:
    """Minutes since midnight; an end before the start is on the next day.

    >>> parse_window("22:00-06:00")
    Window(start=1320, end=360)
    """

    start: int
    end: int

    def holds(self, at_s: float) -> bool:
        """Whether a moment lies in it."""
        local = datetime.fromtimestamp(at_s)
        minute = local.hour * 60 + local.minute
        return (minute - self.start) % _MINUTES_A_DAY < (self.end - self.start) % _MINUTES_A_DAY

    def next_start_s(self, at_s: float) -> float:
        """When it opens after this moment."""
        local = datetime.fromtimestamp(at_s)
        opens = local.replace(hour=self.start // 60, minute=self.start % 60, second=0, microsecond=0)
        return (opens if opens > local else opens + timedelta(days=1)).timestamp()


def parse_window(text: str) -> Window | None:
    """None for an empty text. Raises UsageError."""
    if not text.strip():
        return None
    found = _WINDOW.fullmatch(text.strip())
    if found is None:
        raise UsageError("bad_rollout", f"{text[:40]!r} is not a window of hours. Use --window 22:00-06:00.")
    from_hour, from_minute, to_hour, to_minute = map(int, found.groups())
    window = Window(from_hour * 60 + from_minute, to_hour * 60 + to_minute)
    if window.start == window.end:
        raise UsageError(
            "bad_rollout", "The window starts and ends at the same time. Leave it out to send at any hour."
        )
    return window


def parse_start(text: str) -> float | None:
    """Unix time; without an offset by the hub's clock. None for an empty text. Raises UsageError."""
    if not text.strip():
        return None
    try:
        at_s = datetime.fromisoformat(text.strip()).timestamp()
    except (ValueError, OverflowError, OSError):
        at_s = -1.0
    if not 0 <= at_s < MAX_START_S:
        raise UsageError("bad_rollout", f"{text[:40]!r} is not a time. Use 2026-12-01T02:00.")
    return at_s


def may_send(window: str, now_s: float) -> bool:
    """Whether a stored window lets jobs out now."""
    parsed = parse_window(window)
    return parsed is None or parsed.holds(now_s)


def zone_text(at_s: float) -> str:
    """The zone of the hub's clock: `UTC+01:00 (CET)`."""
    local = datetime.fromtimestamp(at_s).astimezone()
    offset = local.strftime("%z")
    return f"UTC{offset[:3]}:{offset[3:5]} ({local.tzname()})"


def clock_text(at_s: float) -> str:
    """A moment by the hub's clock with its zone: `2026-12-01 02:00 UTC+00:00 (UTC)`."""
    return f"{datetime.fromtimestamp(at_s):%Y-%m-%d %H:%M} {zone_text(at_s)}"
