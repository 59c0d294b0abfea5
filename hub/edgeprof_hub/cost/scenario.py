"""What is assumed about the use of a device: volume, lifetime, tariff, and what it is compared with in the cloud."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

SUPPLY_EFFICIENCY = 0.85
"""Assumed where nobody measured it; plausible from 0.75 to 0.92."""


@dataclass(frozen=True)
class CallBaseline:
    """A service billed by the call: an entry of the catalogue."""

    entry_id: str


@dataclass(frozen=True)
class AudioBaseline:
    """A speech service billed by the length of the audio: an entry of the catalogue."""

    entry_id: str


@dataclass(frozen=True)
class SpeechBaseline:
    """A hosted speech model billed by the length of the audio, as genai-prices names it."""

    provider: str
    model: str


@dataclass(frozen=True)
class PageBaseline:
    """A service that reads documents, billed by the page: an entry of the catalogue."""

    entry_id: str


@dataclass(frozen=True)
class InstanceBaseline:
    """A rented machine that is always on: an entry of the catalogue. That one is enough is assumed."""

    entry_id: str


@dataclass(frozen=True)
class TokenBaseline:
    """A hosted language or embedding model billed by the token, as genai-prices names it."""

    provider: str
    model: str


Baseline = CallBaseline | AudioBaseline | SpeechBaseline | PageBaseline | InstanceBaseline | TokenBaseline

LABELS = CallBaseline("aws-rekognition-detect-labels")
SMALL_INSTANCE = InstanceBaseline("aws-t4g-small")
SMALL_LLM = TokenBaseline("groq", "llama-3.1-8b-instant")
SMALL_EMBEDDING = TokenBaseline("openai", "text-embedding-3-small")
OPEN_SPEECH = SpeechBaseline("groq", "whisper-large-v3-turbo")

BASELINES: Mapping[str, Baseline] = {
    "image-classification": LABELS,
    "object-detection": LABELS,
    "llm": SMALL_LLM,
    "embedding": SMALL_EMBEDDING,
    "speech-recognition": OPEN_SPEECH,
}
"""Only tasks for which a priced service gives the same kind of answer; everything else is compared with a machine."""


def baseline_for(task: str) -> Baseline:
    """What a task is compared with unless the scenario says otherwise."""
    return BASELINES.get(task, SMALL_INSTANCE)


@dataclass(frozen=True)
class ExchangeRate:
    """What a unit of a currency is in US dollars, and when it was."""

    currency: str
    usd: float
    as_of: date


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Every assumption behind a cost, in one place. All of it is shown beside the figure."""

    inferences_per_day: float = 1_000.0
    answers_per_day: float = 200.0
    input_tokens: int = 500
    output_tokens: int = 300
    audio_s: float = 30.0
    """Heard by one inference of a speech model: the window of the Whisper models."""
    lifetime_years: float = 3.0
    lifetime_limits_years: tuple[float, float] = (2.0, 5.0)
    cloud_tokens_limit: float = 1.6
    """A cloud tokenizer may cut the same text into more tokens, up to so many for one of ours."""
    maintenance_usd_per_year: float = 0.0
    tariff_id: str = "tariff-world-household"
    supply_efficiency: float = SUPPLY_EFFICIENCY
    baselines: Mapping[str, Baseline] = field(default_factory=lambda: {})
    exchange_rates: tuple[ExchangeRate, ...] = ()
    tariff_usd_per_kwh: float | None = None
    """Entered; None: the catalogue's entry `tariff_id`."""
    is_entered: bool = False
    """Whether a person set it for the fleet; else it is the one that edgeprof comes with."""

    def baseline(self, task: str) -> Baseline:
        return self.baselines.get(task) or baseline_for(task)

    def rate(self, currency: str) -> ExchangeRate | None:
        return next((rate for rate in self.exchange_rates if rate.currency == currency), None)
