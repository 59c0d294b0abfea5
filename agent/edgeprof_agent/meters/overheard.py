"""What else spoke on the broker while a meter was silent, and the sentence that says so. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from edgeprof_agent.meters.base import Brand, Question, document, number, powers
from edgeprof_agent.meters.setting import MeterSetting

MAX_TOPICS = 20
MAX_SHOWN = 3
_MAX_PAYLOAD_BYTES = 8 * 1024
_MAX_TOPIC_CHARS = 80


@dataclass
class Overheard:
    """Live messages that gave no value: on the meter's own topics, or on others that may be its."""

    meter: MeterSetting
    brand: Brand
    subscribed: Sequence[str]
    hints: dict[str, str] = field(default_factory=lambda: {})
    """Topic -> what to set."""
    sent: dict[str, str] = field(default_factory=lambda: {})
    """Topic -> what it sends, in words."""

    def take(self, topic: str, payload: bytes) -> None:
        """One message that meant nothing as the meter is set up."""
        if len(self.sent) >= MAX_TOPICS or topic in self.sent or len(payload) > _MAX_PAYLOAD_BYTES:
            return
        hint = self.brand.hint(self.meter, topic, payload)
        found = document(payload)
        watts = powers(found)
        plain = number(payload.decode("utf-8", "replace").strip())
        is_plain_power = plain is not None and topic.rpartition("/")[2].lower() in ("power", "apower")
        named = self.meter.topic.rpartition("/")[2].lower() in topic.lower()
        if hint is not None:
            self.hints[topic] = hint
        elif topic not in self.subscribed and not watts and not (is_plain_power and named):
            return
        if watts:
            self.sent[topic] = ", ".join(f"{name} {value:g}" for name, value in list(watts.items())[:MAX_SHOWN])
        elif is_plain_power:
            self.sent[topic] = f"{plain:g}"
        else:
            self.sent[topic] = f"no power, but {', '.join(list(found)[:MAX_SHOWN]) or 'no JSON object'}"


def silence(overheard: Overheard, values: int, waited_s: float, asked: Sequence[Question], times: int) -> str:
    """Why a meter gave too few values: what to set, what did speak, what was subscribed to and asked."""
    waited = f"{waited_s:.2g}" if waited_s < 10 else f"{waited_s:.0f}"
    counted = f"{values} value{'' if values == 1 else 's'} in {waited} s"
    parts = [f"{counted}: {_advice(overheard, is_asked=times > 0)}"]
    spoke = sorted(overheard.sent, key=lambda topic: (topic not in overheard.hints, topic))[:MAX_SHOWN]
    parts += [f"{topic[:_MAX_TOPIC_CHARS]} sends {overheard.sent[topic]}" for topic in spoke]
    parts.append(f"subscribed to {_few(overheard.subscribed)}")
    if times:
        parts.append(f"asked {_few(list(dict.fromkeys(each.topic for each in asked)))} {times} times")
    return "; ".join(parts)


def _advice(overheard: Overheard, *, is_asked: bool) -> str:
    """A setting where one is known; never a report interval to a plug that speaks."""
    if overheard.hints:
        return next(iter(overheard.hints.values()))
    own = [topic for topic in overheard.sent if topic in overheard.subscribed]
    if own:
        return "its messages have no power; use a plug that measures it, or set field=NAME"
    return overheard.brand.unanswered if is_asked else overheard.brand.advice


def _few(topics: Sequence[str]) -> str:
    """Reply topics of our own are no news."""
    shown = [topic for topic in topics if not topic.startswith("edgeprof-")]
    more = f" and {len(shown) - MAX_SHOWN} more" if len(shown) > MAX_SHOWN else ""
    return ", ".join(topic[:_MAX_TOPIC_CHARS] for topic in shown[:MAX_SHOWN]) + more
