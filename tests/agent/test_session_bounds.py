"""A broker that announces a packet larger than any of ours is left, before the packet is held."""

import socket
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from edgeprof.wire import WIRE_VERSION
from edgeprof.wire.messages import Bootstrap, Vitals
from edgeprof_agent.daemon.condition import Condition, LastError
from edgeprof_agent.daemon.http import HubHttp
from edgeprof_agent.daemon.session import MAX_PACKET_BYTES, ConnectionFailed, Inbound, MqttSession
from tests.agent import pieces
from tests.agent.agent_process import facts

CONNACK = b"\x20\x02\x00\x00"


class Listener:
    def on_message(self, message: Inbound) -> None:
        raise AssertionError(message)

    def on_online(self) -> None: ...
    def on_offline(self) -> None: ...


def remaining_length(size: int) -> bytes:
    """MQTT 3.1.1, 2.2.3."""
    out = bytearray()
    while True:
        size, digit = divmod(size, 128)
        out.append(digit | (128 if size else 0))
        if not size:
            return bytes(out)


@pytest.mark.parametrize("size", [MAX_PACKET_BYTES + 1, 268_435_455])
def test_a_packet_without_measure_ends_the_connection(size: int, tmp_path: Path) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def broker() -> None:
        line, _ = listener.accept()
        with line:
            line.recv(4096)
            line.sendall(CONNACK + b"\x30" + remaining_length(size) + b"x" * 100)
            with suppress(ConnectionResetError):
                while line.recv(4096):
                    pass

    thread = threading.Thread(target=broker)
    thread.start()
    bootstrap = Bootstrap(
        hub_id="h",
        hub_version="0",
        hub_time_s=0.0,
        site="home",
        wire_min=WIRE_VERSION,
        wire_max=WIRE_VERSION,
        mqtt_host="127.0.0.1",
        mqtt_port=int(listener.getsockname()[1]),
        mqtt_tls=False,
        mqtt_username=None,
    )
    condition = Condition(Vitals, lambda: 0, lambda: 0, LastError())
    session = MqttSession(
        HubHttp("http://127.0.0.1:1"), bootstrap, pieces.WHO, facts(pieces.WHO), Listener(), 20, condition
    )
    with pytest.raises(ConnectionFailed):
        session.serve(lambda: None)
    thread.join(10)
    listener.close()
    assert not thread.is_alive()
