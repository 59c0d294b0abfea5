"""What a device is installed with: a unit that is closed, a script that does nothing when it was cut off."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from edgeprof_agent import config
from edgeprof_agent.isolation import hand_over

PACKAGING = Path(__file__).parents[2] / "agent" / "packaging"
MAX_EXPOSURE = 20
"""systemd's own measure in tenths: 0 is closed, 100 is a bare unit. 1.5 when this was written."""
SCRATCH = "/run/edgeprof-scratch"
MAX_RUNNER_EXPOSURE = 10
"""0.9 when this was written."""


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize(
    ("unit", "limit"), [("edgeprof-agent.service", MAX_EXPOSURE), ("edgeprof-runner@.service", MAX_RUNNER_EXPOSURE)]
)
def test_a_unit_is_closed(unit: str, limit: int, tmp_path: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={limit}", "--no-pager"]
    instance = shutil.copy(PACKAGING / unit, tmp_path / unit.replace("@", "@1"))
    run = subprocess.run([*command, str(instance)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-200:] + run.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_understands_the_units_of_the_runner(tmp_path: Path) -> None:
    for name in ("edgeprof-runner.socket", "edgeprof-runner@.service"):
        text = (PACKAGING / name).read_text()
        (tmp_path / name).write_text(text.replace("/opt/edgeprof/venv/bin/python", "/bin/true"))
    units = [str(tmp_path / "edgeprof-runner.socket"), str(tmp_path / "edgeprof-runner@.service")]
    run = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert "edgeprof-runner" not in run.stderr
    assert f"ListenSequentialPacket={hand_over.SOCKET}" in (PACKAGING / "edgeprof-runner.socket").read_text()
    unit = (PACKAGING / "edgeprof-runner@.service").read_text()
    assert f"TMPDIR={SCRATCH} " in unit
    assert f"{SCRATCH}:size=512M" in unit


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "edgeprof-agent.service"
    whole = (PACKAGING / "edgeprof-agent.service").read_text()
    unit.write_text(whole.replace("/opt/edgeprof/venv/bin/edgeprof", "/bin/true"))
    run = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert unit.name not in run.stderr
    assert {"Type=notify", "NotifyAccess=main", "WatchdogSec=2min"} <= set(whole.splitlines())


def test_the_sample_configuration_is_one_that_the_agent_reads(tmp_path: Path) -> None:
    sample = (PACKAGING / "agent.toml").read_text()
    assert config.load({}, {}, PACKAGING / "agent.toml").hub == "http://192.168.1.10:8765"
    every = tmp_path / "agent.toml"
    lines = [
        line.removeprefix("# ") if " = " in line and "token_file" not in line else line for line in sample.split("\n")
    ]
    every.write_text("\n".join(line for line in lines if not line.startswith("#") and "EDGEPROF" not in line))
    settings = config.load({}, {}, every)
    assert (settings.name, settings.memory_limit_mib, settings.outbox_budget) == ("pi-5-bench", 1024, 10_000)


def test_an_installer_that_was_cut_off_does_nothing(tmp_path: Path) -> None:
    whole = (PACKAGING / "install.sh").read_text()
    for share in (0.3, 0.6, 0.99):
        part = tmp_path / "install.sh"
        part.write_text(whole[: int(len(whole) * share)])
        subprocess.run(["sh", str(part)], env=elsewhere(tmp_path), capture_output=True, check=False)
        assert [path.name for path in tmp_path.iterdir()] == ["install.sh"]


def test_uninstalling_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    run = subprocess.run(
        ["sh", str(PACKAGING / "install.sh"), "--uninstall"], env=elsewhere(tmp_path), capture_output=True, check=False
    )
    assert run.returncode == 0


def test_an_installer_without_a_hub_asks_for_it(tmp_path: Path) -> None:
    run = subprocess.run(
        ["sh", str(PACKAGING / "install.sh")], env=elsewhere(tmp_path), capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "No hub is configured" in run.stderr
    assert list(tmp_path.iterdir()) == []


def elsewhere(folder: Path) -> dict[str, str]:
    places = {"PREFIX": folder / "opt", "ETC": folder / "etc", "UNITS": folder / "units"}
    return {"PATH": os.environ["PATH"], **{name: str(place) for name, place in places.items()}}
