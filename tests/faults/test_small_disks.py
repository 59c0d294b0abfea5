"""Real file systems that are full, out of names or read-only. Each scenario mounts its own, without root's rights."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults import small_disk

pytestmark = pytest.mark.mosquitto


@pytest.mark.parametrize("scenario", [each.__name__ for each in small_disk.SCENARIOS])
def test_nothing_is_lost_and_nobody_dies_on_a_disk_that_is(scenario: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.faults.small_disk", scenario, str(tmp_path)]
    done = subprocess.run(["unshare", "-rm", *command], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
