"""The hub's one MQTT connection: persistent session, fixed client id, acknowledged by hand."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edgeprof.wire import codec, topics
from edgeprof.wire.messages import ANNOUNCE, DownwardMessage, Refusal
from edgeprof_hub.broker.base import BrokerEndpoint
from edgeprof_hub.broker.buffered_client import BufferedClient
from edgeprof_hub.broker.network_loop import NetworkLoop
from edgeprof_hub.signing.device_seals import DeviceSeals

log = logging.getLogger(__name__)

KEEPALIVE_S = 20
MAX_PAUSE_S = 5
MAX_IN_FLIGHT = 1000


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """One message as it came. Its `mid` means something only within its `connection`."""

    topic: str
    payload: bytes
    qos: int
    mid: int
    connection: int
    received_s: float
    is_retained: bool = False
    """The broker had kept it: it says nothing about who is there now."""


class _Secured(Protocol):
    """paho's own annotation of this method uses types that it does not export."""

    def tls_set(self) -> None: ...


class AgentLink:
    """Receives for `on_arrival`, which must not wait: it runs in the network thread."""

    def __init__(
        self,
        client_id: str,
        site: str,
        endpoint: BrokerEndpoint,
        on_arrival: Callable[[Arrival], None],
        on_connected: Callable[[bool], object],
        seals: DeviceSeals | None = None,
    ) -> None:
        """`on_connected` gets whether the broker still has this hub's session. `seals`: None where there is no TLS."""
        self._site = site
        self._endpoint = endpoint
        self._on_arrival = on_arrival
        self._on_connected = on_connected
        self._seals = seals
        self._connection = 0
        self._lock = threading.Lock()
        self._client = self._make_client(client_id)
        self._loop = NetworkLoop(self._client, MAX_PAUSE_S, self._not_reached)

    @property
    def is_connected(self) -> bool:
        """Whether the broker has accepted the hub."""
        return self._client.is_connected()

    def start(self) -> None:
        """Connect in the background, for as long as it takes."""
        self._client.connect_async(self._endpoint.host, self._endpoint.port, KEEPALIVE_S)
        self._loop.start()

    def stop(self) -> None:
        """Disconnect and end the network thread."""
        self._loop.stop()

    def send(self, device_id: str, message_class: topics.Downward, message: DownwardMessage) -> bool:
        """Hand a message to the broker. False while there is none: what matters is sent again at the next birth."""
        if not self.is_connected:
            return False
        topic = topics.build(self._site, device_id, message_class)
        if self._seals is not None:
            message = self._seals.sealed(device_id, message)
        return self._client.publish(topic, codec.encode(message), qos=1).rc == mqtt.MQTT_ERR_SUCCESS

    def ask(self, device_id: str) -> bool:
        """Ask an agent whether it is there. No broker keeps the question for one that is not."""
        if not self.is_connected:
            return False
        question = codec.encode(Refusal(code=ANNOUNCE, message="The hub asks whether this agent is there."))
        topic = topics.build(self._site, device_id, "refusal")
        return self._client.publish(topic, question, qos=0).rc == mqtt.MQTT_ERR_SUCCESS

    def announce(self, topic: str, payload: bytes) -> bool:
        """Publish something that is meant for no device. False while there is no broker."""
        return self.is_connected and self._client.publish(topic, payload, qos=1).rc == mqtt.MQTT_ERR_SUCCESS

    def forget_retained(self, device_id: str) -> None:
        """Make the broker forget what it keeps of a device, so that no subscriber receives it again."""
        if self.is_connected:
            for name in ("state", "facts"):
                self._client.publish(topics.build(self._site, device_id, name), b"", qos=1, retain=True)

    def acknowledge(self, arrival: Arrival) -> None:
        """Tell the broker that a message is stored; not for one of an earlier connection, whose numbers are void."""
        with self._lock:
            if arrival.qos and arrival.connection == self._connection:
                self._client.ack(arrival.mid, arrival.qos)

    def _make_client(self, client_id: str) -> BufferedClient:
        client = BufferedClient(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=False,
            protocol=mqtt.MQTTv311,
            manual_ack=True,
        )
        if self._endpoint.username:
            client.username_pw_set(self._endpoint.username, self._endpoint.password)
        if self._endpoint.tls:
            cast(_Secured, client).tls_set()
        client.max_inflight_messages_set(MAX_IN_FLIGHT)
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_message = self._arrived
        return client

    def _connected(
        self, client: mqtt.Client, userdata: object, flags: mqtt.ConnectFlags, reason: ReasonCode, _: Properties | None
    ) -> None:
        if reason.is_failure:
            log.error("broker.refused reason=%s", reason)
            return
        self._next_connection()
        self._on_connected(flags.session_present)
        client.subscribe([(name, 1) for name in topics.hub_filters()])
        log.info("broker.connected session_present=%s", flags.session_present)

    def _not_reached(self) -> None:
        log.warning("broker.unreachable host=%s port=%d", self._endpoint.host, self._endpoint.port)

    def _disconnected(
        self,
        client: mqtt.Client,
        userdata: object,
        flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        _: Properties | None,
    ) -> None:
        self._next_connection()
        log.info("broker.disconnected reason=%s", reason)

    def _next_connection(self) -> None:
        with self._lock:
            self._connection += 1

    def _arrived(self, client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        self._on_arrival(
            Arrival(
                topic=topic,
                payload=bytes(message.payload),
                qos=message.qos,
                mid=message.mid,
                connection=self._connection,
                received_s=time.time(),
                is_retained=message.retain,
            )
        )
