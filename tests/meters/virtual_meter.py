"""A plug that is not there: publishes to a real broker as its brand does, around a load curve that is known.

python -m tests.meters.virtual_meter KIND TOPIC PORT   plays one that idles at 3 W, for a look by hand.
"""

import heapq
import json
import math
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from edgeprof_agent.meters.setting import Kind


@dataclass(kw_only=True)
class Plug:
    """Its habits. Times are of `clock_s`, which may run faster than the wall's."""

    kind: Kind
    topic: str
    port: int
    watts_at: Callable[[float], float]
    clock_s: Callable[[], float] = time.monotonic
    sends_s: float = 0.0
    """How often it sends by itself; 0: it only answers."""
    averages_s: float = 0.0
    """Its values are means over so long."""
    late_s: float = 0.0
    step_w: float = 0.1
    delta_w: float = 0.0
    """Zigbee: it sends only when the power moved by so much, or nothing was sent for 6 of its periods."""
    retained_w: float | None = None
    """A value that lies retained on the broker from long ago."""
    counter_offset_j: float = 0.0
    mac: str = "a1b2c3"
    silent_from_s: float = math.inf
    says_offline: bool = False
    garbles: Callable[[float], object] = lambda watts: watts
    """What it makes of its own watts on the way out."""


@dataclass
class VirtualMeter:
    """`with VirtualMeter(plug):` and it publishes."""

    plug: Plug
    _outgoing: list[tuple[float, int, str, str]] = field(default_factory=lambda: [])
    _count: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "VirtualMeter":
        plug = self.plug
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._asked
        self._client.connect("127.0.0.1", plug.port)
        for topic in (f"cmnd/{plug.topic}/STATUS", f"{plug.topic}/rpc"):
            self._client.subscribe(topic)
        if plug.retained_w is not None:
            topic, payload = self._message(plug.retained_w, 0.0, "")
            self._client.publish(topic, payload, retain=True)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._client.disconnect()

    def _run(self) -> None:
        plug = self.plug
        next_s, last_w, last_sent_s = plug.clock_s(), math.inf, -math.inf
        while not self._stop.is_set():
            now_s = plug.clock_s()
            if now_s >= plug.silent_from_s:
                if plug.says_offline:
                    self._client.publish(f"tele/{plug.topic}/LWT", "Offline")
                    self._client.loop(timeout=0.05)
                return
            if plug.sends_s and now_s >= next_s:
                next_s += plug.sends_s
                watts = self._value(now_s)
                if abs(watts - last_w) >= plug.delta_w or now_s - last_sent_s >= 6 * plug.sends_s:
                    self._send(now_s, watts, "")
                    last_w, last_sent_s = watts, now_s
            while self._outgoing and self._outgoing[0][0] <= now_s:
                _, _, topic, payload = heapq.heappop(self._outgoing)
                self._client.publish(topic, payload)
            self._client.loop(timeout=0.002)

    def _asked(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        now_s = self.plug.clock_s()
        if now_s < self.plug.silent_from_s:
            reply_to = json.loads(message.payload)["src"] if self.plug.kind == "shelly" else "asked"
            self._send(now_s, self._value(now_s), reply_to)

    def _send(self, now_s: float, watts: float, reply_to: str) -> None:
        topic, payload = self._message(watts, now_s, reply_to)
        self._count += 1
        heapq.heappush(self._outgoing, (now_s + self.plug.late_s, self._count, topic, payload))

    def _value(self, now_s: float) -> float:
        plug = self.plug
        parts = 40 if plug.averages_s else 1
        watts = sum(plug.watts_at(now_s - plug.averages_s * part / parts) for part in range(parts)) / parts
        return round(watts / plug.step_w) * plug.step_w

    def _message(self, watts: float, now_s: float, reply_to: str) -> tuple[str, str]:
        plug = self.plug
        said = plug.garbles(watts)
        if plug.kind == "tasmota":
            energy = {"Total": round((plug.counter_offset_j + 5 * now_s) / 3.6e6, 6), "Power": said, "Voltage": 230}
            if reply_to:
                return f"stat/{plug.topic}/STATUS8", json.dumps({"StatusSNS": {"ENERGY": energy}})
            return f"tele/{plug.topic}/SENSOR", json.dumps({"Time": "2026-11-26T10:00:00", "ENERGY": energy})
        if plug.kind == "shelly":
            total = {"total": round((plug.counter_offset_j + 5 * now_s) / 3600, 3)}
            status = {"id": 0, "output": True, "apower": said, "voltage": 230.1, "aenergy": total}
            if reply_to:
                source = f"shellyplusplugs-{plug.mac}"
                return f"{reply_to}/rpc", json.dumps({"id": 1, "src": source, "dst": reply_to, "result": status})
            return f"{plug.topic}/status/switch:0", json.dumps(status)
        return f"zigbee2mqtt/{plug.topic}", json.dumps({"power": said, "linkquality": 120, "state": "ON"})


if __name__ == "__main__":
    kind, topic, port = sys.argv[1:]
    shown = Plug(
        kind=kind,  # pyright: ignore[reportArgumentType]
        topic=topic,
        port=int(port),
        watts_at=lambda now_s: 3 + math.sin(now_s),
        sends_s=1.0,
    )
    with VirtualMeter(shown):
        threading.Event().wait()
