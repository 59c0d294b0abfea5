"""Reading text from an image: `{"id", "file", "text"}`; an answer is the text that was read.

`SetFacts.preparation` may hold `"ignore": ["case", "spaces"]`: both texts are then compared without them. Other
keys: `docs/quality.md`.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from edgeprof.quality.bootstrap import ratio_interval
from edgeprof.quality.edit_distance import edit_distance
from edgeprof.quality.evaluation_set import Item, SetFacts
from edgeprof.quality.outcomes import Outcome
from edgeprof.quality.tasks.base import BadItem, Judged, ModelKind, QualityFigure
from edgeprof.quality.tasks.image_classification import share_figure
from edgeprof.quality.tasks.item_fields import check_file

MAX_TEXT_CHARS = 10_000


class Ocr:
    """Character error rate: all edits over all characters of the references. An item's score is its edits."""

    name = "ocr"
    title = "Text recognition"
    domain = "vision"
    kind: ModelKind = "tensor"
    lead = "character_error_rate_percent"
    is_paired_by: Literal["correct", "score"] = "score"

    def check(self, item: Item, facts: SetFacts) -> None:
        check_file(item)
        text = item.get("text")
        if not isinstance(text, str) or not _compared(text, facts):
            raise BadItem("has no 'text', or one without characters. A rate needs a reference.")
        if len(text) > MAX_TEXT_CHARS:
            raise BadItem(f"text has {len(text):,} characters. Use at most {MAX_TEXT_CHARS:,} an item.")

    def judge(self, item: Item, facts: SetFacts, answer: Any) -> Judged:
        reference = _compared(item["text"], facts)
        edits = edit_distance(reference, _compared(str(answer)[: 2 * MAX_TEXT_CHARS], facts))
        return Judged(correct=edits == 0, score=float(edits), details={"characters": float(len(reference))})

    def figures(
        self, items: Mapping[str, Item], facts: SetFacts, outcomes: Sequence[Outcome]
    ) -> tuple[QualityFigure, ...]:
        answered = [outcome for outcome in outcomes if outcome.score is not None]
        if not answered:
            return ()
        edits = [outcome.score or 0.0 for outcome in answered]
        characters = [float(len(_compared(items[outcome.item_id]["text"], facts))) for outcome in answered]
        low, high = ratio_interval(edits, characters) or (None, None)
        rate = QualityFigure(
            metric=self.lead,
            value=100 * sum(edits) / sum(characters),
            n=len(answered),
            ci_low=None if low is None else 100 * low,
            ci_high=None if high is None else 100 * high,
        )
        return rate, share_figure("exact_match_percent", [bool(outcome.correct) for outcome in answered])


def _compared(text: str, facts: SetFacts) -> str:
    """As both sides are compared: composed (NFC), so that one character counts once however it is written."""
    text = unicodedata.normalize("NFC", text)
    ignored = facts.preparation.get("ignore", ())
    if "case" in ignored:
        text = text.casefold()
    return "".join(text.split()) if "spaces" in ignored else text
