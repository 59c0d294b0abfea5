"""Effective context: the longest tested length at which a model still finds what it should, with its interval.

A model's nominal context is what it takes; RULER (Hsieh et al. 2024, arXiv:2404.06654) calls effective what it can use:
the longest length with a score above a fixed one, there Llama2-7B's 85.6 % at 4,096 tokens. Here the threshold is a
share of right answers, 85 % by default, and a length counts only if every shorter tested one reaches it, too.
"""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from edgeprof.quality.grouped_interval import group_count
from edgeprof.quality.outcomes import Outcome
from edgeprof.quality.places import Place, place_of
from edgeprof.statistics.shares import wilson

THRESHOLD = 0.85
"""After RULER's 85.6 %."""


@dataclass(frozen=True, kw_only=True)
class PlaceShare:
    """Right answers at a length, over all depths or at one. Shares are 0 to 1; the interval is 95 % (Wilson)."""

    tokens: int
    """Nominal length; `prompt_tokens` is the median of what the model's tokenizer made of it, None if not counted."""
    depth_percent: int | None
    right: int
    n: int
    unanswered: int
    prompt_tokens: float | None = None
    groups: int = 0
    """Groups among the `n` items, one of no group being its own: the interval is of so many."""

    @property
    def share(self) -> float | None:
        """None where nothing was answered, as for prompts that the model cannot take."""
        return self.right / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        groups = self.groups or self.n
        return wilson(self.right / self.n * groups, groups) if self.n else None


@dataclass(frozen=True, kw_only=True)
class EffectiveContext:
    """The longest length that holds, and the 95 % interval of that length. None: shorter than the shortest tested."""

    threshold: float
    tokens: int | None
    low_tokens: int | None
    """The longest length of which the data show that it and all shorter ones reach the threshold."""
    high_tokens: int | None
    """The longest length of which the data do not show that it is below the threshold."""
    nominal_tokens: int | None
    """What the model's file states; None where it states nothing."""
    lengths: tuple[PlaceShare, ...]

    @property
    def is_at_least(self) -> bool:
        """Whether the longest tested length holds: the true one may be longer."""
        return bool(self.lengths) and self.tokens == self.lengths[-1].tokens


def shares_by_length(outcomes: Iterable[Outcome]) -> tuple[PlaceShare, ...]:
    """All depths of a length together, the shortest length first. Outcomes of other items are left out."""
    return _shares(outcomes, lambda place: (place.tokens, None))


def shares_by_place(outcomes: Iterable[Outcome]) -> tuple[PlaceShare, ...]:
    """Each depth of each length apart."""
    return _shares(outcomes, lambda place: (place.tokens, place.depth_percent))


def effective_context(
    outcomes: Iterable[Outcome], nominal_tokens: int | None = None, threshold: float = THRESHOLD
) -> EffectiveContext | None:
    """From the outcomes of a set with lengths and depths; None of another set.

    The interval holds the true length in 95 % of evaluations: its low end errs only if the first length that fails is
    taken to pass, its high end only if the last one that passes is taken to fail; each in 2.5 %.

    >>> right = [Outcome(item_id=f"256t-050d-{n}", correct=True) for n in range(30)]
    >>> wrong = [Outcome(item_id=f"512t-050d-{n}", correct=False) for n in range(30)]
    >>> found = effective_context([*right, *wrong], nominal_tokens=2048)
    >>> found.low_tokens, found.tokens, found.high_tokens
    (256, 256, 256)
    """
    lengths = shares_by_length(outcomes)
    if not lengths:
        return None
    intervals = [each.interval or (0.0, 0.0) for each in lengths]
    above = [each.tokens for each, (_, high) in zip(lengths, intervals, strict=True) if high >= threshold]
    return EffectiveContext(
        threshold=threshold,
        tokens=_last_of_run(lengths, [(each.share or 0.0) >= threshold for each in lengths]),
        low_tokens=_last_of_run(lengths, [low >= threshold for low, _ in intervals]),
        high_tokens=max(above, default=None),
        nominal_tokens=nominal_tokens,
        lengths=lengths,
    )


def context_text(found: EffectiveContext) -> str:
    """`512 tokens (256 to 1,024) of 8,192 nominal`."""
    shortest = found.lengths[0].tokens
    at = f"below {shortest:,}" if found.tokens is None else f"{'≥' * found.is_at_least}{found.tokens:,}"
    low = f"below {shortest:,}" if found.low_tokens is None else f"{found.low_tokens:,}"
    high = f"below {shortest:,}" if found.high_tokens is None else f"{found.high_tokens:,}"
    interval = low if low == high else f"{low} to {high}"
    interval += " or more" if found.high_tokens == found.lengths[-1].tokens else ""
    nominal = f" of {found.nominal_tokens:,} nominal" if found.nominal_tokens else ""
    return f"{at} tokens ({interval}){nominal}"


def _last_of_run(lengths: Sequence[PlaceShare], holds: Sequence[bool]) -> int | None:
    """The last length before the first that does not hold."""
    count = next((place for place, each in enumerate(holds) if not each), len(holds))
    return lengths[count - 1].tokens if count else None


def _shares(outcomes: Iterable[Outcome], key: Callable[[Place], tuple[int, int | None]]) -> tuple[PlaceShare, ...]:
    places: dict[tuple[int, int | None], list[Outcome]] = {}
    for outcome in outcomes:
        place = place_of(outcome.item_id)
        if place is not None:
            places.setdefault(key(place), []).append(outcome)
    return tuple(
        _share(tokens, depth, places[tokens, depth])
        for tokens, depth in sorted(places, key=lambda at: (at[0], at[1] or 0))
    )


def _share(tokens: int, depth: int | None, outcomes: Sequence[Outcome]) -> PlaceShare:
    answered = [outcome for outcome in outcomes if outcome.correct is not None]
    counted = [outcome.details["prompt_tokens"] for outcome in answered if "prompt_tokens" in outcome.details]
    return PlaceShare(
        tokens=tokens,
        depth_percent=depth,
        right=sum(bool(outcome.correct) for outcome in answered),
        n=len(answered),
        unanswered=len(outcomes) - len(answered),
        prompt_tokens=statistics.median(counted) if counted else None,
        groups=group_count(answered),
    )
