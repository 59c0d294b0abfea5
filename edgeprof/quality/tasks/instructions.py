"""Instructions that a program can verify: `{"id", "checks": [{"kind", "value"}, …]}` and the template's fields.

An answer is the generated text; it is right where it passes every check. Its score is the share of checks passed.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, cast

from edgeprof.quality.evaluation_set import Item, SetFacts
from edgeprof.quality.outcomes import Outcome
from edgeprof.quality.prompts import max_tokens_of, prompt_of
from edgeprof.quality.tasks.base import BadItem, Judged, ModelKind, QualityFigure
from edgeprof.quality.tasks.image_classification import share_figure

MAX_TOKENS = 256
_LIST_ITEM = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+\S", re.MULTILINE)
_SENTENCE_END = re.compile(r"[.!?]+(?:\s|$)")
_FENCE = re.compile(r"^```\w*\n(.*?)\n?```$", re.DOTALL)

Check = Callable[[str, Any], bool]


def _words(text: str) -> int:
    return len(text.split())


def _json(text: str) -> Any:
    """The document in a text, which may stand in a fence; ValueError where it is none."""
    fenced = _FENCE.match(text.strip())
    return json.loads(fenced[1] if fenced else text)


def _is_json(text: str) -> bool:
    try:
        _json(text)
    except (ValueError, RecursionError):
        return False
    return True


def _has_keys(text: str, keys: Any) -> bool:
    try:
        document = _json(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and set(keys) <= cast("dict[str, Any]", document).keys()


def _sentences(text: str) -> int:
    return len(_SENTENCE_END.findall(text.strip()))


def _paragraphs(text: str) -> int:
    return sum(bool(part.strip()) for part in re.split(r"\n\s*\n", text))


_TEXT, _NUMBER, _TEXTS, _NOTHING = "a text", "a whole number", "a list of texts", "nothing"
KINDS: dict[str, tuple[str, Check]] = {
    # kind: what its value is, and whether a text passes
    "min_words": (_NUMBER, lambda text, value: _words(text) >= value),
    "max_words": (_NUMBER, lambda text, value: _words(text) <= value),
    "min_sentences": (_NUMBER, lambda text, value: _sentences(text) >= value),
    "max_sentences": (_NUMBER, lambda text, value: _sentences(text) <= value),
    "max_characters": (_NUMBER, lambda text, value: len(text.strip()) <= value),
    "paragraphs": (_NUMBER, lambda text, value: _paragraphs(text) == value),
    "list_items": (_NUMBER, lambda text, value: len(_LIST_ITEM.findall(text)) == value),
    "contains": (_TEXTS, lambda text, value: all(word.lower() in text.lower() for word in value)),
    "contains_none": (_TEXTS, lambda text, value: not any(word.lower() in text.lower() for word in value)),
    "starts_with": (_TEXT, lambda text, value: text.strip().startswith(value)),
    "ends_with": (_TEXT, lambda text, value: text.strip().endswith(value)),
    "is_one_of": (_TEXTS, lambda text, value: text.strip() in value),
    "upper_case": (_NOTHING, lambda text, _: text.upper() == text and text.lower() != text),
    "lower_case": (_NOTHING, lambda text, _: text.lower() == text and text.upper() != text),
    "no_comma": (_NOTHING, lambda text, _: "," not in text),
    "json": (_NOTHING, lambda text, _: _is_json(text)),
    "json_keys": (_TEXTS, _has_keys),
}
"""Texts without any letter have no case. Words are what spaces separate."""


class Instructions:
    """The share of answers that follow all of their instructions."""

    name = "instructions"
    title = "Instructions"
    domain = "language"
    kind: ModelKind = "text"
    lead = "instructions_followed_percent"
    is_paired_by: Literal["correct", "score"] = "correct"

    def check(self, item: Item, facts: SetFacts) -> None:
        checks = item.get("checks")
        if not isinstance(checks, list) or not checks:
            raise BadItem("has no 'checks'. Give a list of objects with 'kind' and 'value'")
        for check in cast("list[Any]", checks):
            _check(check)
        max_tokens_of(item, facts, MAX_TOKENS)
        prompt_of(item, facts)

    def judge(self, item: Item, facts: SetFacts, answer: Any) -> Judged:
        text = str(answer)
        checks = cast("list[dict[str, Any]]", item["checks"])
        passed = [bool(text.strip()) and KINDS[check["kind"]][1](text, check.get("value")) for check in checks]
        return Judged(
            correct=all(passed),
            score=sum(passed) / len(passed),
            details={"checks": float(len(passed)), "passed": float(sum(passed))},
        )

    def figures(
        self, items: Mapping[str, Item], facts: SetFacts, outcomes: Sequence[Outcome]
    ) -> tuple[QualityFigure, ...]:
        answered = [bool(outcome.correct) for outcome in outcomes if outcome.correct is not None]
        return (share_figure("instructions_followed_percent", answered),) if answered else ()


def _check(check: Any) -> None:
    fields = cast("dict[str, Any]", check) if isinstance(check, dict) else {}
    kind, value = str(fields.get("kind", "")), fields.get("value")
    if kind not in KINDS:
        raise BadItem(f"check {check!r} has no known 'kind'. Kinds: {', '.join(KINDS)}")
    needs = KINDS[kind][0]
    fits = {
        _TEXT: isinstance(value, str) and bool(value),
        _NUMBER: isinstance(value, int) and not isinstance(value, bool) and value >= 0,
        _TEXTS: isinstance(value, list)
        and all(isinstance(text, str) and text for text in cast("list[Any]", value))
        and value != [],
        _NOTHING: value is None,
    }[needs]
    if not fits:
        raise BadItem(f"the check {kind!r} takes {needs} as its 'value', not {value!r}")
