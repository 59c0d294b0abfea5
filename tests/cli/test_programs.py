"""`scripts/test` installs a system package only in a whole run, and only where somebody agreed."""

import contextlib
import os
import pty
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "_programs.sh"
ABSENT = "no-such-program"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine with apt-get whose user is root: a folder for PATH, where apt-get notes what it was called with."""
    fake(tmp_path, "id", "echo 0")
    fake(tmp_path, "apt-get", f'echo "$*" >>{tmp_path}/apt-get.calls')
    return tmp_path


def fake(folder: Path, name: str, line: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


def command(run: str, yes: str, program: str = ABSENT) -> list[str]:
    return ["/bin/sh", "-euc", f". {SCRIPT}; offer_programs {run} '{yes}' {program}; echo went on"]


def offered(machine: Path, run: str, yes: str = "", program: str = ABSENT) -> str:
    """What the script prints where nobody sits at a terminal."""
    done = subprocess.run(
        command(run, yes, program),
        env={"PATH": str(machine)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.endswith("went on\n")
    return done.stdout


def answered(machine: Path, answer: str) -> str:
    """What a terminal shows after somebody has answered."""
    here, there = pty.openpty()
    with subprocess.Popen(command("whole", ""), env={"PATH": str(machine)}, stdin=there, stdout=there) as process:
        os.close(there)
        os.write(here, f"{answer}\n".encode())
        assert process.wait(30) == 0
    shown = b""
    with contextlib.suppress(OSError):  # EIO: everything was read, and nobody writes any more
        while part := os.read(here, 65536):
            shown += part
    os.close(here)
    return shown.decode()


def calls(machine: Path) -> list[str]:
    file = machine / "apt-get.calls"
    return file.read_text().splitlines() if file.exists() else []


def test_nothing_missing_says_nothing(machine: Path) -> None:
    assert offered(machine, "whole", "yes", "id") == "went on\n"
    assert calls(machine) == []


def test_yes_installs_what_is_missing_and_names_it_first(machine: Path) -> None:
    shown = offered(machine, "whole", "yes")
    assert shown.startswith(f"Not installed: {ABSENT}.")
    assert calls(machine) == ["update -qq", f"install -y -qq {ABSENT}"]


def test_without_a_terminal_nothing_is_installed_and_the_command_is_named(machine: Path) -> None:
    shown = offered(machine, "whole")
    assert calls(machine) == []
    assert "skipped and named at the end" in shown
    assert f"./scripts/test --yes, or sudo apt-get install {ABSENT}" in shown


@pytest.mark.parametrize("yes", ["", "yes"])
def test_a_run_of_chosen_tests_installs_nothing(machine: Path, yes: str) -> None:
    shown = offered(machine, "chosen", yes)
    assert calls(machine) == []
    assert f"To install: sudo apt-get install {ABSENT}" in shown


@pytest.mark.parametrize(("answer", "installs"), [("y", True), ("YES", True), ("n", False), ("", False)])
def test_at_a_terminal_somebody_is_asked(machine: Path, answer: str, installs: bool) -> None:
    shown = answered(machine, answer)
    assert f"Install {ABSENT} with apt-get now, as root? [y/N]" in shown
    assert bool(calls(machine)) is installs
    assert ("skipped and named at the end" in shown) is not installs


def test_without_root_and_without_sudo_the_command_is_named(machine: Path) -> None:
    fake(machine, "id", "echo 1000")
    shown = offered(machine, "whole", "yes")
    assert calls(machine) == []
    assert f"sudo apt-get install {ABSENT} (needs root)" in shown


def test_sudo_that_wants_a_password_is_not_called_where_nobody_can_type_it(machine: Path) -> None:
    fake(machine, "id", "echo 1000")
    fake(machine, "sudo", '[ "$1" = -n ] && exit 1; exec "$@"')
    assert "(needs root)" in offered(machine, "whole", "yes")
    fake(machine, "sudo", '[ "$1" = -n ] && shift; exec "$@"')
    fake(machine, "true", "exit 0")
    offered(machine, "whole", "yes")
    assert calls(machine) == ["update -qq", f"install -y -qq {ABSENT}"]


def test_a_failed_installation_goes_on_and_says_so(machine: Path) -> None:
    fake(machine, "apt-get", "exit 100")
    assert "it failed" in offered(machine, "whole", "yes")
