"""One meter recorded: connected to its broker while it is listened to, asked where it can be, its values stamped here.

Retained messages are what somebody said some time ago: they are never values. What goes wrong is in the recording.
"""

import contextlib
import math
import secrets
import threading
import time
from collections.abc import Callable

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edgeprof.wire.energy import PowerScope
from edgeprof_agent.cost_book import thread_cost
from edgeprof_agent.meters.base import OFFLINE, Brand, Heard
from edgeprof_agent.meters.overheard import Overheard, silence
from edgeprof_agent.meters.setting import MeterSetting
from edgeprof_agent.sensors.base import Accuracy, FailedReading, Recording, Sample
from edgeprof_agent.sensors.pace import changes_ns, joined_ns, pace_s, reading_pace_s

CONNECT_S = 5.0
LISTEN_S = 40.0
"""How long a meter is given to show its pace."""
_CHANGES, _READINGS = 4, 8
"""Enough to know a pace: new readings, or messages of a meter whose every message is one."""
_SCOUT_S = 3.0
"""After so long a silence everything on the broker is listened to, to say what did speak."""
_COUNTER_SLACK_J = 1.0


class MqttMeter:
    """A `Recorder`. `listen` first: it tells the meter's pace, or why it is of no use."""

    def __init__(self, meter: MeterSetting, brand: Brand, clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._meter, self._brand, self._clock_ns = meter, brand, clock_ns
        self.name = meter.called
        self.scope: PowerScope = meter.scope
        self._asks_hz = brand.asks_hz if meter.poll_hz is None else meter.poll_hz
        self._reply_to = f"edgeprof-{secrets.token_hex(4)}"
        self._topics = brand.topics(meter, self._reply_to)
        self._questions = brand.questions(meter, self._reply_to) if self._asks_hz else ()
        self._question, self._asked = 0, 0
        self._ask_s = 1 / self._asks_hz if self._questions else brand.unasked_period_s
        self.period_s = self._ask_s
        self.cost = thread_cost()
        self._samples: list[Sample] = []
        self._broken: list[FailedReading] = []
        self._counter_j: float | None = None
        self._identity: str | None = None
        self._stopping = threading.Event()
        self._came = threading.Event()
        self._thread: threading.Thread | None = None
        self._overheard: Overheard | None = None
        self._is_scouting, self._scout_at_s = False, math.inf

    def listen(self, seconds: float = LISTEN_S, *, whole: bool = False) -> str | None:
        """Until its pace is known: the reason why not, or None and `period_s` is what was seen.

        `whole`: for all of the time, and the values stay in the recording.
        """
        started_s = time.monotonic()
        self._overheard = Overheard(self._meter, self._brand, self._topics)
        self._scout_at_s = started_s + min(_SCOUT_S, seconds / 2)
        self._asked = 0
        self._begin(min(CONNECT_S, seconds))
        try:
            while time.monotonic() < started_s + seconds and not self._broken and (whole or not self._is_known()):
                self._stopping.wait(0.05)
        finally:
            waited_s = min(seconds, time.monotonic() - started_s)
            self.stop()
        samples, broken, overheard = list(self._samples), self._broken, self._overheard
        self._overheard = None
        if not whole:
            self._forget()
        if broken:
            return broken[0].reason
        pace = pace_s(samples, cached=self._is_cached)
        if pace is None:
            return silence(overheard, len(samples), waited_s, self._questions[: self._question + 1], self._asked)
        is_seen = reading_pace_s(samples, cached=True, min_changes=3) is not None
        self.period_s = pace if is_seen or not self._is_cached else max(pace, self._ask_s)
        return None

    @property
    def _is_cached(self) -> bool:
        """Whether its messages may repeat what it last knew."""
        return self._brand.integration == "held"

    def _is_known(self) -> bool:
        samples = list(self._samples)
        is_enough = not self._is_cached and len(joined_ns([sample.at_ns for sample in samples])) >= _READINGS
        return is_enough or len(changes_ns(samples)) >= _CHANGES

    def start(self) -> None:
        """Returns when the first value came, or when it is clear that none will soon."""
        self._begin(CONNECT_S)

    def _begin(self, wait_s: float) -> None:
        self._forget()
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name=f"meter-{self.name}", daemon=True)
        self._thread.start()
        self._came.wait(wait_s)

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
            hz_asked=self._asks_hz if self._questions else None,
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
            if self._questions and now_s >= next_s and client.is_connected():
                client.publish(*self._questions[self._question])
                self._asked += 1
                next_s = max(next_s + self._ask_s, now_s)
            self._scout(client, now_s)
            client.loop(timeout=max(0.01, min(0.25, next_s - now_s)))
            self.cost.tick()
        with contextlib.suppress(OSError, ValueError):
            client.disconnect()
            client.loop(timeout=0.05)

    def _scout(self, client: Client, now_s: float) -> None:
        """Everything on the broker, from a moment of silence on until the meter is heard."""
        if self._overheard is None or not client.is_connected():
            return
        if not self._is_scouting and not self._samples and now_s >= self._scout_at_s:
            self._is_scouting = True
            client.subscribe("#")
        elif self._is_scouting and self._samples:
            self._is_scouting, self._scout_at_s = False, math.inf
            client.unsubscribe("#")

    def _password(self) -> str | None:
        return self._meter.password_file.read_text().strip() if self._meter.password_file else None

    def _connected(
        self, client: Client, _data: object, _flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._break(f"the broker {self._meter.host} refuses the connection: {reason}")
            return
        for topic in self._topics:
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

    def _message(self, client: Client, _data: object, message: MQTTMessage) -> None:
        at_ns = self._clock_ns()
        payload = bytes(message.payload)
        is_own = message.topic in self._topics
        heard = self._brand.meaning(self._meter, message.topic, payload) if is_own else None
        if heard is None and self._overheard is not None and not message.retain:
            self._overheard.take(message.topic, payload)
        if heard is None or (message.retain and heard.problem != OFFLINE):
            return
        if heard.unknown and self._question + 1 < len(self._questions):
            self._ask_next(client)
            return
        problem = heard.problem or self._contradiction(heard)
        if problem is not None:
            self._break(problem)
        elif heard.watts is not None:
            self._samples.append(Sample(at_ns, heard.watts * self._meter.factor))
            self._came.set()

    def _ask_next(self, client: Client) -> None:
        """It does not know this question: the next one at once, since a run may be waiting."""
        self._question += 1
        client.publish(*self._questions[self._question])
        self._asked += 1

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
