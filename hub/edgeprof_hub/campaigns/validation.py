"""What may be asked of a campaign: every number within what a device can do. Pure."""

import math

from edgeprof.errors import UsageError
from edgeprof.protocols import MIN_SOAK_S
from edgeprof.wire import rest
from edgeprof.wire.messages import MAX_THREADS

MAX_REPEATS = 1000
MAX_TOKENS = 1_048_576
MAX_SWEEP_POINTS = 200
MAX_SOAK_S = 86_400.0
MAX_PER_S = 1e6


def check(request: rest.CampaignRequest) -> None:
    """Raises UsageError for the first number that no device could follow."""
    asked = request.protocol
    _whole("bad_threads", "Threads", request.threads, 0, MAX_THREADS)
    _whole("bad_repeats", "Repeats", request.repeats, 1, MAX_REPEATS)
    _whole("bad_depth", "Tokens in memory", request.depth_tokens, 0, MAX_TOKENS)
    _number("bad_rate", "Requests a second", request.arrival_rate_per_s, 0, MAX_PER_S)
    if asked.soak_s != 0:
        _number("bad_soak", "Seconds of a soak", asked.soak_s, MIN_SOAK_S, MAX_SOAK_S)
    _number("bad_precision", "The precision of a median", asked.precision, 0.0001, 1)
    if len(asked.sweep) > MAX_SWEEP_POINTS:
        raise UsageError("bad_sweep", f"A sweep has {MAX_SWEEP_POINTS} points at most, not {len(asked.sweep)}.")


def _whole(code: str, name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise UsageError(code, f"{name}: a whole number from {least} to {most:,}, not {value}.")


def _number(code: str, name: str, value: float, least: float, most: float) -> None:
    if not (math.isfinite(value) and least <= value <= most):
        raise UsageError(code, f"{name}: a number from {least:g} to {most:,g}, not {value:g}.")
