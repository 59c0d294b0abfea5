"""Perplexity: the log-likelihood of a text's own tokens, window by window."""

from collections.abc import Iterator, Sequence

from edgeprof.quality.evaluation_set import Item
from edgeprof.quality.tasks.perplexity import window_of
from edgeprof_agent.worker.evaluation.base import Answer, Question
from edgeprof_agent.worker.evaluation.texts import logits_of, tokens_of


class PerplexityPipeline:
    """A window begins with the last token of the one before: all tokens but an item's first are scored."""

    def __init__(self, question: Question) -> None:
        self._model = logits_of(question)
        self._window = window_of(question.facts)
        self.batch_shape = f"{self._model.batch_shape}, windows of {self._window} tokens"

    def decode(self, item: Item) -> str:
        return str(item["text"])

    def prepare(self, item: Item, decoded: str) -> list[int]:
        return tokens_of(self._model, decoded)

    def ask(self, item: Item, prepared: list[int]) -> tuple[list[int], list[float]]:
        found: list[float] = []
        for window in windows_of(prepared, self._window):
            found += self._model.token_log_likelihoods(window)
        return prepared[1:], found

    def finish(self, item: Item, output: tuple[list[int], list[float]]) -> Answer:
        scored, likelihoods = output
        size = len(self._model.detokenize(scored).encode())
        return Answer({"nats": -sum(likelihoods), "tokens": len(likelihoods), "bytes": size})


def windows_of(tokens: Sequence[int], window: int) -> Iterator[Sequence[int]]:
    """Windows of at most so many tokens, each beginning with the last token of the one before.

    >>> list(windows_of([1, 2, 3, 4, 5, 6], 4))
    [[1, 2, 3, 4], [4, 5, 6]]
    """
    for first in range(0, len(tokens) - 1, window - 1):
        yield tokens[first : first + window]
