"""Image classification: `{"id", "file" or "row", "label"}`; an answer is class indices, the likeliest first.

`row` is an index into the array that `preparation` names: uint8 or float32, [n, height, width], [n, height, width,
channels] or [n, values]. `file` is an image below `files/`. The keys of `preparation`, each of which may be left out:

- `array`: the array of the rows, as `files/images.npy`.
- `size`: [height, width] of the model's input. Default: as the model declares it.
- `layout`: `NCHW`, `NHWC`, `NHW` or `NF` (flat). Default: by where the input has a size of 1 or 3.
- `channels`: 1 or 3. Default: as the model declares it, else 3.
- `channel_order`: `rgb` (default) or `bgr`; mean and std stand in that order.
- `scale`, `mean`, `std`: a value is `(pixel * scale - mean) / std`; mean and std are a number, or one a channel.
  Default: 1, 0, 1. A quantized input then takes it by its own scale and zero point.
- `resize`: `bilinear` (default), `nearest`, `bicubic` or `box`.
- `short_side`: resize the shorter side to this and take the middle. Default: resize the whole image.
- `output`: the output's name. Default: the first one with a value for each class.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from edgeprof.quality.evaluation_set import Item, SetFacts
from edgeprof.quality.outcomes import Outcome
from edgeprof.quality.tasks.base import BadItem, Judged, ModelKind, QualityFigure
from edgeprof.statistics.shares import wilson

_TOP = 5


class ImageClassification:
    """Top-1 and top-5 accuracy. `label` is an index into the set's classes."""

    name = "image-classification"
    title = "Image classification"
    domain = "vision"
    kind: ModelKind = "tensor"
    lead = "accuracy_percent"
    is_paired_by: Literal["correct", "score"] = "correct"

    def check(self, item: Item, facts: SetFacts) -> None:
        label = item.get("label")
        if not isinstance(label, int) or not 0 <= label < len(facts.classes):
            raise BadItem(f"label {label!r} is not an index into the set's {len(facts.classes)} classes")

    def judge(self, item: Item, facts: SetFacts, answer: Any) -> Judged:
        right = bool(answer) and answer[0] == item["label"]
        details = {"top5": float(item["label"] in answer[:_TOP])} if len(facts.classes) > _TOP else {}
        return Judged(correct=right, score=float(right), details=details)

    def figures(
        self, items: Mapping[str, Item], facts: SetFacts, outcomes: Sequence[Outcome]
    ) -> tuple[QualityFigure, ...]:
        answered = [outcome for outcome in outcomes if outcome.correct is not None]
        if not answered:
            return ()
        top1 = share_figure("accuracy_percent", [bool(outcome.correct) for outcome in answered])
        if len(facts.classes) <= _TOP:
            return (top1,)
        return top1, share_figure("top5_accuracy_percent", [outcome.details["top5"] > 0 for outcome in answered])


def share_figure(metric: str, right: Sequence[bool]) -> QualityFigure:
    """A share in percent with its 95 % interval."""
    low, high = wilson(sum(right), len(right))
    return QualityFigure(
        metric=metric, value=100 * sum(right) / len(right), n=len(right), ci_low=100 * low, ci_high=100 * high
    )
