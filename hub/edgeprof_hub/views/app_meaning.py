"""What a run's figures mean for an app: plain arithmetic on measured figures, each sentence with its formula. Pure.

Nothing is said where the badge speaks against the times, or where another machine played the device.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from edgeprof.tables import figures, trust
from edgeprof.tables.headline import Kind
from edgeprof.wire import messages as m

FRAME_RATE = 30
FRAME_MS = 1000 / FRAME_RATE
READING_WORDS_PER_MIN = 238
"""Silent reading of English non-fiction by adults: Brysbaert, How many words do we read per minute?, Journal of Memory
and Language 109 (2019), 104047."""
WORDS_PER_TOKEN = 0.75
"""English text: OpenAI, What are tokens and how to count them?: 100 tokens are about 75 words."""
READING_TOKENS_PER_S = READING_WORDS_PER_MIN / 60 / WORDS_PER_TOKEN
JOULES_PER_WH = 3600


@dataclass(frozen=True)
class Meaning:
    """One sentence, and how its figure was computed."""

    sentence: str
    formula: str


@dataclass(frozen=True)
class AppMeaning:
    """Sentences, or `refused`: why there are none."""

    lines: tuple[Meaning, ...]
    refused: str = ""


def app_meaning(result: m.Result, kind: Kind, evaluated: m.Result | None = None) -> AppMeaning | None:
    """None where the run failed, or measured nothing that an app would feel.

    `evaluated`: an evaluation of the same set-up, for the time of a whole item; None: there is none.
    """
    if result.failure is not None:
        return None
    if refused := _refusal(result):
        return AppMeaning((), refused)
    rows = _measured(result)
    if result.config.evaluation_set:
        lines = _of_pipeline(rows)
    elif kind == "language":
        lines = [*_of_tokens(result, rows), *_of_energy(rows, "energy_per_token_j", "generated tokens")]
    else:
        energy = _of_energy(rows, "energy_per_inference_j", "inferences")
        pipeline = {} if evaluated is None or _refusal(evaluated) else _measured(evaluated)
        lines = [*_of_inferences(rows), *_of_pipeline(pipeline), *_of_soak(result), *energy]
    return AppMeaning(tuple(lines)) if lines else None


def _measured(result: m.Result) -> dict[str, m.MetricRow]:
    return {row.metric: row for row in result.metrics if row.origin == "measured"}


def _refusal(result: m.Result) -> str:
    if result.replayed:
        return "This run is replayed: its times are those of another machine."
    if result.emulated:
        return "This run is of an emulated device: its times are those of another machine."
    if trust.is_held_back_by_quota(result.trust):
        return "A CPU quota repeatedly throttled this run: its times hold under that quota only."
    found = [] if result.trust is None else [mark.cause for mark in result.trust.marks]
    if trust.speak_against(found, "latency_p50_ms"):
        names = ", ".join(dict.fromkeys(map(trust.named, found)))
        return f"The badge of this run speaks against its times ({names})."
    return ""


def _of_inferences(rows: Mapping[str, m.MetricRow]) -> list[Meaning]:
    found: list[Meaning] = []
    p50, tail = rows.get("latency_p50_ms"), rows.get("latency_p95_ms")
    if (rate := rows.get("throughput_per_s")) is not None:
        found.append(Meaning(f"Up to {figures.number(rate.value)} inferences a second, one after another.", "measured"))
    elif p50 is not None and p50.value > 0:
        rate_text = figures.number(1000 / p50.value)
        formula = f"1,000 ms ÷ p50 {figures.number(p50.value)} ms"
        found.append(Meaning(f"Up to {rate_text} inferences a second, one after another.", formula))
    if tail is not None and tail.value > 0:
        found.append(_in_frames(tail.value, "p95", "The model alone"))
    return found


def _in_frames(value_ms: float, name: str, subject: str) -> Meaning:
    """How many fit into a frame, or how many frames one takes."""
    times, frame = f"{name} {figures.number(value_ms)} ms", f"{FRAME_MS:.1f} ms"
    fit = math.floor(FRAME_MS / value_ms)
    if fit >= 1:
        count = f"{fit:,} inference{'s' if fit > 1 else ''}"
        return Meaning(
            f"{subject}: {count} per frame at {FRAME_RATE} frames/s, at {name}.", f"{frame} ÷ {times}, rounded down"
        )
    frames = math.ceil(value_ms / FRAME_MS)
    return Meaning(
        f"{subject}: too slow for {FRAME_RATE} frames/s at {name}. It keeps up with {figures.number(1000 / value_ms)} "
        f"frames/s, or every {_ordinal(frames)} frame.",
        f"1,000 ms ÷ {times}; {times} ÷ {frame}, rounded up",
    )


def _of_pipeline(rows: Mapping[str, m.MetricRow]) -> list[Meaning]:
    """The whole way of an item, where an evaluation timed it."""
    median, tail = rows.get("pipeline_p50_ms"), rows.get("pipeline_p95_ms")
    found: list[Meaning] = []
    if median is not None and median.value > 0:
        found.append(
            Meaning(
                f"With decoding, preparation and post-processing, an item takes {figures.number(median.value)} ms: "
                f"{figures.number(1000 / median.value)} items a second.",
                f"1,000 ms ÷ pipeline p50 {figures.number(median.value)} ms, from an evaluation",
            )
        )
    if tail is not None and tail.value > 0:
        found.append(_in_frames(tail.value, "pipeline p95", "The whole pipeline"))
    return found


def _of_soak(result: m.Result) -> list[Meaning]:
    soak = result.soak
    if soak is None or soak.sustained_p50_ms <= 0:
        return []
    rate = figures.number(1000 / soak.sustained_p50_ms)
    return [
        Meaning(
            f"Under load for {soak.duration_s:,.0f} s: {rate} inferences a second. Plan with this rate.",
            f"1,000 ms ÷ sustained p50 {figures.number(soak.sustained_p50_ms)} ms",
        )
    ]


def _of_tokens(result: m.Result, rows: Mapping[str, m.MetricRow]) -> list[Meaning]:
    found: list[Meaning] = []
    if (decode := rows.get("decode_tokens_per_s")) is not None and decode.value > 0:
        times = figures.number(decode.value / READING_TOKENS_PER_S)
        rate = f"decode {figures.number(decode.value)} tokens/s"
        found.append(
            Meaning(
                f"Text appears at {times} times the speed at which people read.",
                f"{rate} ÷ {READING_TOKENS_PER_S:.1f} tokens/s ({READING_WORDS_PER_MIN} words/min, "
                f"{WORDS_PER_TOKEN:g} words per token)",
            )
        )
        seconds = figures.number(100 / decode.value)
        found.append(Meaning(f"100 generated tokens, about 75 words, take {seconds} s.", f"100 ÷ {rate}"))
    waits = _first_tokens(result, rows)
    if waits:
        shown = "; ".join(f"{figures.number(ms / 1000)} s for {tokens:,}" for tokens, ms in sorted(waits.items()))
        found.append(
            Meaning(
                f"Wait for the first token, by prompt tokens: {shown}.",
                "TTFT, measured. Other lengths: --sweep-prompt-tokens 512,2048 measures them",
            )
        )
    return found


def _first_tokens(result: m.Result, rows: Mapping[str, m.MetricRow]) -> dict[int, float]:
    """TTFT in ms by the length of the prompt: that of the run, and those that a sweep measured at its depth."""
    found: dict[int, float] = {}
    for point in result.points:
        ttft = next((row for row in point.metrics if row.metric == "ttft_ms" and row.origin == "measured"), None)
        if ttft is not None and point.at.prompt_tokens and not point.at.depth_tokens:
            found[point.at.prompt_tokens] = ttft.value
    if (ttft := rows.get("ttft_ms")) is not None:
        stated = result.remote.prompt_tokens if result.remote is not None else result.config.prompt_tokens
        if stated:
            found[stated] = ttft.value
    return found


def _of_energy(rows: Mapping[str, m.MetricRow], metric: str, what: str) -> list[Meaning]:
    row = rows.get(metric)
    if row is None or row.value <= 0:
        return []
    count = figures.number(JOULES_PER_WH / row.value)
    covers = f" {figures.covers(row)}" if figures.covers(row) else ""
    enough = f"One watt-hour is enough for {count} {what}.{covers}"
    return [Meaning(enough, f"3,600 J ÷ {figures.energy(row.value)} each, gross")]


def _ordinal(number: int) -> str:
    if 10 < number % 100 < 14:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"
