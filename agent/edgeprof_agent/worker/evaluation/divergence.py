"""Divergence: the odds of the next token against those that the source model gave at the same place of a text."""

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from edgeprof.quality.evaluation_set import Item
from edgeprof.quality.tasks.divergence import TOP_WORDS
from edgeprof.quality.tasks.perplexity import window_of
from edgeprof_agent.worker.evaluation.base import Answer, NoAnswer, Question
from edgeprof_agent.worker.evaluation.texts import logits_of, tokens_of
from edgeprof_agent.worker_protocol.adapter import AnswersTexts

Floats = npt.NDArray[np.float32]
_MIN_SHARE = 1e-9
"""Of the words that the file does not hold: less than that is rounding."""


class SourceOdds(NamedTuple):
    """What the source's run wrote of one item: `words` and `log_odds` are [tokens, k], the likeliest word first."""

    tokens: npt.NDArray[np.int32]
    words: npt.NDArray[np.int32]
    log_odds: Floats


class DivergencePipeline:
    """The item's windows one by one: the odds of all words are in memory for one window only."""

    def __init__(self, question: Question) -> None:
        self._model = logits_of(question)
        self._folder = question.folder
        self._window = window_of(question.facts)
        self.batch_shape = f"{self._model.batch_shape}, windows of {self._window} tokens"

    def decode(self, item: Item) -> tuple[str, SourceOdds]:
        return str(item["text"]), read_odds(self._folder / str(item["file"]))

    def prepare(self, item: Item, decoded: tuple[str, SourceOdds]) -> SourceOdds:
        text, source = decoded
        if tokens_of(self._model, text) != source.tokens.tolist():
            raise NoAnswer("this model's tokenizer divides the text otherwise than the source's")
        return source

    def ask(self, item: Item, prepared: SourceOdds) -> tuple[list[float], int]:
        found: list[float] = []
        same = 0
        for first in range(0, len(prepared.tokens), self._window):
            part = slice(first, first + self._window)
            odds: Floats = self._model.log_probabilities(prepared.tokens[part].tolist())
            found += divergences(prepared.words[part], prepared.log_odds[part], odds).tolist()
            same += int((odds.argmax(axis=1) == prepared.words[part, 0]).sum())
        return found, same

    def finish(self, item: Item, output: tuple[list[float], int]) -> Answer:
        values, same = output
        return Answer({"kl_nats": [math.fsum(values), max(values)], "positions": len(values), "same_top": same})


def divergences(words: npt.NDArray[np.int32], source: Floats, odds: Floats) -> npt.NDArray[np.float64]:
    """KL(source || variant) at each position, in nats; the words that the source's file leaves out are one word.

    `words`, `source`: [positions, k]; `odds`: [positions, vocabulary], log-probabilities of the variant.
    """
    log_p = source.astype(np.float64)
    log_q = np.take_along_axis(odds, words, axis=1).astype(np.float64)
    p = np.exp(log_p)
    total = (p * (log_p - log_q)).sum(axis=1)
    rest_p, rest_q = 1 - p.sum(axis=1), np.maximum(1 - np.exp(log_q).sum(axis=1), _MIN_SHARE)
    has_rest = rest_p > _MIN_SHARE if words.shape[1] < odds.shape[1] else np.zeros(len(words), bool)
    total[has_rest] += rest_p[has_rest] * np.log(rest_p[has_rest] / rest_q[has_rest])
    return np.maximum(total, 0.0)


def source_odds(model: AnswersTexts, text: str, window: int, top: int = TOP_WORDS) -> SourceOdds:
    """What a variant is compared with: the source's likeliest `top` words at each position of a text."""
    tokens = tokens_of(model, text)
    words: list[npt.NDArray[np.int32]] = []
    values: list[Floats] = []
    for first in range(0, len(tokens), window):
        odds: Floats = model.log_probabilities(tokens[first : first + window])
        count = min(top, odds.shape[1])
        likeliest = np.argpartition(-odds, count - 1, axis=1)[:, :count]
        order = np.argsort(-np.take_along_axis(odds, likeliest, axis=1), axis=1, kind="stable")
        chosen = np.take_along_axis(likeliest, order, axis=1)
        words.append(chosen.astype(np.int32))
        values.append(np.take_along_axis(odds, chosen, axis=1))
    return SourceOdds(np.array(tokens, np.int32), np.concatenate(words), np.concatenate(values))


def write_odds(path: Path, odds: SourceOdds) -> None:
    """The same odds always make the same bytes: the file's hash is part of the set's id."""
    with path.open("wb") as stream:
        np.savez(stream, **odds._asdict())


def read_odds(path: Path) -> SourceOdds:
    """Raises NoAnswer for a file that does not hold a source's odds."""
    try:
        with np.load(path, allow_pickle=False) as found:
            odds = SourceOdds(found["tokens"], found["words"], found["log_odds"])
    except (OSError, ValueError, KeyError) as error:
        raise NoAnswer(f"its file does not hold a source's odds: {error}") from error
    if odds.words.ndim != 2 or odds.words.shape != odds.log_odds.shape or len(odds.words) != len(odds.tokens):
        raise NoAnswer("its file's arrays do not fit each other")
    return odds
