"""The cloud's side of the explorer: what may be compared with, and what names it in an address."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from edgeprof_hub.cost.catalogue.loader import Catalogue
from edgeprof_hub.cost.catalogue.schema import EntryKind
from edgeprof_hub.cost.cloud import DAYS_PER_MONTH
from edgeprof_hub.cost.draws import Values
from edgeprof_hub.cost.kind import WorkKind
from edgeprof_hub.cost.scenario import (
    AudioBaseline,
    Baseline,
    CallBaseline,
    InstanceBaseline,
    PageBaseline,
    SpeechBaseline,
    TokenBaseline,
)

ANSWERS = (
    ("groq", "llama-3.1-8b-instant"),
    ("openai", "gpt-4o-mini"),
    ("google", "gemini-2.5-flash-lite"),
    ("mistral", "ministral-3b-latest"),
)
"""Offered in the list; any other that genai-prices knows may stand in the address."""
EMBEDDINGS = (
    ("openai", "text-embedding-3-small"),
    ("voyageai", "voyage-3.5-lite"),
    ("google", "gemini-embedding-001"),
    ("cloudflare", "@cf/qwen/qwen3-embedding-0.6b"),
)
SPEECH = (
    ("groq", "whisper-large-v3-turbo"),
    ("openai", "whisper-1"),
    ("openai", "gpt-transcribe"),
    ("mistral", "voxtral-mini-2602"),
)
ENTRIES: dict[WorkKind, tuple[EntryKind, ...]] = {
    "inference": ("call", "page", "instance"),
    "answer": ("call", "instance"),
    "reading": ("instance",),
    "listening": ("audio", "instance"),
}
"""Kinds of catalogue entries that are offered for each kind of work."""
MONTH_DAYS = float(DAYS_PER_MONTH)


@dataclass(frozen=True)
class Tiered:
    """A tier in floats: units of a month up to `up_to` (None: without end) at `usd` each."""

    up_to: float | None
    usd: float


@dataclass(frozen=True)
class Rival:
    """A cloud baseline. `usd`: of one piece, by the inputs and the daily volume.

    `tiers`: what a unit costs by the month's volume; empty where volume does not decide.
    """

    key: str
    title: str
    source: str
    usd: Callable[[Values, float], float]
    tiers: tuple[Tiered, ...]
    units: Callable[[Values], float]
    """How many units of a tier one piece is billed as, with what is asked for again."""
    uses: tuple[str, ...]
    """Keys of the inputs that it depends on."""


def key_of(baseline: Baseline) -> str:
    """What names a baseline in an address."""
    match baseline:
        case CallBaseline():
            return f"call:{baseline.entry_id}"
        case AudioBaseline():
            return f"audio:{baseline.entry_id}"
        case PageBaseline():
            return f"page:{baseline.entry_id}"
        case InstanceBaseline():
            return f"instance:{baseline.entry_id}"
        case TokenBaseline():
            return f"token:{baseline.provider}/{baseline.model}"
        case SpeechBaseline():
            return f"speech:{baseline.provider}/{baseline.model}"
        case _:
            assert_never(baseline)


def offered(catalogue: Catalogue, kind: WorkKind) -> dict[str, str]:
    """Key and title of each baseline in the list."""
    entries = {
        f"{priced.entry.kind}:{entry_id}": f"{priced.name}, by the {priced.entry.unit}"
        for entry_id, priced in sorted(catalogue.entries.items())
        if priced.entry.kind in ENTRIES[kind] and priced.entry.currency == "USD"
    }
    return {**_hosted(kind), **entries}


def _hosted(kind: WorkKind) -> dict[str, str]:
    if kind == "listening":
        return {f"speech:{provider}/{model}": f"{provider} {model}, by the audio hour" for provider, model in SPEECH}
    models = {"answer": ANSWERS, "reading": EMBEDDINGS}.get(kind, ())
    return {f"token:{provider}/{model}": f"{provider} {model}, by the token" for provider, model in models}
