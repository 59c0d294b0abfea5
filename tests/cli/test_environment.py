"""`scripts/demo` finds a Python that can, and says which one it lacks otherwise."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "_environment.sh"


def fake_python(folder: Path, name: str, version: str, has_venv: bool) -> Path:
    """Answers the two questions that the script asks of a Python."""
    path = folder / name
    path.write_text(f'#!/bin/sh\ncase "$2" in *venv*) exit {0 if has_venv else 1} ;; esac\necho {version}\n')
    path.chmod(0o755)
    return path


def find_python(folder: Path, named: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-c", f". {SCRIPT}; find_python"],
        env={"PATH": str(folder), "EDGEPROF_PYTHON": named},
        capture_output=True,
        text=True,
    )


def test_the_first_python_that_can_make_environments_is_taken(tmp_path: Path) -> None:
    fake_python(tmp_path, "python3.11", "3.11", has_venv=False)
    fake_python(tmp_path, "python3.12", "3.12", has_venv=True)
    assert find_python(tmp_path).stdout == "python3.12"


def test_a_python_without_venv_gets_the_package_that_has_it(tmp_path: Path) -> None:
    fake_python(tmp_path, "python3", "3.12", has_venv=False)
    done = find_python(tmp_path)
    assert done.returncode == 3
    assert "sudo apt-get install python3.12-venv" in done.stderr


@pytest.mark.parametrize("version", ["3.8", "3.10", "3.15"])
def test_the_python_that_was_named_is_not_silently_replaced(tmp_path: Path, version: str) -> None:
    fake_python(tmp_path, "python3.11", "3.11", has_venv=True)
    named = str(fake_python(tmp_path, "mine", version, has_venv=True))
    done = find_python(tmp_path, named)
    assert done.returncode == 3
    assert f"{named} is Python {version}" in done.stderr


def test_no_python_at_all_is_said(tmp_path: Path) -> None:
    done = find_python(tmp_path)
    assert done.returncode == 3
    assert "here is no Python" in done.stderr
