"""Durations and ages in words, as short as a person would say them. Pure."""

MINUTE_S = 60
HOUR_S = 3600
DAY_S = 86_400


def duration_text(seconds: float) -> str:
    """`4 s`, `2 min 5 s`, `12 min`, `3 h 20 min`, `2 d 4 h`. Below one second: `1 s`, because it has not ended."""
    whole = max(1, round(seconds))
    if whole < MINUTE_S:
        return f"{whole} s"
    if whole < 10 * MINUTE_S:
        return _two(whole, MINUTE_S, "min", "s")
    if whole < HOUR_S:
        return f"{round(whole / MINUTE_S)} min"
    if whole < DAY_S:
        return _two(round(whole / MINUTE_S), 60, "h", "min")
    return _two(round(whole / HOUR_S), 24, "d", "h")


def age_text(seconds: float) -> str:
    """`just now`, `5 min ago`, `3 h ago`, `12 d ago`: one unit, as a list needs it."""
    if seconds < MINUTE_S:
        return "just now"
    for limit_s, unit_s, unit in ((HOUR_S, MINUTE_S, "min"), (DAY_S, HOUR_S, "h")):
        if seconds < limit_s:
            return f"{int(seconds // unit_s)} {unit} ago"
    return f"{int(seconds // DAY_S)} d ago"


def _two(count: int, of_large: int, large: str, small: str) -> str:
    first, rest = divmod(count, of_large)
    return f"{first} {large}" + (f" {rest} {small}" if rest else "")
