"""`edgeprof devices match`: the same to people and to programs."""

import json
from pathlib import Path

from tests.cli.conftest import Run

MACHINES = Path(__file__).parents[1] / "machines"


def test_the_command_says_it_to_people_and_to_programs(run: Run) -> None:
    folder = str(MACHINES / "pi-4b-2gb")
    text = run("devices", "match", "--root", folder)
    assert text.code == 0
    assert "Profile rpi-4b-2 (Raspberry Pi 4 Model B, 2 GB)" in text.out
    assert "rpi-4b-4" in text.out
    told = json.loads(run("devices", "match", "--root", folder, "--json").out)
    assert told["match"]["profile_id"] == "rpi-4b-2"
    assert told["near"]


def test_this_machine_is_explained_without_a_hub(run: Run) -> None:
    ended = run("devices", "match")
    assert "architecture:" in ended.out
    assert (ended.code == 0) == ("Profile " in ended.out)
