"""The API held against its own description by a stranger: schemathesis makes requests up, valid and not."""

import re
import subprocess
from pathlib import Path

import pytest

from benchmarks.hub_scale import hub_on
from edgeprof_hub.seed import writing
from tests.environments import python_with

pytestmark = pytest.mark.full

CONFIG = Path(__file__).with_name("schemathesis.toml")
MIN_CASES = 1_000
"""With the seed and the count in CONFIG there were 1,522; far fewer would mean that it met no data."""


@pytest.fixture(scope="session")
def python() -> Path:
    return python_with("schemathesis", "schemathesis==4.32.5")


def test_no_request_that_can_be_made_up_is_answered_otherwise_than_described(python: Path, tmp_path: Path) -> None:
    data = tmp_path / "hub"
    data.mkdir()
    writing.fill(data, writing.Size(devices=20, models=10, results=200), lambda _: None)
    program = python.with_name("schemathesis")
    with hub_on(data) as (url, _, _):
        command = [program, "--no-color", "--config-file", CONFIG, "run", f"{url}/api/v1/openapi.json"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    cases = re.search(r"^  ([\d,]+) generated", done.stdout, re.MULTILINE)
    assert cases is not None, done.stdout
    assert int(cases[1].replace(",", "")) >= MIN_CASES, done.stdout
