"""A machine is recorded without what tells one unit from another, and played back marked for what it is."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import msgspec
import pytest
from click.testing import CliRunner

from edgeprof.errors import UsageError
from edgeprof.modelfiles import inspect
from edgeprof.wire.energy import scope_words
from edgeprof_agent import config
from edgeprof_agent.commands.agent import agent as agent_command
from edgeprof_agent.energy import plan
from edgeprof_agent.recorded.player import Player, is_load
from edgeprof_agent.recorded.scrub import GONE, leaks, scrubbed
from edgeprof_agent.recorded.tree import check, read_values
from edgeprof_agent.sensors import registry
from edgeprof_agent.series.host import Host
from edgeprof_agent.series.running import measure_once
from edgeprof_agent.series.setups import Setup
from tests.agent.measuring import BUNDLED, MACHINES, QUICK, request_for, unheard
from tests.devices.test_facts import TREES, Tree
from tests.hub import fleet
from tests.hub.test_energy_page import CNN, page_of
from tests.hub.test_pages import words

PLAYED = sorted(path.parent.name for path in MACHINES.glob("*/values.toml"))
WITH_POWER = [name for name in PLAYED if registry.best(MACHINES / name) is not None]


SECRET_PARTS = (
    *("abcdef12", "ABC123456", "4C4C4544", "12345678-", "B8:27"),
    *("9A231F", "192.168", "owner@", "deadbeefd"),
)


class TestScrub:
    @pytest.mark.parametrize(
        "secret",
        [
            "Serial\t\t: 10000000abcdef12",
            "serial-number: ABC123456",
            "UUID: 4C4C4544-0042-3510-8052-B4C04F4E4831",
            "root=PARTUUID=12345678-1234-1234-1234-123456789abc",
            "smsc95xx.macaddr=B8:27:EB:12:34:56",
            "[ro.serialno]: [9A231FFAZ000BC]",
            "[ro.boot.serialno]: [9A231FFAZ000BC]",
            "inet 192.168.17.4",
            "owner@example.org",
            "deadbeefdeadbeef0123456789abcdef",
        ],
    )
    def test_what_tells_units_apart_goes(self, secret: str) -> None:
        kept = scrubbed(f"before\n{secret}\nafter")
        assert GONE in kept
        for part in (
            "abcdef12",
            "ABC123456",
            "4C4C4544",
            "12345678-",
            "B8:27",
            "9A231F",
            "192.168",
            "owner@",
            "deadbeefd",
        ):
            assert part not in kept
        assert kept.startswith("before\n")
        assert kept.endswith("\nafter")

    @pytest.mark.parametrize(
        "kept",
        [
            "Raspberry Pi 5 Model B Rev 1.0",
            "nvidia,p3768-0000+p3767-0005-super",
            "5.10.120-tegra",
            "model name\t: Intel(R) N100",
            "VDD_CORE_A current(7)=10.87674000A",
            "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic",
            "262143328850",
        ],
    )
    def test_what_edgeprof_needs_stays(self, kept: str) -> None:
        assert scrubbed(kept) == kept

    def test_an_identifier_that_is_left_is_found(self) -> None:
        content = {"proc/cpuinfo": b"model: pear-tree-7", "etc/os-release": b"x"}
        assert leaks(content, {"Pear-Tree-7", "abc"}) == {"Pear-Tree-7": "proc/cpuinfo"}


class TestRecord:
    def record(self, root: Path, out: Path) -> str:
        asked = ["record", "--out", str(out), "--seconds", "1", "--no-load", "--root", str(root)]
        result = CliRunner().invoke(agent_command, asked, catch_exceptions=False)
        assert result.exit_code == 0
        return result.output

    @pytest.mark.parametrize("machine", ["pi-5-8gb", "n100", "orin-nano-8gb-jp6", "agx-orin-64gb-jp6"])
    def test_a_record_reads_as_its_machine_does(self, machine: str, tmp_path: Path) -> None:
        out = tmp_path / machine
        said = self.record(MACHINES / machine, out)
        assert "pull request" in said
        assert check(out) == machine
        told = msgspec.toml.decode((out / "tree.toml").read_bytes(), type=Tree)
        assert told.origin == "recorded on real hardware"
        assert (told.expect.machine, told.expect.cores) == (TREES[machine].expect.machine, TREES[machine].expect.cores)
        assert told.expect.power_source == TREES[machine].expect.power_source
        assert told.expect.temperature_source == TREES[machine].expect.temperature_source
        assert told.expect.power_mode == TREES[machine].expect.power_mode
        of_record, of_machine = registry.best(out), registry.best(MACHINES / machine)
        assert of_record is not None
        assert of_machine is not None
        assert (of_record.name, of_record.scope) == (of_machine.name, of_machine.scope)

    def test_serial_numbers_and_ids_are_not_in_it(self, tmp_path: Path) -> None:
        root = Path(copytree(MACHINES / "pi-5-8gb", tmp_path / "board"))
        with (root / "proc/cpuinfo").open("a") as file:
            file.write("\nSerial\t\t: 10000000deadbeef\n")
        (root / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
        out = tmp_path / "record"
        self.record(root, out)
        written = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())
        assert b"deadbeef" not in written
        assert b"0123456789abcdef" not in written

    def test_a_leak_is_not_written(self, tmp_path: Path) -> None:
        """A board whose model carries its serial number, in no form that a pattern knows."""
        root = Path(copytree(MACHINES / "pi-5-8gb", tmp_path / "board"))
        (root / "sys/class/dmi/id").mkdir(parents=True)
        (root / "sys/class/dmi/id/product_serial").write_text("pear-tree-7\n")
        (root / "proc/device-tree/model").write_bytes(b"Raspberry Pi 5 pear-tree-7\0")
        out = tmp_path / "record"
        asked = ["record", "--out", str(out), "--seconds", "1", "--no-load", "--root", str(root)]
        result = CliRunner().invoke(agent_command, asked)
        assert result.exception is not None
        assert "proc/device-tree/model" in str(result.exception)
        assert not out.exists()

    def test_what_varies_is_kept_with_its_course(self, tmp_path: Path) -> None:
        with Player(MACHINES / "n100") as player:
            out = tmp_path / "again"
            asked = ["record", "--out", str(out), "--seconds", "2", "--no-load", "--root", str(player.root)]
            assert CliRunner().invoke(agent_command, asked, catch_exceptions=False).exit_code == 0
        counter = next(each for each in read_values(out).counter if each.path.endswith("intel-rapl:0/energy_uj"))
        assert counter.idle_per_s == pytest.approx(2e6, rel=0.5)
        assert counter.wraps_at == 262143328850


class TestPlayer:
    def test_a_counter_grows_at_the_rate_of_what_the_run_does(self) -> None:
        with Player(MACHINES / "n100") as player:
            sensor = registry.load("rapl", player.root)
            told = player.watching(unheard)
            idle_w = self.rate(sensor.read)
            told("energy", 0.2, "inference: window 1 of 5")
            load_w = self.rate(sensor.read)
        assert idle_w == pytest.approx(2.0, rel=0.3)
        assert load_w == pytest.approx(9.0, rel=0.3)

    def rate(self, read: Callable[[], float]) -> float:
        began_s, first = time.monotonic(), read()
        time.sleep(1.0)
        return (read() - first) / (time.monotonic() - began_s)

    def test_what_is_load(self) -> None:
        assert is_load("measure", "")
        assert is_load("energy", "decode: window 3 of 5")
        assert not is_load("energy", "idle, before: 32 s")
        assert not is_load("load", "")

    def test_the_tree_itself_is_never_written(self) -> None:
        counter = MACHINES / "n100/sys/class/powercap/intel-rapl:0/energy_uj"
        before = counter.read_bytes()
        with Player(MACHINES / "n100"):
            time.sleep(0.3)
        assert counter.read_bytes() == before

    def test_a_path_outside_of_the_tree_is_refused(self, tmp_path: Path) -> None:
        root = Path(copytree(MACHINES / "n100", tmp_path / "n100"))
        (root / "values.toml").write_text('[[gauge]]\npath = "../../outside"\nidle = ["1"]\n')
        with pytest.raises(UsageError, match="outside"), Player(root):
            pass
        assert not (tmp_path / "outside").exists()

    @pytest.mark.parametrize("content", ["", "origin = 1", 'origin = "invented"', "\x00"])
    def test_a_folder_that_is_no_record_is_refused(self, content: str, tmp_path: Path) -> None:
        if content:
            (tmp_path / "tree.toml").write_text(content)
        with pytest.raises(UsageError):
            check(tmp_path)


class TestReplayedRuns:
    @pytest.fixture(autouse=True)
    def brief(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(plan, "IDLE_BEFORE_S", 2.0)
        monkeypatch.setattr(plan, "IDLE_AFTER_S", 2.0)
        monkeypatch.setattr(plan, "CATCH_UP_S", 0.0)
        monkeypatch.setattr(plan, "MIN_WINDOW_S", 0.8)
        monkeypatch.setattr(plan, "WINDOW_PERIODS", 2)
        monkeypatch.setattr(plan, "IDLE_PERIODS", 2)

    @pytest.mark.parametrize("machine", WITH_POWER)
    def test_every_board_with_a_source_yields_joules_marked_as_replayed(self, machine: str, tmp_path: Path) -> None:
        """Tree, trace, joules, page cell: the path is tried, with stretches that are much too short for the method."""
        request = request_for(BUNDLED / "digits-cnn-fp32.onnx")
        protocol = replace(QUICK, energy=True, energy_limit_s=60)
        file = inspect(BUNDLED / "digits-cnn-fp32.onnx")
        setup = Setup(file=file, config=request.config, protocol=protocol, label="digits", folder="digits")
        result, artifacts = measure_once(setup, Host(replay=MACHINES / machine), unheard)
        assert result.status == "measured", result.failure
        assert (result.replayed, result.device_id) == (machine, machine)
        assert result.trust is not None
        assert "replayed" in [mark.cause for mark in result.trust.marks]
        figured = [run for run in result.energy if run.problem is None]
        assert figured, [run.problem for run in result.energy]
        first = registry.load(result.energy[0].source.name, MACHINES / machine)
        assert (result.energy[0].source.scope, first.available()) == (first.scope, None)
        assert result.energy[0].source.version
        rows = [row for row in result.metrics if row.metric == "energy_per_inference_j"]
        assert [row.scope for row in rows] == [first.scope]
        power = next(ref for ref in result.artifacts if ref.name == "power")
        assert json.loads(artifacts[power.sha256])["sources"]
        of_a_fleet = replace(result, device_id=fleet.device_id(1), model_id=CNN.model_id, model_name=CNN.name)
        page = page_of(tmp_path, [of_a_fleet], "/?metric=energy_per_inference_j")
        assert f"Energy and power cover {scope_words(first.scope)}." in words(page)

    def test_every_source_has_such_a_board(self) -> None:
        """A source that no board has would be tried nowhere from end to end."""
        readable = {fact.name for name in WITH_POWER for fact in registry.probe(MACHINES / name) if fact.available}
        assert readable == set(registry.SENSORS)


class TestSettings:
    def test_a_replayed_machine_is_a_device_of_its_own(self) -> None:
        found = config.load({"hub": "http://h", "replay": str(MACHINES / "n100")}, {})
        assert (found.name, found.data.name) == ("n100", "replay-n100")

    @pytest.mark.parametrize("other", [{"emulate": "pixel-6"}, {"meter": ("shelly:x@h",)}])
    def test_it_goes_with_no_other_play(self, other: dict[str, object]) -> None:
        with pytest.raises(UsageError, match="replay"):
            config.load({"hub": "http://h", "replay": str(MACHINES / "n100"), **other}, {})


def test_threads_are_gone_after_a_replay() -> None:
    with Player(MACHINES / "n100"):
        assert any(thread.name == "replay" for thread in threading.enumerate())
    assert not any(thread.name == "replay" for thread in threading.enumerate())
