"""Voice activity: `{"id", "file", "duration_s", "segments": [[start_s, end_s], …]}`; [] where nobody speaks.

An answer is a list of `[start_s, end_s]`: where the model finds speech. Both are compared in frames of 10 ms; a frame
is speech where its middle is. Keys of `preparation`: `docs/quality.md`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

from edgeprof.quality.evaluation_set import Item, SetFacts
from edgeprof.quality.outcomes import Outcome
from edgeprof.quality.tasks.base import BadItem, Judged, ModelKind, QualityFigure
from edgeprof.quality.tasks.item_fields import check_file, check_span, duration_of
from edgeprof.quality.tasks.pooled import detection_figures, pooled_share

FRAMES_PER_S = 100
"""The step at which AVA-Speech and the NIST evaluations label speech; finer than any model's own frames."""


class VoiceActivity:
    """F1, precision and recall of the frames with speech. An item's score is its share of right frames."""

    name = "voice-activity"
    title = "Voice activity"
    domain = "audio"
    kind: ModelKind = "tensor"
    lead = "f1_percent"
    is_paired_by: Literal["correct", "score"] = "score"

    def check(self, item: Item, facts: SetFacts) -> None:
        check_file(item)
        duration_s = duration_of(item)
        segments = item.get("segments")
        if not isinstance(segments, (list, tuple)):
            raise BadItem("has no list 'segments'. Write [] where nobody speaks.")
        for found in cast(Sequence[Any], segments):
            if not isinstance(found, (list, tuple)) or len(cast(Sequence[Any], found)) != 2:
                raise BadItem(f"segment {found!r} is not [start_s, end_s]")
            check_span(found[0], found[1], duration_s, "segment")

    def judge(self, item: Item, facts: SetFacts, answer: Any) -> Judged:
        frames = round(item["duration_s"] * FRAMES_PER_S)
        there, found = _frames(item["segments"], frames), _frames(answer or (), frames)
        both = sum(map(int.__and__, there, found))
        wrong, missed = sum(found) - both, sum(there) - both
        details = {"right": float(both), "wrong": float(wrong), "missed": float(missed), "frames": float(frames)}
        return Judged(correct=None, score=1 - (wrong + missed) / max(frames, 1), details=details)

    def figures(
        self, items: Mapping[str, Item], facts: SetFacts, outcomes: Sequence[Outcome]
    ) -> tuple[QualityFigure, ...]:
        details = [outcome.details for outcome in outcomes if outcome.score is not None]
        if not details:
            return ()
        figures = detection_figures(
            [each["right"] for each in details],
            [each["wrong"] for each in details],
            [each["missed"] for each in details],
        )
        right_frames = [each["frames"] - each["wrong"] - each["missed"] for each in details]
        share = pooled_share("accuracy_percent", right_frames, [each["frames"] for each in details])
        return (*figures, *(() if share is None else (share,)))


def _frames(segments: Sequence[Sequence[float]], frames: int) -> bytearray:
    """1 for each frame whose middle lies in a segment."""
    marks = bytearray(frames)
    for start_s, end_s in segments:
        first = max(0, _first_frame(start_s))
        past = min(frames, _first_frame(end_s))
        if past > first:
            marks[first:past] = b"\x01" * (past - first)
    return marks


def _first_frame(time_s: float) -> int:
    """The first frame whose middle is not before a time: middles lie at 5 ms, 15 ms, …"""
    return -int(-(time_s * FRAMES_PER_S - 0.5) // 1)
