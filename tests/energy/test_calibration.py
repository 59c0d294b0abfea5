"""A source of one unit set right against a meter: the line, where it is kept, how it is asked for."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof_agent.commands.agent import agent as agent_command
from edgeprof_agent.commands.calibrate_power import calibration
from edgeprof_agent.energy import calibrations
from edgeprof_agent.energy.calibrating import Point, corrected_j, corrected_w, fit


def test_two_points_make_a_line_without_a_residual() -> None:
    """The rails of a Raspberry Pi 5 against a USB-C meter, as one owner fitted them (jfikar/RPi5-power README)."""
    slope, offset_w, residual_w = fit([(2.0, 1.1451 * 2.0 + 0.5879), (6.0, 1.1451 * 6.0 + 0.5879)])
    assert (slope, offset_w) == (pytest.approx(1.1451), pytest.approx(0.5879))
    assert residual_w is None


def test_more_points_tell_what_the_line_leaves() -> None:
    slope, _, residual_w = fit([(1.0, 1.1), (2.0, 1.9), (3.0, 3.1), (4.0, 3.9)])
    assert slope == pytest.approx(0.96)
    assert residual_w == pytest.approx(0.1265, abs=0.001)


@pytest.mark.parametrize("points", [[], [(2.0, 3.0)], [(2.0, 3.0), (2.1, 3.1)], [(2.0, 5.0), (6.0, 3.0)]])
def test_points_that_carry_no_line_are_refused(points: list[Point]) -> None:
    with pytest.raises(UsageError):
        fit(points)


def test_watts_and_joules_are_set_right_alike() -> None:
    made = calibration("pi_pmic", [(2.0, 3.0), (6.0, 8.0)], "desk plug", "wall_ac", 2.0)
    assert corrected_w(4.0, made) == pytest.approx(5.5)
    assert corrected_j(40.0, 10.0, made) == pytest.approx(55.0)
    assert corrected_w(4.0, None) == 4.0
    assert (made.reference_scope, made.uncertainty_share, made.low_w, made.high_w) == ("wall_ac", 0.02, 2.0, 6.0)


def test_each_machine_finds_its_own(tmp_path: Path) -> None:
    file = tmp_path / "c.json"
    for machine, slope in (("a", 2.0), ("b", 3.0), ("a", 4.0)):
        calibrations.keep(calibration("rapl", [(1.0, slope), (2.0, 2 * slope)], "m", "wall_ac", None), file, machine)
    found = calibrations.load("d-1", file, "a")
    assert found["rapl"].slope == pytest.approx(4.0)
    assert found["rapl"].device_id == "d-1"
    assert calibrations.load("d-1", file, "c") == {}
    assert calibrations.forget("rapl", file, "a")
    assert not calibrations.forget("rapl", file, "a")
    assert calibrations.load("d-1", file, "b")["rapl"].slope == pytest.approx(3.0)


def test_a_file_that_cannot_be_read_costs_no_run_and_is_not_written_over(tmp_path: Path) -> None:
    file = tmp_path / "c.json"
    file.write_text("{")
    assert calibrations.load("d-1", file, "a") == {}
    made = calibration("rapl", [(1.0, 1.0), (2.0, 2.0)], "m", "wall_ac", None)
    with pytest.raises(EdgeprofError, match="Cannot read"):
        calibrations.keep(made, file, "a")
    assert file.read_text() == "{"


class TestCommand:
    @pytest.fixture(autouse=True)
    def own_state(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("EDGEPROF_STATE", str(tmp_path))

    def run(self, *asked: str) -> Result:
        return CliRunner().invoke(agent_command, ["calibrate-power", *asked])

    def test_entered_by_hand(self, tmp_path: Path) -> None:
        ended = self.run(
            *("--sensor", "pi_pmic", "--point", "2.0=3.0", "--point", "6.0=8.0"),
            *("--reference", "USB-C meter", "--scope", "dc_input"),
        )
        assert ended.exit_code == 0, ended.output
        assert "pi_pmic: 1.2500 × reading + 0.500 W estimates the whole device at its DC input" in ended.output
        (entry,) = json.loads(calibrations.file_of_calibrations().read_text())
        assert entry["calibration"]["reference"] == "USB-C meter"
        assert "Deleted the calibration" in self.run("--sensor", "pi_pmic", "--forget").output
        assert "has no calibration" in self.run("--sensor", "pi_pmic", "--forget").output

    @pytest.mark.parametrize(
        "asked",
        [
            (),
            ("--point", "2=3"),
            ("--point", "2=3", "--point", "6=8"),
            ("--point", "2:3", "--point", "6=8", "--reference", "m", "--scope", "wall_ac"),
            ("--point", "2=3", "--meter", "shelly:x@h"),
        ],
    )
    def test_half_a_question_is_refused(self, asked: tuple[str, ...]) -> None:
        assert isinstance(self.run("--sensor", "pi_pmic", *asked).exception, UsageError)

    def test_a_sensor_that_is_not_here(self) -> None:
        ended = self.run("--sensor", "jetson_ina", "--meter", "shelly:x@127.0.0.1:1")
        assert "Cannot read jetson_ina here: no INA3221" in str(ended.exception)
