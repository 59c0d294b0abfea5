"""Perplexity of a text: `{"id", "text"}`. An answer is `{"nats", "tokens", "bytes"}`: what the text's tokens cost.

The first token of an item is not scored, unless the vocabulary begins texts with a sign of its own.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from edgeprof.quality.evaluation_set import Item, SetFacts
from edgeprof.quality.mean_figures import ends, ratio_with_error
from edgeprof.quality.outcomes import Outcome
from edgeprof.quality.tasks.base import BadItem, Judged, ModelKind, QualityFigure

WINDOW_TOKENS = 512
"""Of context at most; `preparation["window_tokens"]` overrides it."""

_MAX_MEAN_NATS = 700.0
"""Of a token: the exponential of 710 is no number. A model that is broken gets there."""


class Perplexity:
    """Perplexity and bits per byte; the items are what the interval rests on."""

    name = "perplexity"
    title = "Perplexity"
    domain = "language"
    kind: ModelKind = "text"
    lead = "perplexity"
    is_paired_by: Literal["correct", "score"] = "score"

    def check(self, item: Item, facts: SetFacts) -> None:
        check_text(item)
        window_of(facts)

    def judge(self, item: Item, facts: SetFacts, answer: Any) -> Judged:
        nats, tokens, size = float(answer["nats"]), int(answer["tokens"]), int(answer["bytes"])
        if tokens < 1:
            raise BadItem("the text has one token, and a first token is not scored. Give a longer text")
        if not math.isfinite(nats):
            raise BadItem("its likelihood is not finite")
        if nats / tokens > _MAX_MEAN_NATS:
            raise BadItem(f"its likelihood is e^-{nats / tokens:.0f} a token, too small for a perplexity")
        details = {"nats": nats, "tokens": float(tokens), "bytes": float(size)}
        return Judged(correct=None, score=-nats / tokens, details=details)

    def figures(
        self, items: Mapping[str, Item], facts: SetFacts, outcomes: Sequence[Outcome]
    ) -> tuple[QualityFigure, ...]:
        answered = [outcome.details for outcome in outcomes if outcome.score is not None]
        if not answered:
            return ()
        nats = [details["nats"] for details in answered]
        mean, error = ratio_with_error(nats, [details["tokens"] for details in answered])
        low, high = ends(mean, error)
        if high is not None and high > _MAX_MEAN_NATS:
            low = high = None
        perplexity = QualityFigure(
            metric="perplexity",
            value=math.exp(mean),
            n=len(answered),
            ci_low=None if low is None else math.exp(low),
            ci_high=None if high is None else math.exp(high),
        )
        bits = [value / math.log(2) for value in nats]
        sizes = [details["bytes"] for details in answered]
        if not sum(sizes):
            return (perplexity,)
        mean, error = ratio_with_error(bits, sizes)
        low, high = ends(mean, error)
        return perplexity, QualityFigure(metric="bits_per_byte", value=mean, n=len(answered), ci_low=low, ci_high=high)


def check_text(item: Item) -> None:
    """Raises BadItem where an item has no text."""
    if not isinstance(item.get("text"), str) or not item["text"].strip():
        raise BadItem("has no 'text'. Give one with a character in it")


def window_of(facts: SetFacts) -> int:
    """Tokens of a window. Raises BadItem."""
    window = facts.preparation.get("window_tokens", WINDOW_TOKENS)
    if not isinstance(window, int) or isinstance(window, bool) or window < 2:
        raise BadItem(f"window_tokens {window!r} is not a whole number above 1")
    return window
