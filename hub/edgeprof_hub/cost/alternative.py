"""The cloud's side of a cost: what may be compared with, and what names it in an address."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import assert_never

from edgeprof_hub.cost.catalogue.loader import Catalogue
from edgeprof_hub.cost.catalogue.schema import EntryKind
from edgeprof_hub.cost.checks import CostError
from edgeprof_hub.cost.draws import Values
from edgeprof_hub.cost.inputs import CostInput
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
from edgeprof_hub.cost.tiers import MONTH_DAYS, Tiers, list_end

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


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """A cloud baseline with its price. `usd`: of one piece, by the inputs and the daily volume.

    `tiers`: what a unit costs by the month's volume; empty where volume does not decide.
    """

    key: str
    title: str
    basis: str
    source: str
    """Where the price is from and of which day, as the explorer says it; `price` is the same for a cell."""
    price: CostInput
    as_of: date
    usd: Callable[[Values, float], float]
    tiers: Tiers
    units: Callable[[Values], float]
    """How many units of a tier one piece is billed as, with what is asked for again."""
    uses: tuple[str, ...]
    """Keys of the inputs that it depends on."""
    not_counted: tuple[str, ...]

    def max_per_day(self, values: Values) -> float:
        """The daily volume at which its price list ends."""
        return list_end(self.tiers) / (self.units(values) * MONTH_DAYS) if self.tiers else math.inf

    def usd_listed(self, values: Values, per_day: float) -> float:
        """`usd`, where the list has a price for this volume. Raises CostError beyond its end."""
        if per_day > self.max_per_day(values) * (1 + 1e-12):
            asked = per_day * MONTH_DAYS * self.units(values)
            raise CostError(
                "cost_input",
                f"The price list ends at {list_end(self.tiers):,.0f} units a month; this volume takes {asked:,.0f}.",
            )
        return self.usd(values, per_day)


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
