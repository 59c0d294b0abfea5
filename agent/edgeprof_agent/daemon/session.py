"""One MQTT 3.1.1 connection to the broker, from CONNECT over the birth to the farewell, on paho's client."""

import logging
import ssl
import struct
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, cast

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edgeprof.errors import EdgeprofError
from edgeprof.version import __version__
from edgeprof.wire import codec, topics
from edgeprof.wire.messages import Bootstrap, Facts, State, Vitals
from edgeprof.wire.topics import Upward
from edgeprof_agent.daemon.condition import Condition
from edgeprof_agent.daemon.failed import Identity
from edgeprof_agent.daemon.http import HubHttp

log = logging.getLogger(__name__)

ANSWER_S = 10.0
FAREWELL_S = 2.0
MAX_PACKET_BYTES = 256 * 1024
"""What brokers of ours let through. MQTT allows 256 MiB, which whatever listens on that port could make us hold."""


class ConnectionFailed(EdgeprofError):
    """The broker could not be reached or did not let this agent in."""

    def __init__(self, message: str) -> None:
        super().__init__("broker_unreachable", message)


@dataclass(frozen=True)
class Inbound:
    """One message from the hub. The broker forgets it when `ack` is called, so that is done after it is stored."""

    message_class: str
    payload: bytes
    ack: Callable[[], None]


class Listener(Protocol):
    """Who is told. Called on the network thread: must not block and must not raise."""

    def on_message(self, message: Inbound) -> None: ...


class _TakesTls(Protocol):
    """paho leaves this parameter untyped."""

    def tls_set_context(self, context: ssl.SSLContext) -> None: ...


class _BoundedClient(mqtt.Client):
    """paho asks the socket for all that is left of a packet, and has no bound on that with MQTT 3.1.1."""

    def _sock_recv(self, bufsize: int) -> bytes:
        if bufsize > MAX_PACKET_BYTES:
            raise OSError(f"a packet of {bufsize:,} bytes")  # ends the connection
        return super()._sock_recv(bufsize)


class MqttSession:
    """One MQTT connection, from CONNECT to its end. The thread of `serve` is the only one that touches the socket."""

    def __init__(
        self,
        hub: HubHttp,
        bootstrap: Bootstrap,
        identity: Identity,
        facts: Facts,
        listener: Listener,
        keepalive_s: int,
        condition: Condition,
    ) -> None:
        self._bootstrap = bootstrap
        self._host = bootstrap.mqtt_host or hub.host
        self._facts = facts
        self._listener = listener
        self._keepalive_s = keepalive_s
        self._condition = condition
        self._online_state = State(
            device_id=identity.device_id,
            session_id=identity.session_id,
            name=identity.name,
            online=True,
            agent_version=__version__,
            hostname=identity.hostname,
            place=identity.place,
        )
        self._born = threading.Event()
        self._ended = threading.Event()
        self._failure: str | None = None
        self._on_born: Callable[[], None] = lambda: None
        self.refusal: str | None = None
        self._client = self._make_client(hub)

    def serve(self, on_born: Callable[[], None]) -> None:
        """Connect and serve until the connection ends. Raises ConnectionFailed if it never stood."""
        self._on_born = on_born
        where = f"{self._host}:{self._bootstrap.mqtt_port}"
        try:
            self._client.connect(self._host, self._bootstrap.mqtt_port, self._keepalive_s)
        except (OSError, ValueError) as error:
            raise ConnectionFailed(f"The broker at {where} does not answer ({error}).") from error
        self._loop()
        if self._failure or not self._born.is_set():
            raise ConnectionFailed(self._failure or f"The broker at {where} closed the connection.")

    def publish(self, message_class: Upward, payload: bytes, qos: int, retain: bool = False) -> bool:
        topic = topics.build(self._bootstrap.site, self._online_state.device_id, message_class)
        return self._client.publish(topic, payload, qos, retain).rc == MQTTErrorCode.MQTT_ERR_SUCCESS

    def announce(self) -> None:
        """Answer the hub's question whether this agent is there. Before the birth, that is the answer."""
        if self._born.is_set():
            self._publish_birth(replace(self._online_state, is_answer=True))

    def _publish_birth(self, state: State) -> None:
        self._publish_state(state, self._condition.now())
        self.publish("facts", codec.encode(self._facts), 1, retain=True)

    def _publish_state(self, state: State, vitals: Vitals) -> None:
        self.publish("state", codec.encode(replace(state, vitals=vitals)), 1, retain=True)

    def end(self, refusal: str) -> None:
        self.refusal = refusal
        self._ended.set()
        self._client.disconnect()

    def farewell(self) -> None:
        """A broker sends no will after a clean DISCONNECT, so the offline state is published first."""
        if self._born.is_set():
            offline = codec.encode(replace(self._online_state, online=False))
            topic = topics.build(self._bootstrap.site, self._online_state.device_id, "state")
            try:
                self._client.publish(topic, offline, qos=1, retain=True).wait_for_publish(FAREWELL_S)
            except (RuntimeError, ValueError) as error:
                log.warning("link.farewell_failed reason=%s", error)
        self._ended.set()
        self._client.disconnect()

    def _loop(self) -> None:
        """paho's own loop, one call at a time: it blocks until there is something, and ends with the connection."""
        step_s = min(5.0, self._keepalive_s / 2)
        answer_by_s = time.monotonic() + ANSWER_S
        try:
            while self._client.loop(step_s) == MQTTErrorCode.MQTT_ERR_SUCCESS:
                if self._ended.is_set():  # also where that came before there was a socket to close
                    self._client.disconnect()
                elif not self._born.is_set() and time.monotonic() > answer_by_s:
                    raise ConnectionFailed("The broker accepts the connection but does not answer.")
                elif self._born.is_set() and (vitals := self._condition.due()) is not None:
                    self._publish_state(replace(self._online_state, is_answer=True), vitals)
        except (ValueError, IndexError, KeyError, struct.error) as error:
            raise ConnectionFailed(f"The broker's reply is not MQTT ({error}).") from error

    def _make_client(self, hub: HubHttp) -> mqtt.Client:
        client = _BoundedClient(
            CallbackAPIVersion.VERSION2,
            client_id=self._online_state.device_id,
            clean_session=False,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        if self._bootstrap.mqtt_username:
            client.username_pw_set(self._bootstrap.mqtt_username, hub.token)
        if self._bootstrap.mqtt_tls:
            cast(_TakesTls, client).tls_set_context(hub.tls_context())
        will = codec.encode(replace(self._online_state, online=False))
        client.will_set(topics.build(self._bootstrap.site, self._online_state.device_id, "state"), will, 1, True)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        # With this set, publish() in another thread wakes the loop instead of writing to the socket itself.
        client.on_socket_register_write = _leave_it_to_the_loop
        return client

    def _on_connect(
        self, client: mqtt.Client, _data: object, _flags: mqtt.ConnectFlags, code: ReasonCode, _more: Properties | None
    ) -> None:
        if code.is_failure:
            self._failure = f"The broker refused the connection: {code}."
            return
        filters = topics.agent_filters(self._bootstrap.site, self._online_state.device_id)
        client.subscribe([(name, 1) for name in filters])

    def _on_subscribe(
        self, client: mqtt.Client, _data: object, _mid: int, codes: Sequence[ReasonCode], _more: Properties | None
    ) -> None:
        """The birth comes after the subscription stands: the hub answers it with jobs."""
        if any(code.is_failure for code in codes):
            self._failure = "The broker refused the subscription."
            client.disconnect()
            return
        self._publish_birth(self._online_state)
        self._born.set()
        self._on_born()

    def _on_message(self, client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        topic = topics.parse(message.topic)
        ack = _Ack(client, message.mid, message.qos)
        if topic is None or topic.device_id != self._online_state.device_id:
            ack()
            return
        self._listener.on_message(Inbound(topic.message_class, bytes(message.payload), ack))


@dataclass(frozen=True)
class _Ack:
    """Acknowledges on the connection that brought the message: packet ids mean nothing on a later one."""

    client: mqtt.Client
    mid: int
    qos: int

    def __call__(self) -> None:
        if self.client.is_connected():
            self.client.ack(self.mid, self.qos)


def _leave_it_to_the_loop(_client: mqtt.Client, _data: object, _socket: object) -> None:
    return None
