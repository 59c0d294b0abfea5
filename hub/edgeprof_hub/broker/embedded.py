"""The broker that comes with the hub's packages: iotcore (rumqttd). Loopback only, and it forgets when it ends.

It has no rights per topic and checks no client certificates, which is why it never listens beyond this machine.
"""

import json
from pathlib import Path

import iotcore

from edgeprof.errors import EdgeprofError
from edgeprof_hub import private_file
from edgeprof_hub.broker import ports, probe, supervised
from edgeprof_hub.broker.base import AGENT_USER, BrokerEndpoint
from edgeprof_hub.broker.supervised import Supervisor

HOST = "127.0.0.1"
MAX_PACKET_BYTES = 262_144
MAX_START_S = 10.0
_CONFIG = """\
id = 0

[router]
id = 0
max_connections = 2000
max_outgoing_packet_count = 200
max_segment_size = 1048576
max_segment_count = 8

[v4.1]
name = "v4-1"
listen = "{host}:{port}"
next_connection_delay_ms = 1

[v4.1.connections]
connection_timeout_ms = 60000
max_payload_size = {largest}
max_inflight_count = 100
dynamic_filters = true
"""


class EmbeddedBroker:
    """iotcore as a child process."""

    def __init__(self, folder: Path, port: int | None, token: str | None) -> None:
        self._folder = folder
        self._wanted_port = port
        self._token = token
        self._supervisor: Supervisor | None = None

    @property
    def title(self) -> str:
        return "embedded (this machine only; keeps nothing across restarts, results do not depend on it)"

    def start(self) -> BrokerEndpoint:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        port = ports.choose(HOST, self._wanted_port, self._folder)
        config = self._write_config(port)
        user = AGENT_USER if self._token else None
        self._supervisor = Supervisor(
            "embedded",
            lambda: _Child(config),
            lambda: probe.answers(HOST, port, user, self._token, supervised.ANSWER_WITHIN_S),
        )
        self._supervisor.start()
        return BrokerEndpoint(
            host=HOST, port=port, username=user, password=self._token, agent_host=HOST, agent_username=user
        )

    def stop(self) -> None:
        if self._supervisor:
            self._supervisor.stop()

    def _write_config(self, port: int) -> Path:
        """In a file and not on the command line, where every user of the machine could read the token."""
        text = _CONFIG.format(host=HOST, port=port, largest=MAX_PACKET_BYTES)
        if self._token:
            text += f"\n[v4.1.connections.auth]\n{AGENT_USER} = {json.dumps(self._token)}\n"
        file = self._folder / "iotcore.toml"
        private_file.write(file, text)
        return file


class _Child:
    """One life of the broker."""

    def __init__(self, config: Path) -> None:
        try:
            self._broker = iotcore.Broker(config_path=str(config))
            self._broker.start(MAX_START_S)
        except (OSError, RuntimeError, ValueError) as error:
            raise EdgeprofError("broker_failed", f"The embedded broker failed to start: {error}") from error

    def is_running(self) -> bool:
        return self._broker.is_running

    def stop(self) -> None:
        self._broker.stop()
