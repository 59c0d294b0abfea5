"""One meter recorded: connected to its broker while it is listened to, asked where it can be, its values stamped here.

Retained messages are what somebody said some time ago: they are never values. What goes wrong is in the recording.
"""

import contextlib
import secrets
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from statistics import median

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edgeprof.wire.energy import PowerScope
from edgeprof_agent.cost_book import thread_cost
from edgeprof_agent.meters.base import Brand, Heard
from edgeprof_agent.meters.setting import MeterSetting
from edgeprof_agent.sensors.base import Accuracy, FailedReading, Recording, Sample

CONNECT_S = 5.0
LISTEN_S = 40.0
"""How long a meter that nobody asks is given to say three values."""
_VALUES = 3
_COUNTER_SLACK_J = 1.0


class MqttMeter:
    """A `Recorder`. `listen` first: it tells the meter's pace, or why it is of no use."""

    def __init__(self, meter: MeterSetting, brand: Brand, clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._meter, self._brand, self._clock_ns = meter, brand, clock_ns
        self.name = meter.called
        self.scope: PowerScope = meter.scope
        self._asks_hz = brand.asks_hz if meter.poll_hz is None else meter.poll_hz
        self._reply_to = f"edgeprof-{secrets.token_hex(4)}"
        self._question = brand.question(meter, self._reply_to) if self._asks_hz else None
        self._ask_s = 1 / self._asks_hz if self._question else brand.unasked_period_s
        self.period_s = self._ask_s
        self.cost = thread_cost()
        self._samples: list[Sample] = []
        self._broken: list[FailedReading] = []
        self._counter_j: float | None = None
        self._identity: str | None = None
        self._stopping = threading.Event()
        self._came = threading.Event()
        self._thread: threading.Thread | None = None

    def listen(self, seconds: float = LISTEN_S) -> str | None:
        """Until three values came: the reason why not, or None and `period_s` is what was seen."""
        deadline_s = time.monotonic() + seconds
        self.start()
        try:
            while len(self._samples) < _VALUES and time.monotonic() < deadline_s and not self._broken:
                self._came.wait(0.05)
        finally:
            self.stop()
        samples, broken = self._samples, self._broken
        self._forget()
        if broken:
            return broken[0].reason
        if len(samples) < 2:
            return f"{len(samples)} values in {seconds:.0f} s: {self._brand.advice}"
        self.period_s = median((later.at_ns - earlier.at_ns) / 1e9 for earlier, later in pairwise(samples))
        return None

    def start(self) -> None:
        """Returns when the first value came, or when it is clear that none will soon."""
        self._forget()
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name=f"meter-{self.name}", daemon=True)
        self._thread.start()
        self._came.wait(CONNECT_S)

    def stop(self) -> None:
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(CONNECT_S)

    def recording(self) -> Recording:
        meter = self._meter
        share = meter.uncertainty_percent / 100 if meter.uncertainty_percent is not None else None
        return Recording(
            name=self.name,
            scope=self.scope,
            source=f"{meter.kind} {meter.topic} on the broker {meter.host}:{meter.port}",
            version=None,
            integration=self._brand.integration,
            accuracy=Accuracy(
                resolution_w=meter.resolution_w or self._brand.resolution_w,
                share=share,
                source="the meter's settings" if share is not None else "",
            ),
            hz_asked=self._asks_hz if self._question else None,
            period_s=self.period_s,
            late=True,
            samples=tuple(self._samples),
            broken=tuple(self._broken),
        )

    def _run(self) -> None:
        client = Client(CallbackAPIVersion.VERSION2, client_id=self._reply_to)
        client.on_connect, client.on_message, client.on_disconnect = self._connected, self._message, self._lost
        try:
            if self._meter.username is not None:
                client.username_pw_set(self._meter.username, self._password())
            client.connect(self._meter.host, self._meter.port, keepalive=30)
        except (OSError, ValueError) as error:
            self._break(f"cannot reach the broker {self._meter.host}:{self._meter.port}: {error}")
            return
        next_s = time.monotonic()
        while not self._stopping.is_set():
            now_s = time.monotonic()
            if self._question is not None and now_s >= next_s and client.is_connected():
                client.publish(self._question.topic, self._question.payload)
                next_s = max(next_s + self._ask_s, now_s)
            client.loop(timeout=max(0.01, min(0.25, next_s - now_s)))
            self.cost.tick()
        with contextlib.suppress(OSError, ValueError):
            client.disconnect()
            client.loop(timeout=0.05)

    def _password(self) -> str | None:
        return self._meter.password_file.read_text().strip() if self._meter.password_file else None

    def _connected(
        self, client: Client, _data: object, _flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._break(f"the broker {self._meter.host} refuses the connection: {reason}")
            return
        for topic in self._brand.topics(self._meter, self._reply_to):
            client.subscribe(topic)

    def _lost(
        self,
        _client: Client,
        _data: object,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if not self._stopping.is_set():
            self._break(f"the connection to the broker {self._meter.host} was lost: {reason}")

    def _message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        at_ns = self._clock_ns()
        heard = self._brand.meaning(self._meter, message.topic, bytes(message.payload))
        if heard is None or (message.retain and heard.problem is None):
            return
        problem = heard.problem or self._contradiction(heard)
        if problem is not None:
            self._break(problem)
        elif heard.watts is not None:
            self._samples.append(Sample(at_ns, heard.watts * self._meter.factor))
            self._came.set()

    def _contradiction(self, heard: Heard) -> str | None:
        """Two devices that were given one topic answer in turn: their names differ, or a counter goes to and fro."""
        if heard.identity is not None:
            if self._identity not in (None, heard.identity):
                return f"two meters answer as {self.name}: {self._identity} and {heard.identity}"
            self._identity = heard.identity
        before_j = self._counter_j
        if heard.counter_j is not None:
            self._counter_j = heard.counter_j
            if before_j is not None and heard.counter_j < before_j - _COUNTER_SLACK_J:
                return f"its energy counter went back: it was reset, or two meters answer as {self.name}"
        return None

    def _break(self, reason: str) -> None:
        self._broken.append(FailedReading(self._clock_ns(), reason))
        self._came.set()

    def _forget(self) -> None:
        self._samples, self._broken = [], []
        self._counter_j = self._identity = None
        self._came.clear()
