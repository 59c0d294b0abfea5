"""A hub with TLS in this process, and clients that speak to it as devices do: by certificate, by token, by neither."""

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import paho.mqtt.client as mqtt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from paho.mqtt.enums import CallbackAPIVersion

from edgeprof.sd_notify import Notifier
from edgeprof.wire.join_token import parse
from edgeprof_hub import http_bounds
from edgeprof_hub.app import create_app
from edgeprof_hub.config import HubSettings
from edgeprof_hub.context import HubContext
from edgeprof_hub.identity.identities import Identities
from edgeprof_hub.lifecycle.running import running
from edgeprof_hub.server import HubServer, configured
from tests.hub.live import eventually
from tests.ports import free_port

HOST = "127.0.0.1"


@dataclass
class TlsHub:
    """One that runs."""

    hub: HubContext
    port: int
    folder: Path
    plain_port: int = 0

    @property
    def identities(self) -> Identities:
        assert self.hub.identities is not None
        return self.hub.identities

    @property
    def ca_file(self) -> Path:
        return self.folder / "identity" / "ca.pem"

    def secret(self, device_id: str | None = None, ttl_s: float = 60.0) -> str:
        token, _ = self.identities.new_join_token(ttl_s, device_id)
        return parse(str(token)).secret

    def context(self, pem: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.ca_file))
        if pem and key:
            context.load_cert_chain(pem, key)
        return context

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        context: ssl.SSLContext | None = None,
        token: str | None = None,
    ) -> tuple[int, Any]:
        """Status, and the answer read as JSON where it is that."""
        line = http.client.HTTPSConnection(HOST, self.port, timeout=20, context=context or self.context())
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        data = None if body is None else json.dumps(body)
        if data is not None:
            headers["Content-Type"] = "application/json"
        try:
            line.request(method, path, data, headers)
            answer = line.getresponse()
            content = answer.read()
            is_json = "json" in answer.getheader("Content-Type", "")
            return answer.status, json.loads(content) if is_json and content else content
        finally:
            line.close()


@contextmanager
def serving_tls(data: Path, token: str | None = None, *, keep_ports: HubSettings | None = None) -> Generator[TlsHub]:
    """Starts it, and stops it. `keep_ports`: the settings of an earlier one in this folder."""
    settings = keep_ports or HubSettings(
        data=data,
        token=token,
        mqtt_port=free_port(),
        tls=True,
        tls_port=free_port(),
        mqtt_tls_port=_two_free_ports(),
    )
    with (
        running(settings) as hub,
        socket.create_server((HOST, 0)) as plain,
        socket.create_server((HOST, settings.tls_port)) as secure,
    ):
        configuration = configured(create_app(settings, hub), http_bounds.Limits())
        server = HubServer(configuration, hub, Notifier({}), lambda: None, secure)
        thread = threading.Thread(target=server.run, args=([plain],))
        thread.start()
        try:
            eventually(lambda: server.started and len(server.servers) == 2 and hub.link.is_connected)
            yield TlsHub(hub, settings.tls_port, data, int(plain.getsockname()[1]))
        finally:
            hub.events.close()
            server.should_exit = True
            thread.join()


def _two_free_ports() -> int:
    while True:
        port = free_port()
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port + 1))
            except OSError:
                continue
            return port


def request_of(key: ec.EllipticCurvePrivateKey) -> str:
    """A certificate request; what it says of a name is ignored."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


@dataclass
class Device:
    """A device with a key of its own."""

    folder: Path
    device_id: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def pem(self) -> Path:
        return self.folder / f"{self.device_id}.pem"

    @property
    def key_file(self) -> Path:
        return self.folder / f"{self.device_id}.key"

    def join(self, served: TlsHub, secret: str) -> tuple[int, Any]:
        """What the hub answers; the certificate is kept."""
        document = {"secret": secret, "device_id": self.device_id, "csr_pem": request_of(self.key)}
        status, answer = served.ask("POST", "/api/v1/enrol", document)
        if status == 200:
            self.keep(answer["certificate_pem"])
        return status, answer

    def keep(self, certificate: str) -> None:
        self.pem.write_text(certificate)
        self.key_file.write_bytes(
            self.key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )

    def context(self, served: TlsHub) -> ssl.SSLContext:
        return served.context(self.pem, self.key_file)


class Mqtt:
    """A client of the broker that comes back by itself, and writes down what happens to it."""

    def __init__(self, port: int, client_id: str, context: ssl.SSLContext | None, user: tuple[str, str] | None = None):
        self.connects = 0
        self.refusals: list[str] = []
        self.received: list[tuple[str, bytes]] = []
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=True)
        if context is not None:
            cast(Any, self.client).tls_set_context(context)
        if user is not None:
            self.client.username_pw_set(*user)
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = self._connected
        self.client.on_message = lambda _c, _d, message: self.received.append((message.topic, bytes(message.payload)))
        self.client.connect_async(HOST, port, 20)

    def __enter__(self) -> "Mqtt":
        self.client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    @property
    def is_in(self) -> bool:
        return self.client.is_connected()

    def publish(self, topic: str, payload: bytes) -> None:
        """Returns when the broker has taken it; one that may not write is not told so."""
        self.client.publish(topic, payload, qos=1).wait_for_publish(10)

    def _connected(self, *arguments: Any) -> None:
        reason = arguments[3]
        if reason.is_failure:
            self.refusals.append(str(reason))
        else:
            self.connects += 1
