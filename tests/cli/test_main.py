"""Whatever goes wrong at the top ends in one sentence with a code."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.mark.parametrize(
    "arguments",
    [("nonsense",), ("devices", "--bogus"), ("flash",), ("compare", "--format", "xml"), ("demo", "--port", "99999")],
)
def test_wrong_use_is_one_sentence_with_where_to_look(run: Run, arguments: tuple[str, ...]) -> None:
    ended = run(*arguments)
    assert ended.code == 2
    assert ended.refused_with("bad_usage")
    assert "--help" in ended.err


def test_no_command_shows_the_help(run: Run) -> None:
    ended = run()
    assert ended.code == 2
    assert ended.err.startswith("Usage: ")


def test_a_full_disk_behind_the_output_is_told() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-m", "edgeprof", "--help"], stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr == b"edgeprof: No space left on device. [io_error]\n"


def test_a_reader_that_goes_away_causes_no_message() -> None:
    command = f"{sys.executable} -m edgeprof --help | true"
    done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE)
    assert done.stderr == b""
