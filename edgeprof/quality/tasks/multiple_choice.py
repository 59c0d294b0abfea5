"""Multiple choice: `{"id", "choices": [text, …], "label"}` and the template's fields; `label` is an index into them.

An answer is the log-likelihood of each choice after the prompt, in nats. Choices are taken as lm-evaluation-harness
takes them: by the sum of log-likelihoods (`acc`), and by that sum over the characters of the choice (`acc_norm`).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

from edgeprof.quality.evaluation_set import Item, SetFacts
from edgeprof.quality.outcomes import Outcome
from edgeprof.quality.prompts import prompt_of
from edgeprof.quality.tasks.base import BadItem, Judged, ModelKind, QualityFigure
from edgeprof.quality.tasks.image_classification import share_figure

NOISE_NATS = 2.0
"""What the shape of a batch alone moved a choice's log-likelihood by in llama.cpp: up to 1.74 on 100 HellaSwag items
(SmolLM2-135M Q4_1, prompt and choice apart against all choices in one batch), as activations are quantized, too."""


class MultipleChoice:
    """Accuracy by log-likelihood, plain and per character of the choice."""

    name = "multiple-choice"
    title = "Multiple choice"
    domain = "language"
    kind: ModelKind = "text"
    lead = "accuracy_percent"
    is_paired_by: Literal["correct", "score"] = "correct"

    def check(self, item: Item, facts: SetFacts) -> None:
        choices, label = choices_of(item), item.get("label")
        if not isinstance(label, int) or isinstance(label, bool) or not 0 <= label < len(choices):
            raise BadItem(f"label {label!r} is not an index into the item's {len(choices)} choices")
        prompt_of(item, facts)

    def judge(self, item: Item, facts: SetFacts, answer: Any) -> Judged:
        choices, likelihoods = choices_of(item), [float(value) for value in cast("list[float]", answer)]
        if len(likelihoods) != len(choices):
            raise BadItem(f"the answer has {len(likelihoods)} log-likelihoods for {len(choices)} choices")
        per_character = [value / len(choice) for value, choice in zip(likelihoods, choices, strict=True)]
        picked, picked_norm = _largest(likelihoods), _largest(per_character)
        margin = likelihoods[picked] - max(value for place, value in enumerate(likelihoods) if place != picked)
        right = picked == item["label"]
        noise = float(facts.preparation.get("noise_nats", NOISE_NATS))
        return Judged(
            correct=right,
            score=float(right),
            details={
                "choice": float(picked),
                "choice_norm": float(picked_norm),
                "norm": float(picked_norm == item["label"]),
                "margin": margin,
                "within_noise": float(margin < noise),
            },
        )

    def figures(
        self, items: Mapping[str, Item], facts: SetFacts, outcomes: Sequence[Outcome]
    ) -> tuple[QualityFigure, ...]:
        answered = [outcome for outcome in outcomes if outcome.correct is not None]
        if not answered:
            return ()
        return (
            share_figure("accuracy_percent", [bool(outcome.correct) for outcome in answered]),
            share_figure("accuracy_norm_percent", [outcome.details["norm"] > 0 for outcome in answered]),
        )


def choices_of(item: Item) -> list[str]:
    """At least two texts, none empty, no two alike. Raises BadItem."""
    choices = item.get("choices")
    if not isinstance(choices, list) or len(cast("list[Any]", choices)) < 2:
        raise BadItem("has no 'choices'. Give a list of two texts or more")
    texts = cast("list[Any]", choices)
    for place, text in enumerate(texts):
        if not isinstance(text, str) or not text.strip():
            raise BadItem(f"choice {place} is not a text with a character in it")
        if text in texts[:place]:
            raise BadItem(f"choices {texts.index(text)} and {place} are the same text")
    return cast("list[str]", texts)


def _largest(values: Sequence[float]) -> int:
    """The first of the largest, as numpy's argmax."""
    return max(range(len(values)), key=values.__getitem__)
