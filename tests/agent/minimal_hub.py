"""As much of a hub as an agent can see: bootstrap, claims, blobs, artifacts, jobs and receipts, on a real broker."""

import hashlib
import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeVar

import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edgeprof.signing import seals
from edgeprof.wire import WIRE_VERSION, codec, topics
from edgeprof.wire.messages import (
    Bootstrap,
    Cancel,
    Hello,
    Holdings,
    Job,
    Message,
    ModelRef,
    Receipt,
    ReceiptStatus,
    Refusal,
    Result,
    State,
)
from edgeprof.wire.topics import Downward
from tests.ports import free_port

T = TypeVar("T", bound=Message)
SITE = "home"
MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"


def eventually(question: Callable[[], bool], within_s: float = 20.0) -> None:
    """Wait for something that another thread or process does; fails by itself if it never does."""
    deadline_s = time.monotonic() + within_s
    while not question():
        assert time.monotonic() < deadline_s, "it did not happen"
        time.sleep(0.01)


class Mosquitto:
    """A broker that keeps nothing over a restart."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        lines = f"listener {self.port} 127.0.0.1", "allow_anonymous true", "persistence false", "user root"
        self._config.write_text("\n".join(lines) + "\n")  # in a user namespace nobody else exists
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen([MOSQUITTO, "-c", str(self._config)], stderr=subprocess.DEVNULL)
        eventually(self._answers)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class MinimalHub:
    """Records what agents say. `lose_receipts`: so many results are received and not receipted."""

    def __init__(self, broker_port: int) -> None:
        self.broker_port = broker_port
        self.blobs: dict[str, bytes] = {}
        self.artifacts: dict[str, bytes] = {}
        self.hellos: list[Hello] = []
        self.claim_refusal: str | None = None
        self.refused_claims = 0
        self.hub_id = "h-1"
        self.hub_session = ""
        self.promised_key = b""
        """That of the bootstrap document."""
        self.sealing_key = b""
        """That of its own receipts."""
        self.hub_version = "0"
        self.holdings: list[Holdings] = []
        self.receipt_status: ReceiptStatus = "stored"
        self.artifact_refusal: tuple[int, bytes] | None = None
        self.wire_max = WIRE_VERSION
        self.lose_receipts = 0
        self.results: dict[str, list[bytes]] = {}
        self.received: list[tuple[topics.Topic, Message, bool]] = []
        self.order: list[str] = []
        self._owners: dict[str, str] = {}
        self._http = _Server(self)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self._client = self._connect()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def offer(self, model: ModelRef, contents: dict[str, bytes]) -> None:
        for file in model.manifest.files:
            self.blobs[file.sha256] = contents[file.path]

    def send(self, device_id: str, message: Job | Cancel | Receipt | Refusal) -> None:
        names: dict[type, Downward] = {Job: "job", Cancel: "cancel", Receipt: "receipt", Refusal: "refusal"}
        self.send_raw(device_id, names[type(message)], codec.encode(message))

    def send_raw(self, device_id: str, name: Downward, payload: bytes) -> None:
        self._client.publish(topics.build(SITE, device_id, name), payload, qos=1)

    def publish_retained(self, topic: str, payload: bytes) -> None:
        """What a broker gives to everybody who subscribes later."""
        self._client.publish(topic, payload, qos=1, retain=True)

    def received_of(self, kind: type[T]) -> list[T]:
        return [message for _, message, _ in self.received if isinstance(message, kind)]

    def decoded(self) -> list[Result]:
        """Every result once, in the order of first arrival."""
        return [codec.decode_as(Result, payloads[0]) for payloads in self.results.values()]

    def is_online(self, device_id: str) -> bool:
        states = [state.online for state in self.received_of(State) if state.device_id == device_id]
        return bool(states) and states[-1]

    def receipt(self, result_id: str) -> None:
        digest = hashlib.sha256(self.results[result_id][0]).hexdigest()
        receipt = Receipt(result_id=result_id, sha256=digest, status=self.receipt_status)
        self.send(self._owners[result_id], seals.sealed(receipt, self.sealing_key) if self.sealing_key else receipt)

    def bootstrap(self) -> Bootstrap:
        return Bootstrap(
            hub_id=self.hub_id,
            hub_version=self.hub_version,
            hub_time_s=time.time(),
            site=SITE,
            wire_min=WIRE_VERSION if self.wire_max >= WIRE_VERSION else self.wire_max,
            wire_max=self.wire_max,
            mqtt_host="127.0.0.1",
            mqtt_port=self.broker_port,
            mqtt_tls=False,
            mqtt_username=None,
            hub_session=self.hub_session,
            seal_key_hex=self.promised_key.hex(),
        )

    def _connect(self) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id="hub", clean_session=False, protocol=MQTTProtocolVersion.MQTTv311
        )
        client.on_connect = self._on_connect
        client.on_message = self._on_message
        client.reconnect_delay_set(1, 1)
        client.connect("127.0.0.1", self.broker_port)
        client.loop_start()
        eventually(client.is_connected)
        return client

    def _on_connect(
        self, client: mqtt.Client, _data: object, _flags: mqtt.ConnectFlags, _code: ReasonCode, _more: Properties | None
    ) -> None:
        client.subscribe([(name, 1) for name in topics.hub_filters()])

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        topic = topics.parse(message.topic)
        assert topic is not None
        payload = bytes(message.payload)
        content = codec.decode(topic.message_class, payload)
        self.received.append((topic, content, message.retain))
        if isinstance(content, Result):
            self.order.append(f"result {content.result_id}")
            self._owners[content.result_id] = topic.device_id
            self.results.setdefault(content.result_id, []).append(payload)
            if self.lose_receipts:
                self.lose_receipts -= 1
            else:
                self.receipt(content.result_id)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, hub: MinimalHub) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hub = hub


class _Handler(BaseHTTPRequestHandler):
    @property
    def hub(self) -> MinimalHub:
        assert isinstance(self.server, _Server)
        return self.server.hub

    def do_GET(self) -> None:
        if self.path == "/api/v1/bootstrap":
            return self._reply(200, json.dumps(asdict(self.hub.bootstrap())).encode())
        blob = self.hub.blobs.get(self.path.rpartition("/")[2])
        if blob is None:
            return self._reply(404, b'{"error": {"code": "not_found", "message": "No such blob."}}')
        return self._reply(200, blob)

    def do_HEAD(self) -> None:
        self._reply(200 if self.path.rpartition("/")[2] in self.hub.artifacts else 404, b"")

    def do_POST(self) -> None:
        if self.path.endswith("/holdings"):
            holdings = msgspec.json.decode(self._body(), type=Holdings)
            self.hub.holdings.append(holdings)
            lacking = [result_id for result_id in holdings.results if result_id not in self.hub.results]
            return self._reply(200, json.dumps({"result_ids": lacking}).encode())
        hello = msgspec.json.decode(self._body(), type=Hello)
        hub = self.hub
        if hub.claim_refusal:
            hub.refused_claims += 1
            error = {"error": {"code": "device_id_in_use", "message": hub.claim_refusal}}
            return self._reply(409, json.dumps(error).encode())
        hub.hellos.append(hello)
        return self._reply(200, json.dumps({"session_id": hello.session_id}).encode())

    def do_PUT(self) -> None:
        sha256 = self.path.rpartition("/")[2]
        body = self._body()
        if self.hub.artifact_refusal:
            return self._reply(*self.hub.artifact_refusal)
        if hashlib.sha256(body).hexdigest() != sha256:
            return self._reply(422, b'{"error": {"code": "hash_mismatch", "message": "Other bytes than named."}}')
        self.hub.order.append(f"artifact {sha256}")
        self.hub.artifacts[sha256] = body
        return self._reply(201, b"{}")

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def _reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return None
