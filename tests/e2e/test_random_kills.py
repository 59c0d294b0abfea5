"""Hub, broker, agents and workers are killed at random: nothing is lost, nothing counts twice, nothing is stuck.

`python -m benchmarks.faults` does the same with hundreds of kills.
"""

from pathlib import Path

import pytest

from benchmarks.faults import inject

KILLS = 12
MAX_PAUSE_S = 1.2
CALM_S = 2.0
"""Before the power cut."""
QUIET_LIMIT_S = 90.0


@pytest.mark.timeout(300)  # a fleet that does not become quiet is counted, not cut off
@pytest.mark.parametrize("broker", ["embedded", pytest.param("mosquitto", marks=pytest.mark.mosquitto)])
def test_random_kills_lose_nothing(broker: str, tmp_path: Path) -> None:
    limits = {"max_pause_s": MAX_PAUSE_S, "calm_s": CALM_S, "quiet_limit_s": QUIET_LIMIT_S}
    run = inject(broker, KILLS, 16, tmp_path, **limits)
    counted = run.counted
    assert (run.kills, counted.lost, counted.duplicated, counted.stuck) == (KILLS, (), (), ())
    assert counted.created == counted.stored > 0
