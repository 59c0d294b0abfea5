"""Device profiles: what is known about each board, with its source, and how to recognise it."""

from dataclasses import replace
from functools import lru_cache

from edgeprof.wire.messages import Facts
from edgeprof_devices.loader import load_profiles
from edgeprof_devices.matching import Match, match_profile
from edgeprof_devices.schema import Profile

__all__ = ["Match", "Profile", "load_profiles", "match"]


def match(facts: Facts) -> Match:
    """Which profile these facts fit, and why."""
    return _match(replace(facts, device_id="", session_id="", disk_free_mib=None, runtimes=(), sensors=()))


@lru_cache(maxsize=512)
def _match(facts: Facts) -> Match:
    """By what a machine is alone: a fleet has few kinds of boards, and each says its facts at every connection."""
    return match_profile(facts, load_profiles())
