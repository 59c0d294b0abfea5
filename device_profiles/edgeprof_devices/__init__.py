"""Device profiles: what is known about each board, with its source, and how to recognise it."""

from edgeprof.wire.messages import Facts
from edgeprof_devices.loader import load_profiles
from edgeprof_devices.matching import Match, match_profile
from edgeprof_devices.schema import Profile

__all__ = ["Match", "Profile", "load_profiles", "match"]


def match(facts: Facts) -> Match:
    """Which profile these facts fit, and why."""
    return match_profile(facts, load_profiles())
