"""The API as its description says, in the full tier: schemathesis asks every route what it may be asked."""

import re
import subprocess
import venv
from pathlib import Path

import pytest

from edgeprof.paths import cache_dir
from edgeprof_hub.app import API_PREFIX
from tests.hub import fleet
from tests.hub.live import serving

PACKAGE = "schemathesis==4.32.5"
NO_END = f"{API_PREFIX}/events"
"""A stream that goes on as long as somebody listens."""

CONFIG = """
seed = 20261127

# A description of types cannot say that a campaign names devices which are there, that a hash is of these bytes, that a
# note has a text: the hub says so itself, with a code and a sentence.
[checks.positive_data_acceptance]
enabled = false

# 426: another wire version than the hub's.
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 415, 422, 426, 428, 429]

# FastAPI's reader takes false for the integer 0, which is a size that a file may have.
[[operations]]
include-path = "/api/v1/models/check"
[operations.checks.negative_data_rejection]
enabled = false
"""


def _program() -> Path:
    folder = cache_dir() / PACKAGE.replace("==", "-")
    program = folder / "bin" / "schemathesis"
    if not program.exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "-q", PACKAGE], check=True)
    return program


@pytest.mark.full
def test_every_route_answers_as_its_description_says(tmp_path: Path) -> None:
    with serving(tmp_path / "hub") as live:
        live.hub.writer.call(lambda store: fleet.fill(store, fleet.typical()))
        described = f"{live.url}{API_PREFIX}/openapi.json"
        config = tmp_path / "schemathesis.toml"
        config.write_text(CONFIG)
        command = [
            _program(),
            f"--config-file={config}",
            "run",
            described,
            f"--exclude-path={NO_END}",
            "--no-color",
            "--max-examples=40",
        ]
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout[-20_000:] + ran.stderr[-2000:]
    counted = re.search(r"(\d+) generated, (\d+) passed", ran.stdout)
    assert counted is not None, ran.stdout[-2000:]
    assert int(counted[1]) == int(counted[2]) > 1000
