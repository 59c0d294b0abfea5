"""Checks a campaign request: every number within what a device can run. Pure."""

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
    protocol = request.protocol
    _whole("bad_threads", "Threads", request.threads, 0, MAX_THREADS)
    _whole("bad_repeats", "Repeats", request.repeats, 1, MAX_REPEATS)
    _whole("bad_depth", "Context depth", request.depth_tokens, 0, MAX_TOKENS)
    _number("bad_rate", "Requests per second", request.arrival_rate_per_s, 0, MAX_PER_S)
    if protocol.soak_s != 0:
        _number("bad_soak", "Soak seconds", protocol.soak_s, MIN_SOAK_S, MAX_SOAK_S)
    _number("bad_precision", "Precision of the median", protocol.precision, 0.0001, 1)
    if len(protocol.sweep) > MAX_SWEEP_POINTS:
        raise UsageError("bad_sweep", f"A sweep has at most {MAX_SWEEP_POINTS} points, not {len(protocol.sweep)}.")


def _whole(code: str, name: str, value: int, minimum: int, maximum: int) -> None:
    if not minimum <= value <= maximum:
        raise UsageError(code, f"{name} must be a whole number from {minimum} to {maximum:,}, not {value}.")


def _number(code: str, name: str, value: float, minimum: float, maximum: float) -> None:
    if not (math.isfinite(value) and minimum <= value <= maximum):
        raise UsageError(code, f"{name} must be a number from {minimum:g} to {maximum:,g}, not {value:g}.")
