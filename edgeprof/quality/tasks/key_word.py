"""Key word or wake word: `{"id", "file", "duration_s", "words": [{"label", "start_s", "end_s"}]}`; [] for no word.

An answer is a list of `[label, time_s, score]`, a detection each. A detection is right from the word's start until
`preparation["tolerance_s"]` after its end, once a word: a second one is a false accept.
Other keys of `preparation`: `docs/quality.md`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

from edgeprof.quality.evaluation_set import Item, SetFacts
from edgeprof.quality.outcomes import Outcome
from edgeprof.quality.rates import poisson_ends
from edgeprof.quality.tasks.base import BadItem, Judged, ModelKind, QualityFigure
from edgeprof.quality.tasks.item_fields import check_file, check_label, check_span, duration_of, is_number
from edgeprof.quality.tasks.pooled import detection_figures

Detection = tuple[int, float, float]

TOLERANCE_S = 1.0
"""After a word's end, where a set says nothing; ours. Detectors average over the last windows, so they come late."""


class KeyWord:
    """F1, precision and recall of words, and false accepts in an hour of audio without a word."""

    name = "key-word"
    title = "Key word"
    domain = "audio"
    kind: ModelKind = "tensor"
    lead = "f1_percent"
    is_paired_by: Literal["correct", "score"] = "correct"

    def check(self, item: Item, facts: SetFacts) -> None:
        check_file(item)
        duration_s = duration_of(item)
        tolerance_of(facts)
        words = item.get("words")
        if not isinstance(words, (list, tuple)):
            raise BadItem("has no list 'words'. Write [] where no word is said.")
        for found in cast(Sequence[Any], words):
            if not isinstance(found, dict):
                raise BadItem(f"word {found!r} is not an object with 'label', 'start_s' and 'end_s'")
            word = cast(dict[str, Any], found)
            check_label(word.get("label"), len(facts.classes))
            check_span(word.get("start_s"), word.get("end_s"), duration_s, "word")

    def judge(self, item: Item, facts: SetFacts, answer: Any) -> Judged:
        tolerance_s = tolerance_of(facts)
        open_words = sorted(item["words"], key=lambda word: word["start_s"])
        right = outside = 0
        detections = sorted(cast(Sequence[Detection], answer or ()), key=lambda each: each[1])
        for label, time_s, _ in detections:
            for word in open_words:
                if word["label"] == label and word["start_s"] <= time_s <= word["end_s"] + tolerance_s:
                    open_words.remove(word)
                    right += 1
                    break
            else:
                outside += not any(word["start_s"] <= time_s <= word["end_s"] + tolerance_s for word in item["words"])
        wrong, missed = len(detections) - right, len(open_words)
        is_right = not wrong and not missed
        details = {
            "right": float(right),
            "false_accepts": float(wrong),
            "missed": float(missed),
            "false_accepts_without_word": float(outside),
            "without_word_s": _without_word_s(item, tolerance_s),
        }
        return Judged(correct=is_right, score=float(is_right), details=details)

    def figures(
        self, items: Mapping[str, Item], facts: SetFacts, outcomes: Sequence[Outcome]
    ) -> tuple[QualityFigure, ...]:
        details = [outcome.details for outcome in outcomes if outcome.correct is not None]
        if not details:
            return ()
        false_accepts = [each["false_accepts"] for each in details]
        figures = detection_figures(
            [each["right"] for each in details], false_accepts, [each["missed"] for each in details]
        )
        hours = sum(each["without_word_s"] for each in details) / 3600
        outside = sum(each.get("false_accepts_without_word", each["false_accepts"]) for each in details)
        return (*figures, *_rate(int(outside), hours, len(details)))


def tolerance_of(facts: SetFacts) -> float:
    """Seconds after a word's end in which a detection still counts for it."""
    tolerance = facts.preparation.get("tolerance_s", TOLERANCE_S)
    if not is_number(tolerance) or tolerance < 0:
        raise BadItem(f"preparation.tolerance_s {tolerance!r} is not a number of seconds of 0 or more")
    return float(tolerance)


def _rate(events: int, hours: float, n: int) -> tuple[QualityFigure, ...]:
    """False accepts an hour, both of audio without a word; none where all audio holds words."""
    if hours <= 0:
        return ()
    low, high = poisson_ends(events)
    figure = QualityFigure(
        metric="false_accepts_per_h", value=events / hours, n=n, ci_low=low / hours, ci_high=high / hours
    )
    return (figure,)


def _without_word_s(item: Item, tolerance_s: float) -> float:
    """Seconds of a recording in which a detection is a false accept whatever its label."""
    left, reached = float(item["duration_s"]), 0.0
    for word in sorted(item["words"], key=lambda word: word["start_s"]):
        end = min(word["end_s"] + tolerance_s, float(item["duration_s"]))
        left -= max(0.0, end - max(word["start_s"], reached))
        reached = max(reached, end)
    return max(0.0, left)
