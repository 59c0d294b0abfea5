"""The hub's brokers: what each promises, what it refuses, and that it comes back when it dies."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edgeprof.errors import MissingPartError, UsageError
from edgeprof.wire import codec
from edgeprof.wire import messages as m
from edgeprof_hub.broker import choice, external, mosquitto, ports
from edgeprof_hub.broker.base import BrokerEndpoint
from edgeprof_hub.broker.embedded import EmbeddedBroker
from edgeprof_hub.broker.external import ExternalBroker
from edgeprof_hub.broker.mosquitto import MosquittoBroker
from edgeprof_hub.config import HubSettings
from tests.hub import fleet
from tests.hub.fake_agent import FakeAgent
from tests.hub.live import Live, eventually, free_port, serving

TOKEN = "a-token-for-tests-only"


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Live]:
    with serving(tmp_path, token=TOKEN, broker="mosquitto") as live:
        yield live


@pytest.mark.parametrize(
    ("host", "broker", "kind"),
    [
        ("127.0.0.1", "", EmbeddedBroker),
        ("::1", "", EmbeddedBroker),
        ("localhost", "embedded", EmbeddedBroker),
        ("0.0.0.0", "", MosquittoBroker),
        ("192.168.1.5", "", MosquittoBroker),
        ("127.0.0.1", "mosquitto", MosquittoBroker),
        ("0.0.0.0", "mqtt://broker.example", ExternalBroker),
    ],
)
def test_the_settings_choose_the_broker(tmp_path: Path, host: str, broker: str, kind: type) -> None:
    assert isinstance(choice.choose(HubSettings(data=tmp_path, host=host, broker=broker, token=TOKEN)), kind)


def test_the_embedded_broker_is_refused_beyond_loopback(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="this machine only"):
        choice.choose(HubSettings(data=tmp_path, host="0.0.0.0", broker="embedded", token=TOKEN))


def test_the_embedded_broker_listens_on_loopback_only(tmp_path: Path) -> None:
    with serving(tmp_path) as live:
        port = f"{live.hub.endpoint.port:04X}"
        lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        listening = {line[1] for line in lines if line[3] == "0A" and line[1].endswith(f":{port}")}
        assert listening == {f"0100007F:{port}"}


def test_with_a_token_the_embedded_broker_lets_nobody_else_in(tmp_path: Path) -> None:
    with serving(tmp_path, token=TOKEN) as live:
        check_only_the_token_opens(live)
        config = live.hub.settings.data / "broker" / "iotcore.toml"
        assert config.stat().st_mode & 0o777 == 0o600


def check_only_the_token_opens(live: Live) -> None:
    port = live.hub.endpoint.port
    with FakeAgent(port, 1) as anonymous, FakeAgent(port, 2, token="wrong") as wrong:
        eventually(lambda: anonymous.refused and wrong.refused)
    with FakeAgent(port, 3, token=TOKEN) as right:
        eventually(lambda: right.is_connected)
        eventually(lambda: [device.device_id for device in live.hub.reader.devices()] == [right.device_id])


@pytest.mark.mosquitto
def test_with_a_token_mosquitto_lets_nobody_else_in(guarded: Live) -> None:
    check_only_the_token_opens(guarded)


@pytest.mark.mosquitto
def test_no_secret_is_on_a_command_line_or_readable_by_others(guarded: Live) -> None:
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            assert TOKEN.encode() not in entry.read_bytes()
        except OSError:
            continue
    folder = guarded.hub.settings.data / "broker"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert TOKEN not in (folder / "passwords").read_text()


@pytest.mark.mosquitto
def test_with_mosquitto_a_device_writes_and_reads_below_its_own_id_only(guarded: Live) -> None:
    port = guarded.hub.endpoint.port
    with FakeAgent(port, 1, TOKEN) as victim, FakeAgent(port, 2, TOKEN) as thief:
        eventually(lambda: len(guarded.hub.reader.devices()) == 2)
        thief.publish("state", codec.encode(replace(victim.state, name="stolen")), device_id=victim.device_id)
        thief.publish("receipt", b"{}")
        thief.listen_to(victim.device_id)
        result = fleet.result(1, fleet.model("cnn", "digits"), fleet.vision_rows(4.0, 0.1))
        victim.post(result)
        victim.wait_until_empty()
        thief.post(replace(result, result_id="r-2", device_id=thief.device_id))
        thief.wait_until_empty()
        assert {device.name for device in guarded.hub.reader.devices()} == {"agent-1", "agent-2"}
        assert [receipt.result_id for receipt in thief.got(m.Receipt)] == ["r-2"]


@pytest.mark.mosquitto
def test_mosquitto_serves_this_machine_without_a_token(tmp_path: Path) -> None:
    with serving(tmp_path, broker="mosquitto") as live, FakeAgent(live.hub.endpoint.port) as agent:
        agent.post(fleet.result(1, fleet.model("cnn", "digits"), fleet.vision_rows(4.0, 0.1)))
        agent.wait_until_empty()
        assert live.hub.broker_title.startswith("mosquitto 2.")


@pytest.mark.mosquitto
def test_mosquitto_killed_in_mid_stream_costs_no_result(guarded: Live) -> None:
    model = fleet.model("cnn", "digits")
    with FakeAgent(guarded.hub.endpoint.port, 1, TOKEN) as agent:
        results = [fleet.result(1, model, fleet.vision_rows(4.0, 0.1)) for _ in range(300)]
        for number, result in enumerate(results):
            agent.post(result)
            if number == 150:
                os.kill(mosquitto_pid(guarded), signal.SIGKILL)
        agent.wait_until_empty()
    found = {stored.result.result_id for stored in guarded.hub.reader.results(limit=1000)}
    assert found == {result.result_id for result in results}


def mosquitto_pid(live: Live) -> int:
    return int((live.hub.settings.data / "broker" / "mosquitto.pid").read_text())


@pytest.mark.mosquitto
def test_the_broker_that_a_killed_hub_left_is_ended_and_no_other(tmp_path: Path) -> None:
    first = MosquittoBroker(tmp_path, "127.0.0.1", free_port(), TOKEN)
    first.start()
    config = tmp_path / "mosquitto.conf"
    orphan = int((tmp_path / "mosquitto.pid").read_text())
    first.stop()
    assert not Path(f"/proc/{orphan}").exists()
    program = mosquitto.find_program("mosquitto")
    with subprocess.Popen([program, "-c", str(config)], stderr=subprocess.DEVNULL) as left_behind:
        eventually(lambda: (tmp_path / "mosquitto.pid").exists())
        port = int((tmp_path / ports.PORT_FILE).read_text())
        second = MosquittoBroker(tmp_path, "127.0.0.1", port, TOKEN)
        second.start()
        assert left_behind.wait(10) is not None
        second.stop()
    (tmp_path / "mosquitto.pid").write_text(f"{os.getpid()}\n")
    third = MosquittoBroker(tmp_path, "127.0.0.1", port, TOKEN)
    third.start()
    third.stop()


@pytest.mark.mosquitto
def test_an_address_of_another_machine_cannot_be_listened_on(tmp_path: Path) -> None:
    broker = MosquittoBroker(tmp_path, "192.0.2.1", free_port(), TOKEN)
    with pytest.raises(UsageError, match=r"cannot listen on 192\.0\.2\.1"):
        broker.start()


def test_without_mosquitto_the_install_line_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(mosquitto, "MORE_PLACES", str(tmp_path))
    with pytest.raises(MissingPartError, match="sudo apt install mosquitto") as caught:
        MosquittoBroker(tmp_path, "0.0.0.0", None, TOKEN).start()
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("url", "token", "endpoint"),
    [
        ("mqtt://b", None, BrokerEndpoint(host="b", port=1883, agent_host="b")),
        (
            "mqtts://u@b:99",
            TOKEN,
            BrokerEndpoint(
                host="b", port=99, tls=True, username="u", password=TOKEN, agent_host="b", agent_username="u"
            ),
        ),
    ],
)
def test_an_external_broker_is_named_by_its_url(url: str, token: str | None, endpoint: BrokerEndpoint) -> None:
    assert external.parse(url, token) == endpoint


@pytest.mark.parametrize(
    "url", ["emqx", "http://b", "mqtt://", "mqtt://u:secret@b", "mqtt://b:notaport", "mqtt://[::1"]
)
def test_what_names_no_broker_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        external.parse(url, None)


def test_a_broker_port_is_kept_and_a_taken_one_refused(tmp_path: Path) -> None:
    wanted = free_port()
    assert ports.choose("127.0.0.1", wanted, tmp_path) == wanted
    assert ports.choose("127.0.0.1", None, tmp_path) == wanted
    with socket.create_server(("127.0.0.1", wanted)):
        assert ports.choose("127.0.0.1", None, tmp_path) != wanted
        with pytest.raises(UsageError, match="--mqtt-port"):
            ports.choose("127.0.0.1", wanted, tmp_path)
