"""An agent's side of the wire, as small as it can be: births, an outbox kept until the receipt, what came down."""

import threading
from dataclasses import replace
from types import TracebackType
from typing import TypeVar

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from edgeprof.wire import codec, topics
from edgeprof.wire import messages as m
from tests.hub import fleet
from tests.hub.live import eventually

T = TypeVar("T", m.Receipt, m.Job, m.Cancel, m.Refusal)
RESEND_S = 1.0


class FakeAgent:
    """Connects again by itself, and then sends again whatever has no receipt."""

    def __init__(
        self,
        port: int,
        number: int = 1,
        token: str | None = None,
        client_id: str | None = None,
        is_born: bool = True,
        place: str = "",
    ) -> None:
        """`place`: of an agent that can answer the hub's question whether it is there; else it is an older one."""
        self.device_id = fleet.device_id(number)
        self.state = replace(fleet.state(number, f"agent-{number}"), place=place)
        self.facts = fleet.facts(number)
        self.received: list[m.Message] = []
        self.outbox: dict[str, bytes] = {}
        self.refused = False
        self._is_born = is_born
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id or self.device_id, clean_session=False
        )
        if token:
            self._client.username_pw_set("edgeprof", token)
        self._client.reconnect_delay_set(1, 1)
        self._client.will_set(self._topic("state"), codec.encode(replace(self.state, online=False)), 1, True)
        self._client.on_connect = self._connected
        self._client.on_message = self._arrived
        self._client.on_disconnect = self._disconnected
        self._client.connect_async("127.0.0.1", port, 10)
        self._resender = threading.Thread(target=self._resend, daemon=True)

    def __enter__(self) -> "FakeAgent":
        self._client.loop_start()
        self._resender.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._resender.join()
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def is_connected(self) -> bool:
        return self._client.is_connected()

    def vanish(self) -> None:
        """Break the connection as a crash does, so that the will is sent."""
        self._stopping.set()
        self._client.loop_stop()
        sock = self._client.socket()
        assert sock is not None
        sock.close()

    def publish(self, message_class: str, payload: bytes, qos: int = 1, device_id: str | None = None) -> None:
        topic = f"{topics.PREFIX}/home/{device_id or self.device_id}/{message_class}"
        eventually(self._client.is_connected)  # before that, paho's wait raises instead of waiting
        self._client.publish(topic, payload, qos).wait_for_publish(20)

    def publish_soon(self, message_class: topics.MessageClass, payload: bytes) -> None:
        """Without waiting for the broker's word."""
        self._client.publish(self._topic(message_class), payload, 1)

    def listen_to(self, device_id: str) -> None:
        """Ask the broker for what is another device's."""
        self._client.subscribe([(name, 1) for name in topics.agent_filters("home", device_id)])

    def flood(self, payload: bytes) -> None:
        """Send without waiting for an answer, as there will be none."""
        self._client.publish(self._topic("progress"), payload, 0)

    def give_time(self) -> None:
        """Until everything has been handed to the broker, and a little more."""
        self._client.publish(self._topic("progress"), b"", 1).wait_for_publish(20)
        self._stopping.wait(0.3)

    def send(self, message: m.Ack | m.Progress | m.Facts | m.State) -> None:
        name = type(message).__name__.lower()
        self.publish(name, codec.encode(message))

    def post(self, result: m.Result) -> None:
        """Into the outbox, and on its way."""
        payload = codec.encode(result)
        with self._lock:
            self.outbox[result.result_id] = payload
        self._client.publish(self._topic("result"), payload, 1)

    def wait_until_empty(self) -> None:
        eventually(lambda: not self.outbox)

    def got(self, kind: type[T]) -> list[T]:
        """What came down of one kind."""
        with self._lock:
            return [message for message in self.received if isinstance(message, kind)]

    def _topic(self, name: topics.MessageClass) -> str:
        return topics.build("home", self.device_id, name)

    def _connected(self, client: mqtt.Client, _: object, __: object, reason: ReasonCode, ___: object) -> None:
        if reason.is_failure:
            self.refused = True
            return
        client.subscribe([(name, 1) for name in topics.agent_filters("home", self.device_id)])
        if self._is_born:
            client.publish(self._topic("state"), codec.encode(self.state), 1, True)
            client.publish(self._topic("facts"), codec.encode(self.facts), 1, True)
            self._send_all()

    def _disconnected(self, client: mqtt.Client, _: object, __: object, reason: ReasonCode, ___: object) -> None:
        if reason.is_failure:
            self.refused = True

    def _arrived(self, client: mqtt.Client, _: object, arrived: mqtt.MQTTMessage) -> None:
        topic = topics.parse(arrived.topic)
        assert topic is not None
        message = codec.decode(topic.message_class, bytes(arrived.payload))
        with self._lock:
            self.received.append(message)
            if isinstance(message, m.Receipt):
                self.outbox.pop(message.result_id, None)
        if isinstance(message, m.Refusal) and message.code == m.ANNOUNCE:  # an older agent connects again instead
            answer = replace(self.state, is_answer=bool(self.state.place))
            client.publish(self._topic("state"), codec.encode(answer), 1, True)
            client.publish(self._topic("facts"), codec.encode(self.facts), 1, True)

    def _resend(self) -> None:
        while not self._stopping.wait(RESEND_S):
            self._send_all()

    def _send_all(self) -> None:
        with self._lock:
            payloads = list(self.outbox.values())
        if self.is_connected:
            for payload in payloads:
                self._client.publish(self._topic("result"), payload, 1)
