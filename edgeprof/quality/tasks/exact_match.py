"""Exact match of a generated answer: `{"id", "target"}` and the template's fields; an answer is the generated text.

The set's preparation says how the answer is found in the text:

- `extract`: a list of `{"name", "pattern", "take": "first" | "last"}`; what the pattern's first group that matched
  holds is the answer (the whole match without one). `correct` is by the first of them, the others are details.
- `normalize`: of `"case"`, `"spaces"`, `"punctuation"`, `"articles"`, `"numbers"`; `ignore`: patterns to delete.
- `max_tokens`, `stop` (a list of texts), `chat` (the model's own chat template around the prompt).
"""

import re
import string
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, cast

from edgeprof.quality.evaluation_set import Item, SetFacts
from edgeprof.quality.outcomes import Outcome
from edgeprof.quality.prompts import max_tokens_of, prompt_of
from edgeprof.quality.tasks.base import BadItem, Judged, ModelKind, QualityFigure
from edgeprof.quality.tasks.image_classification import share_figure

MAX_TOKENS = 256
_FLEXIBLE = "flexible"
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
NORMALIZERS: dict[str, Callable[[str], str]] = {
    "case": str.lower,
    "punctuation": lambda text: text.translate(_NO_PUNCTUATION),
    "articles": lambda text: _ARTICLES.sub(" ", text),
    "numbers": lambda text: _plain_number(text),
    "spaces": lambda text: " ".join(text.split()),
}
"""In the order in which they are applied."""


class ExactMatch:
    """The share of answers that equal the target once both are normalized."""

    name = "exact-match"
    title = "Exact match"
    domain = "language"
    kind: ModelKind = "text"
    lead = "exact_match_percent"
    is_paired_by: Literal["correct", "score"] = "correct"

    def check(self, item: Item, facts: SetFacts) -> None:
        _extracts(facts)
        if not isinstance(item.get("target"), str) or not normalized(item["target"], facts):
            raise BadItem("has no 'target'. Give the right answer as a text")
        max_tokens_of(item, facts, MAX_TOKENS)
        prompt_of(item, facts)

    def judge(self, item: Item, facts: SetFacts, answer: Any) -> Judged:
        target = normalized(str(item["target"]), facts)
        matches = {
            name: normalized(extracted(str(answer), pattern, take), facts) == target
            for name, pattern, take in _extracts(facts)
        }
        right = next(iter(matches.values()))
        return Judged(
            correct=right, score=float(right), details={name: float(match) for name, match in matches.items()}
        )

    def figures(
        self, items: Mapping[str, Item], facts: SetFacts, outcomes: Sequence[Outcome]
    ) -> tuple[QualityFigure, ...]:
        answered = [outcome for outcome in outcomes if outcome.correct is not None]
        if not answered:
            return ()
        lead = share_figure("exact_match_percent", [bool(outcome.correct) for outcome in answered])
        if not all(_FLEXIBLE in outcome.details for outcome in answered):
            return (lead,)
        flexible = [outcome.details[_FLEXIBLE] > 0 for outcome in answered]
        return lead, share_figure("exact_match_flexible_percent", flexible)


def extracted(text: str, pattern: "re.Pattern[str]", take: str) -> str:
    """What the pattern finds first or last; empty where it finds nothing.

    >>> extracted("so 3 and then 18.", re.compile("([0-9]+)"), "last")
    '18'
    """
    found = list(pattern.finditer(text))
    if not found:
        return ""
    match = found[-1 if take == "last" else 0]
    return next((group for group in match.groups() if group is not None), match[0])


def normalized(text: str, facts: SetFacts) -> str:
    """A text as it is compared."""
    for pattern in cast("list[str]", facts.preparation.get("ignore", [])):
        text = re.sub(pattern, "", text)
    wanted = cast("list[str]", facts.preparation.get("normalize", []))
    for name, change in NORMALIZERS.items():
        if name in wanted:
            text = change(text)
    return text.strip()


def _extracts(facts: SetFacts) -> list[tuple[str, "re.Pattern[str]", str]]:
    unknown = set(cast("list[str]", facts.preparation.get("normalize", []))) - NORMALIZERS.keys()
    if unknown:
        raise BadItem(f"normalize names {', '.join(sorted(unknown))}. Use: {', '.join(NORMALIZERS)}")
    rules = cast("list[dict[str, str]]", facts.preparation.get("extract", []))
    rules = rules or [{"name": "text", "pattern": "(?s).*"}]
    try:
        for pattern in cast("list[str]", facts.preparation.get("ignore", [])):
            re.compile(pattern)
        return [(rule["name"], re.compile(rule["pattern"]), rule.get("take", "first")) for rule in rules]
    except (re.error, KeyError, TypeError) as error:
        raise BadItem(f"the set's way to extract an answer does not work: {error}") from None


def _plain_number(text: str) -> str:
    """`$1,200.00` as `1200`; anything else as it is."""
    plain = text.strip().replace(",", "").lstrip("$").rstrip(".")
    try:
        value = float(plain)
    except ValueError:
        return text
    return str(int(value)) if value.is_integer() else repr(value)
