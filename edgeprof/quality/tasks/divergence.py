"""How far a variant's odds lie from its source's: `{"id", "text", "file"}`, the file as the source's run wrote it.

An answer is `{"kl_nats": [sum, largest], "positions", "same_top"}`. Where the file holds the source's likeliest words
only, the rest is one word, and the divergence is a lower bound: lumping words together can only make it smaller
(the data-processing inequality, Cover and Thomas 2006, 2.8).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from edgeprof.quality.evaluation_set import Item, SetFacts
from edgeprof.quality.mean_figures import ends, ratio_with_error
from edgeprof.quality.outcomes import Outcome
from edgeprof.quality.tasks.base import BadItem, Judged, ModelKind, QualityFigure
from edgeprof.quality.tasks.perplexity import check_text, window_of

TOP_WORDS = 64
"""Of the source, at each position: 512 bytes of a float and a number each; all 49,152 words would take 384 KiB."""


class Divergence:
    """Mean Kullback-Leibler divergence of the next token's odds, and how often the likeliest token is the same."""

    name = "divergence"
    title = "Divergence from the source"
    domain = "language"
    kind: ModelKind = "text"
    lead = "kl_divergence_nats"
    is_paired_by: Literal["correct", "score"] = "score"

    def check(self, item: Item, facts: SetFacts) -> None:
        check_text(item)
        window_of(facts)
        if not isinstance(item.get("file"), str):
            raise BadItem("has no 'file' with the source's odds. Make the set with `edgeprof divergence`")

    def judge(self, item: Item, facts: SetFacts, answer: Any) -> Judged:
        positions, total = int(answer["positions"]), float(answer["kl_nats"][0])
        if positions < 1:
            raise BadItem("the answer has no positions")
        details = {
            "kl_nats": total,
            "max_kl_nats": float(answer["kl_nats"][1]),
            "positions": float(positions),
            "same_top": float(answer["same_top"]),
        }
        return Judged(correct=None, score=-total / positions, details=details)

    def figures(
        self, items: Mapping[str, Item], facts: SetFacts, outcomes: Sequence[Outcome]
    ) -> tuple[QualityFigure, ...]:
        answered = [outcome.details for outcome in outcomes if outcome.score is not None]
        if not answered:
            return ()
        positions = [details["positions"] for details in answered]
        mean, error = ratio_with_error([details["kl_nats"] for details in answered], positions)
        low, high = ends(mean, error)
        same, same_error = ratio_with_error([100 * details["same_top"] for details in answered], positions)
        same_low, same_high = ends(same, same_error)
        return (
            QualityFigure(
                metric="kl_divergence_nats",
                value=mean,
                n=len(answered),
                ci_low=None if low is None else max(0.0, low),
                ci_high=high,
            ),
            QualityFigure(
                metric="same_top_token_percent",
                value=same,
                n=len(answered),
                ci_low=None if same_low is None else max(0.0, same_low),
                ci_high=None if same_high is None else min(100.0, same_high),
            ),
        )
