"""A Raspberry Pi's firmware and power chip: the mailbox's bytes, the rails, what cannot be told."""

import fcntl
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edgeprof_agent.sensors import firmware
from edgeprof_agent.sensors.base import SensorError
from edgeprof_agent.sensors.firmware import Firmware, packed, unpacked
from edgeprof_agent.sensors.pi_pmic import PiPmic, rail_watts
from edgeprof_agent.sensors.rights import missing_rights
from tests.devices.test_sensors import MACHINES, as_nobody, write

PI_5 = MACHINES / "pi-5-8gb"
SAMPLE = (PI_5 / "tools/vcgencmd-pmic_read_adc").read_text()


class TestMailbox:
    def test_a_message_is_vcgencmds_own(self) -> None:
        """263 words, as raspberrypi/utils vcgencmd.c lays them out."""
        message = packed("pmic_read_adc")
        words = [int.from_bytes(message[4 * n : 4 * n + 4], "little") for n in range(6)]
        assert len(message) == 263 * 4
        assert words == [263 * 4, 0, 0x30080, 1024, 0, 0]
        assert message[24:38] == b"pmic_read_adc\0"
        assert message[-4:] == bytes(4)

    def test_an_answered_message_is_read_to_its_end(self) -> None:
        message = packed("measure_temp")
        message[24 : 24 + 12] = b"temp=48.3'C\0"
        assert unpacked(message) == "temp=48.3'C"

    def test_a_refused_command(self) -> None:
        message = packed("nonsense")
        text = b'error=1 error_msg="Command not registered"\0'
        message[24 : 24 + len(text)] = text
        with pytest.raises(SensorError, match="Command not registered"):
            unpacked(message)

    def test_a_command_that_does_not_fit(self) -> None:
        with pytest.raises(ValueError, match="too long"):
            packed("x" * 1024)

    def test_the_device_is_asked_once_opened(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        node = tmp_path / "vcio"
        node.write_text("")
        asked: list[tuple[int, int]] = []

        def ioctl(fd: int, request: int, message: bytearray, mutate: bool) -> int:
            assert mutate
            asked.append((fd, request))
            message[24:31] = b"volt=1\0"
            return 0

        monkeypatch.setattr(firmware, "DEVICES", (str(node),))
        monkeypatch.setattr(fcntl, "ioctl", ioctl)
        found = Firmware(Path("/"))
        assert [found.ask("measure_volts core"), found.ask("measure_volts core")] == ["volt=1", "volt=1"]
        assert len({fd for fd, _ in asked}) == 1
        assert {request for _, request in asked} == {0xC0086400 if sys.maxsize > 2**32 else 0xC0046400}

    def test_a_device_that_does_not_answer(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A file is no mailbox: the kernel itself says so."""
        node = tmp_path / "vcio"
        node.write_text("")
        monkeypatch.setattr(firmware, "DEVICES", (str(node),))
        with pytest.raises(SensorError, match="mailbox does not answer"):
            Firmware(Path("/")).ask("measure_temp")

    def test_a_device_that_may_not_be_read(self, open_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        node = write(open_root / "dev", vcio="") / "vcio"
        node.chmod(0)
        monkeypatch.setattr(firmware, "DEVICES", (str(node),))
        with as_nobody(), pytest.raises(SensorError, match="group `video`"):
            Firmware(Path("/")).ask("measure_temp")

    def test_without_a_device_the_tool_is_run(
        self, fake_tool: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(firmware, "DEVICES", ("nowhere",))
        fake_tool("vcgencmd", 'echo "$1 of $2"')
        assert Firmware(Path("/")).ask("measure_volts core") == "measure_volts of core"

    @pytest.mark.parametrize(
        ("script", "says"),
        [("echo 'VCHI initialization failed' >&2; exit 255", "VCHI initialization failed"), ("exit 3", "exit code 3")],
    )
    def test_a_tool_that_fails_is_a_reason(
        self, script: str, says: str, fake_tool: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(firmware, "DEVICES", ("nowhere",))
        fake_tool("vcgencmd", script)
        with pytest.raises(SensorError, match=says):
            Firmware(Path("/")).ask("pmic_read_adc")

    def test_without_device_and_tool_the_reason_names_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(firmware, "DEVICES", ("nowhere",))
        monkeypatch.setenv("PATH", "/nowhere")
        with pytest.raises(SensorError, match="`vcgencmd` is not on PATH"):
            Firmware(Path("/")).ask("pmic_read_adc")


class TestPiPmic:
    def test_a_published_sample_has_its_published_sum(self) -> None:
        """The sample and its sum by hand (0.0925 + 1.32 + 1.8) are from another project's tests."""
        sample = """        3V7_WL_SW_A current(0)=0.02500000A
        3V3_SYS_A current(1)=0.40000000A
        VDD_CORE_A current(7)=2.50000000A
        EXT5V_V volt(24)=5.10000000V
        3V3_SYS_V volt(18)=3.30000000V
        VDD_CORE_V volt(7)=0.72000000V
        3V7_WL_SW_V volt(0)=3.70000000V"""
        assert sum(rail_watts(sample).values()) == pytest.approx(3.2125)

    def test_twelve_rails_have_both_and_two_voltages_stand_alone(self) -> None:
        rails = rail_watts(SAMPLE)
        assert len(rails) == 12
        assert "EXT5V" not in rails
        assert rails["VDD_CORE"] == pytest.approx(10.87674 * 0.8974594)

    def test_it_is_read_on_a_pi_5(self) -> None:
        sensor = PiPmic(PI_5)
        assert sensor.available() is None
        assert sensor.scope == "partial_rails"
        assert sensor.read() == pytest.approx(sum(rail_watts(SAMPLE).values()))

    def test_a_pi_4_has_no_such_chip(self) -> None:
        assert "no reply tools/vcgencmd-pmic_read_adc" in str(PiPmic(MACHINES / "pi-4b-4gb").available())

    @pytest.mark.parametrize(
        ("reply", "says"),
        [
            ("EXT5V_V volt(24)=5.1V", "no rail"),
            ("", "no rail"),
            ("VDD_CORE_A current(7)=1.2.3A\nVDD_CORE_V volt(15)=0.9V", "where a number belongs"),
        ],
    )
    def test_a_reply_without_watts_is_a_reason(self, reply: str, says: str, copy_of: Callable[[str], Path]) -> None:
        root = copy_of("pi-5-8gb")
        (root / "tools/vcgencmd-pmic_read_adc").write_text(reply)
        assert says in str(PiPmic(root).available())

    def test_a_rail_that_vanishes_is_no_saving(self, copy_of: Callable[[str], Path]) -> None:
        root = copy_of("pi-5-8gb")
        sensor = PiPmic(root)
        sensor.read()
        kept = [line for line in SAMPLE.splitlines() if "VDD_CORE" not in line]
        (root / "tools/vcgencmd-pmic_read_adc").write_text("\n".join(kept))
        with pytest.raises(SensorError, match="VDD_CORE"):
            sensor.read()

    def test_a_second_reading_is_as_exact_as_the_first(self, copy_of: Callable[[str], Path]) -> None:
        root = copy_of("pi-5-8gb")
        sensor = PiPmic(root)
        sensor.read()
        later = SAMPLE.replace("10.87674", "2.5")
        assert later != SAMPLE
        (root / "tools/vcgencmd-pmic_read_adc").write_text(later)
        assert sensor.read() == pytest.approx(sum(rail_watts(later).values()))

    def test_the_firmwares_version_is_told(self, copy_of: Callable[[str], Path]) -> None:
        root = copy_of("pi-5-8gb")
        reply = "2024/09/23 14:02:56\nCopyright (c) 2012 Broadcom\nversion 26826259 (release) (embedded)"
        (root / "tools/vcgencmd-version").write_text(reply)
        sensor = PiPmic(root)
        assert sensor.available() is None
        assert sensor.version == "firmware 26826259"

    def test_another_machine_is_not_asked(self) -> None:
        assert PiPmic(MACHINES / "n100").available() == "this is not a Raspberry Pi"

    def test_the_right_to_ask_the_firmware(self, open_root: Path) -> None:
        write(open_root / "dev", vcio="").joinpath("vcio").chmod(0o400 if os.geteuid() == 0 else 0)
        with as_nobody():
            ((what, mend),) = missing_rights(open_root)
        assert "firmware" in what
        assert mend.startswith('sudo usermod --append --groups video "$USER"')
