"""What is assumed about the use of a device: volume, lifetime, tariff, and what it is compared with in the cloud."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from edgeprof_hub.cost.formulas import SUPPLY_EFFICIENCY


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
    """Rented machines that are always on: an entry of the catalogue. That so many are enough is assumed."""

    entry_id: str
    instances: int = 1


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
    usd: Decimal
    as_of: date


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Every assumption behind a cost, in one place. All of it is shown beside the figure."""

    inferences_per_day: Decimal = Decimal(1_000)
    answers_per_day: Decimal = Decimal(200)
    input_tokens: int = 500
    output_tokens: int = 300
    audio_s: Decimal = Decimal(30)
    """Heard by one inference of a speech model: the window of the Whisper models."""
    lifetime_years: Decimal = Decimal(3)
    lifetime_limits_years: tuple[Decimal, Decimal] = (Decimal(2), Decimal(5))
    cloud_tokens_limit: Decimal = Decimal("1.6")
    """A cloud tokenizer may cut the same text into more tokens, up to so many for one of ours."""
    maintenance_usd_per_year: Decimal = Decimal(0)
    tariff_id: str = "tariff-world-household"
    supply_efficiency: Decimal = SUPPLY_EFFICIENCY
    baselines: Mapping[str, Baseline] = field(default_factory=lambda: {})
    exchange_rates: tuple[ExchangeRate, ...] = ()
    tariff_usd_per_kwh: Decimal | None = None
    """Entered; None: the catalogue's entry `tariff_id`."""
    is_entered: bool = False
    """Whether a person set it for the fleet; else it is the one that edgeprof comes with."""

    def baseline(self, task: str) -> Baseline:
        return self.baselines.get(task) or baseline_for(task)

    def rate(self, currency: str) -> ExchangeRate | None:
        return next((rate for rate in self.exchange_rates if rate.currency == currency), None)
