"""What an agent reports of its machine: read from small files, sent when it matters, and never in the way."""

import logging
import sqlite3
from pathlib import Path

from edgeprof.wire import codec
from edgeprof.wire.messages import State, Vitals
from edgeprof_agent.daemon.condition import LOOK_EVERY_S, SEND_EVERY_S, Condition, LastError
from edgeprof_agent.telemetry.vitals import read_vitals, wear_percent


def put(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def card(root: Path, text: str) -> None:
    path = root / "sys/class/mmc_host/mmc0/mmc0:0001/life_time"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_machines_files_become_vitals(tmp_path: Path) -> None:
    put(tmp_path, proc__uptime="5231.12 20000.00\n", sys__class__thermal__thermal_zone0__type="cpu-thermal\n")
    put(tmp_path, sys__class__thermal__thermal_zone0__temp="61234\n")
    card(tmp_path, "0x02 0x03\n")
    found = read_vitals(tmp_path, tmp_path)
    assert (found.uptime_s, found.temperature_c, found.disk_wear_percent) == (5231.12, 61.234, 30.0)
    assert found.disk_free_mib is not None
    assert found.disk_total_mib is not None
    assert found.disk_free_mib < found.disk_total_mib


def test_what_is_not_reported_is_absent(tmp_path: Path) -> None:
    found = read_vitals(tmp_path / "gone", tmp_path)
    assert found == Vitals()
    for text, percent in (("0x00 0x00", None), ("0x0b 0x01", 110.0), ("0x0c 0x01", 10.0), ("nonsense", None)):
        card(tmp_path, text)
        assert wear_percent(tmp_path) == percent, text


def test_it_is_sent_on_a_change_and_every_half_hour() -> None:
    now_s, machine, errors = [0.0], [Vitals(temperature_c=50.0)], LastError()
    condition = Condition(lambda: machine[0], lambda: 3, lambda: 0, errors, lambda: now_s[0])
    assert condition.now().waiting_results == 3
    now_s[0] += LOOK_EVERY_S
    machine[0] = Vitals(temperature_c=70.0)
    assert condition.due() is None
    machine[0] = Vitals(throttle_flags=("throttled",))
    assert condition.due() is None  # looked a moment ago
    now_s[0] += LOOK_EVERY_S
    assert (sent := condition.due()) is not None
    assert sent.throttle_flags == ("throttled",)
    errors.handle(logging.makeLogRecord({"msg": "offline: gone\nmore", "levelno": logging.WARNING}))
    now_s[0] += LOOK_EVERY_S
    assert (sent := condition.due()) is not None
    assert sent.last_error == "offline: gone"
    now_s[0] += SEND_EVERY_S - LOOK_EVERY_S
    assert condition.due() is None
    now_s[0] += LOOK_EVERY_S
    assert condition.due() is not None


def test_a_broken_database_is_absent_and_no_end() -> None:
    def broken() -> int:
        raise sqlite3.OperationalError("disk I/O error")

    assert Condition(Vitals, broken, broken, LastError()).now().waiting_results is None


def test_an_older_hub_reads_the_state_without_them() -> None:
    state = State(
        device_id="d-1", session_id="s", name="n", online=True, agent_version="1", hostname="h", vitals=Vitals()
    )
    read = codec.decode("state", codec.encode(state).replace(b'"vitals"', b'"of_a_later_release"'))
    assert isinstance(read, State)
    assert read.vitals is None
    assert len(codec.encode(state)) < 1200
