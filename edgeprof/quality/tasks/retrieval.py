"""Embedding retrieval: `{"id", "text", "relevance": {document: grade}}`; an answer is document ids, the nearest first.

The documents are `SetFacts.preparation["documents"]`, an object of texts by id: part of the set's id. A grade is a
whole number of 1 or more; 1 for all is binary relevance. Documents that an item does not name are not relevant.
Other keys of `preparation`: `docs/quality.md`.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

from edgeprof.quality.bootstrap import mean_interval
from edgeprof.quality.evaluation_set import Item, SetFacts
from edgeprof.quality.outcomes import Outcome
from edgeprof.quality.tasks.base import BadItem, Judged, ModelKind, QualityFigure

CUT = 10


class Retrieval:
    """nDCG@10 and recall@10, the mean over queries. A query's score is its nDCG."""

    name = "retrieval"
    title = "Embedding retrieval"
    domain = "language"
    kind: ModelKind = "tensor"
    lead = "ndcg_at_10_percent"
    is_paired_by: Literal["correct", "score"] = "score"

    def check(self, item: Item, facts: SetFacts) -> None:
        documents = documents_of(facts)
        if not isinstance(item.get("text"), str) or not item["text"].strip():
            raise BadItem("has no 'text' to search for")
        relevance = item.get("relevance")
        if not isinstance(relevance, dict) or not relevance:
            raise BadItem("has no 'relevance'. Name at least one document and its grade.")
        for document, grade in cast(dict[str, Any], relevance).items():
            if document not in documents:
                raise BadItem(f"relevance names document '{document}', which the set does not have")
            if not isinstance(grade, int) or isinstance(grade, bool) or grade < 1:
                raise BadItem(f"grade {grade!r} of document '{document}' is not a whole number of 1 or more")

    def judge(self, item: Item, facts: SetFacts, answer: Any) -> Judged:
        relevance = cast(dict[str, int], item["relevance"])
        ranked = list(dict.fromkeys(str(each) for each in answer or ()))[:CUT]
        found = sum(document in relevance for document in ranked) / len(relevance)
        is_first = bool(ranked) and ranked[0] in relevance
        return Judged(correct=is_first, score=ndcg(ranked, relevance), details={"recall": found})

    def figures(
        self, items: Mapping[str, Item], facts: SetFacts, outcomes: Sequence[Outcome]
    ) -> tuple[QualityFigure, ...]:
        answered = [outcome for outcome in outcomes if outcome.score is not None]
        if not answered:
            return ()
        return (
            _mean("ndcg_at_10_percent", [outcome.score or 0.0 for outcome in answered]),
            _mean("recall_at_10_percent", [outcome.details["recall"] for outcome in answered]),
        )


def documents_of(facts: SetFacts) -> dict[str, str]:
    """The texts of a set's documents by id. Raises BadItem where it has none."""
    documents = facts.preparation.get("documents")
    if not isinstance(documents, dict) or not documents:
        raise BadItem("needs preparation.documents in set.json: an object of texts by id")
    return cast(dict[str, str], documents)


def ndcg(ranked: Sequence[str], relevance: Mapping[str, int], cut: int = CUT) -> float:
    """Gain of the first `cut` documents over the best possible, each divided by log2(rank + 1).

    The gain of a document is its grade, as in trec_eval (Järvelin and Kekäläinen 2002), not 2 to its power.

    >>> round(ndcg(["a", "x", "b"], {"a": 1, "b": 1}), 4)
    0.9197
    """
    gained = sum(relevance.get(document, 0) / math.log2(rank + 2) for rank, document in enumerate(ranked[:cut]))
    best = sorted(relevance.values(), reverse=True)[:cut]
    return gained / sum(grade / math.log2(rank + 2) for rank, grade in enumerate(best))


def _mean(metric: str, values: Sequence[float]) -> QualityFigure:
    low, high = mean_interval(values) or (None, None)
    return QualityFigure(
        metric=metric,
        value=100 * sum(values) / len(values),
        n=len(values),
        ci_low=None if low is None else 100 * low,
        ci_high=None if high is None else 100 * high,
    )
