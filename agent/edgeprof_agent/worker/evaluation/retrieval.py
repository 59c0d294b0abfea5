"""Embedding retrieval: a query in, the nearest documents out. Documents are embedded once, before the first query.

Nearness is the cosine of two embeddings. Keys of `preparation`, as well as those of `tokenizing.py`: `documents`, texts
by id; `pooling`: `mean` of the token vectors (default), `cls` (the first) or `none`, for an output of one vector a
text; `output`, its name (default: the first of the fitting rank); `query_prefix` and `document_prefix`, put before
each.
"""

from typing import Any

import numpy as np

from edgeprof.quality.evaluation_set import Item
from edgeprof.quality.tasks.base import BadItem
from edgeprof.quality.tasks.retrieval import CUT, documents_of
from edgeprof_agent.worker.evaluation.base import Answer, NoAnswer, Question
from edgeprof_agent.worker.evaluation.tensors import Floats, asked_model, checked, real
from edgeprof_agent.worker.evaluation.tokenizing import Encoded, Tokens
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure

_POOLINGS = ("mean", "cls", "none")


class RetrievalPipeline:
    """Tokenize; the model; pool, normalize and rank."""

    batch_shape = ""
    prepares_ahead = False

    def __init__(self, question: Question) -> None:
        keys = question.facts.preparation
        self._model = asked_model(question)
        self._needs = [checked(need) for need in self._model.needs()]
        self._gives = {given.name: given for given in self._model.gives()}
        self._tokens = Tokens(question)
        self._pooling = keys.get("pooling", "mean")
        if self._pooling not in _POOLINGS:
            raise RuntimeFailure(
                "bad_set", f"The set's pooling {self._pooling!r} is not one of {', '.join(_POOLINGS)}."
            )
        self._output = keys.get("output")
        self._prefix = str(keys.get("query_prefix", ""))
        self._feeds: dict[str, str] = {need.name: _part(need.name) for need in self._needs}
        prefix = str(keys.get("document_prefix", ""))
        try:
            documents = documents_of(question.facts)
            vectors = [self._embedded(prefix + text) for text in documents.values()]
        except (BadItem, NoAnswer) as error:
            raise RuntimeFailure("bad_set", f"The set's documents cannot be embedded: {error}.") from error
        self._documents = list(documents)
        self._matrix = np.stack(vectors)

    def decode(self, item: Item) -> str:
        return self._prefix + str(item["text"])

    def prepare(self, item: Item, decoded: str) -> tuple[dict[str, Any], Encoded]:
        encoded = self._tokens.of(decoded)
        return self._fed(encoded), encoded

    def ask(self, item: Item, prepared: tuple[dict[str, Any], Encoded]) -> tuple[dict[str, Any], Encoded]:
        feeds, encoded = prepared
        return self._model.answer(feeds), encoded

    def finish(self, item: Item, output: tuple[dict[str, Any], Encoded]) -> Answer:
        near = self._matrix @ self._vector(*output)
        order = np.argsort(-near, kind="stable")[:CUT]
        return Answer([self._documents[place] for place in order], {"nearest": float(near[order[0]])})

    def _embedded(self, text: str) -> Floats:
        encoded = self._tokens.of(text)
        return self._vector(self._model.answer(self._fed(encoded)), encoded)

    def _fed(self, encoded: Encoded) -> dict[str, Any]:
        """As the inputs declare them: a fixed length is filled up with 0, which the mask shows. Raises NoAnswer."""
        parts = {"ids": encoded.ids, "mask": encoded.mask, "segments": encoded.segments}
        feeds: dict[str, Any] = {}
        for need in self._needs:
            row = np.array(parts[self._feeds[need.name]], need.dtype)
            fixed = need.shape[-1] if need.shape else -1
            if fixed > 0 and len(row) > fixed:
                raise NoAnswer(f"the text has {len(row)} tokens, the input {fixed}. Set 'max_tokens' to {fixed}.")
            feeds[need.name] = np.pad(row, (0, max(0, fixed - len(row))))[None]
        return feeds

    def _vector(self, outputs: dict[str, Any], encoded: Encoded) -> Floats:
        """One of length 1. Raises NoAnswer."""
        rank = 2 if self._pooling == "none" else 3
        ranks = {name: np.asarray(tensor).ndim for name, tensor in outputs.items()}
        name = self._output or next((name for name, found in ranks.items() if found == rank), "")
        if ranks.get(name) != rank:
            raise NoAnswer(f"pooling {self._pooling} needs an output of {rank} dimensions; outputs: {ranks}")
        values = real(np.asarray(outputs[name]), self._gives[name])[0]
        if self._pooling == "mean":
            mask = np.zeros((len(values), 1), np.float32)
            mask[: len(encoded.mask), 0] = encoded.mask[: len(values)]
            values = (values * mask).sum(axis=0) / max(float(mask.sum()), 1.0)
        elif self._pooling == "cls":
            values = values[0]
        length = float(np.linalg.norm(values))
        if not np.isfinite(length) or length == 0:
            raise NoAnswer("the embedding is NaN, infinite or 0")
        return np.asarray(values / length, np.float32)


def _part(name: str) -> str:
    """What an input of an encoder takes, by the names that exports of Transformers have."""
    if "mask" in name:
        return "mask"
    return "segments" if "type" in name or "segment" in name else "ids"
