"""What an evaluation asks of a language model, answered from llama.cpp's own logits.

Within an item nothing is evaluated twice: the tokens of a prefix carry the sequences of all its endings, which stand
behind it in the same batch. Between items a shared prefix (the examples of a few-shot prompt) stays in memory.
"""

import time
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from edgeprof_agent.runtimes.llama.llamacpp_api import LlamaApi, Model
from edgeprof_agent.runtimes.llama.llamacpp_context import ContextSettings, SavedMemory
from edgeprof_agent.runtimes.llama.llamacpp_sequences import MAX_SEQUENCES, Entry, Sequences
from edgeprof_agent.runtimes.llama.llamacpp_vocabulary import LlamaVocabulary
from edgeprof_agent.worker_protocol.adapter import EndingScore, Generated, RuntimeFailure

if TYPE_CHECKING:
    from edgeprof_agent.runtimes.llama.log_odds import Floats

_ANY = 0
"""A target for logits that are wanted as they are."""


class LlamaAnswers:
    """`AnswersTexts` of a model that is loaded. Its context is made when it is first asked, and grows with need."""

    def __init__(
        self, api: LlamaApi, model: Model, vocabulary: LlamaVocabulary, threads: int, settings: ContextSettings
    ) -> None:
        self._answers_of = (api, model, vocabulary.words, threads, settings)
        self._vocabulary = vocabulary
        self.trained_tokens = api.llama_model_n_ctx_train(model)
        self._shared: tuple[int, ...] = ()
        self._shared_state: SavedMemory | None = None
        self._is_shared_held = False

    @cached_property
    def _sequences(self) -> Sequences:
        return Sequences(*self._answers_of)

    @property
    def batch_shape(self) -> str:
        """How tokens share a call: part of every score."""
        return self._sequences.shape

    def tokenize(self, text: str, *, special: bool = True) -> list[int]:
        """Tokens of a text. `special`: with the vocabulary's beginning, and names of special tokens read as such."""
        return self._vocabulary.encode(text, special=special)

    def detokenize(self, tokens: Sequence[int]) -> str:
        """The text of tokens; special ones have none."""
        return b"".join(map(self._vocabulary.piece, tokens)).decode(errors="replace")

    def chat_prompt(self, text: str) -> str:
        """The text as a user's message in the model's own chat template, by llama.cpp; as it is without a template."""
        return self._vocabulary.chat_prompt(text)

    def share_prefix(self, tokens: Sequence[int]) -> None:
        """Keeps these tokens in memory for all that begins with them, until other ones are named; () for none."""
        self._shared = tuple(tokens)
        self._shared_state = None
        self._is_shared_held = False

    def score_endings(self, prefix: Sequence[int], endings: Sequence[Sequence[int]]) -> list[EndingScore]:
        """The log-likelihood of each ending after the prefix. Both have at least one token."""
        if not prefix or not all(endings):
            raise RuntimeFailure("inference_error", "A prefix or an ending has no tokens: nothing can be scored.")
        self._check_length(len(prefix) + max(len(ending) for ending in endings))
        most = MAX_SEQUENCES if self._sequences.shares else 1
        found: list[EndingScore] = []
        for first in range(0, len(endings), most):
            found += self._score(prefix, endings[first : first + most])
        return found

    def token_log_likelihoods(self, tokens: Sequence[int]) -> list[float]:
        """Of each token but the first, given those before it, in nats."""
        self._check_length(len(tokens))
        found: list[float] = []
        of_targets = _odds().of_targets
        entries = _chain(tokens[:-1], 0, tokens[1:])
        self._at_start(len(tokens))
        self._sequences.evaluate(entries, lambda logits, targets: found.extend(of_targets(logits, targets)[0]))
        return found

    def log_probabilities(self, tokens: Sequence[int]) -> Any:
        """numpy, float32 [len(tokens), vocabulary]: of the token after each position, in nats."""
        self._check_length(len(tokens))
        odds = _odds()
        out = odds.empty(len(tokens), self._vocabulary.words)
        done = 0

        def see(logits: "Floats", targets: list[int]) -> None:
            nonlocal done
            odds.all_words(logits, out[done : done + len(targets)])
            done += len(targets)

        self._at_start(len(tokens))
        self._sequences.evaluate(_chain(tokens, 0, [_ANY] * len(tokens)), see)
        return out

    def generate(
        self, prompt: Sequence[int], max_tokens: int, stop: Sequence[str], *, temperature: float, seed: int
    ) -> Generated:
        """A continuation: greedy at temperature 0. A text that stops is cut before what it stopped at."""
        self._check_length(len(prompt) + 1)
        max_tokens = min(max_tokens, self.trained_tokens - len(prompt))
        odds = _odds()
        random = odds.generator(seed)
        stops = [text.encode() for text in stop if text]
        started_ns = time.perf_counter_ns()
        held = self._begin(prompt, len(prompt) + max_tokens)
        last: list[int] = []

        def choose(logits: "Floats", _: list[int]) -> None:
            if not odds.is_finite(logits[0]):
                raise RuntimeFailure("inference_error", "The model's logits are not finite: no token can be chosen.")
            last[:] = [odds.sampled(logits[0], temperature, random)]

        body = prompt[held:]
        self._sequences.evaluate(_chain(body, held, [None] * (len(body) - 1) + [_ANY]), choose)
        first_ns = time.perf_counter_ns() - started_ns
        written, count, ended = b"", 0, "limit"
        while True:
            count += 1
            if self._vocabulary.is_end(last[0]):
                ended = "end"
                break
            written += self._vocabulary.piece(last[0])
            places = [place for text in stops if (place := written.find(text)) >= 0]
            if places:
                written, ended = written[: min(places)], "stop"
                break
            if count >= max_tokens:
                break
            self._sequences.evaluate(_chain(last, len(prompt) + count - 1, [_ANY]), choose)
        total_ns = time.perf_counter_ns() - started_ns
        return Generated(written.decode(errors="replace"), count, ended, first_ns, total_ns)

    def close(self) -> None:
        if "_sequences" in self.__dict__:
            self._sequences.close()

    def _score(self, prefix: Sequence[int], endings: Sequence[Sequence[int]]) -> list[EndingScore]:
        """Endings of one batch each with a sequence of its own. The last token of an ending need not be evaluated."""
        everybody = range(len(endings))
        held = self._begin(prefix, len(prefix) + sum(len(ending) - 1 for ending in endings), len(endings))
        entries = _chain(prefix[held:], held, [None] * (len(prefix) - held), everybody)
        entries[-1] = entries[-1]._replace(target=endings[0][0])
        for sequence, ending in enumerate(endings):
            entries += _chain(ending[:-1], len(prefix), ending[1:], (sequence,))
        of_targets = _odds().of_targets
        likelihoods: list[float] = []
        likeliest: list[bool] = []
        first: list[tuple[float, bool]] = []

        def see(logits: "Floats", targets: list[int]) -> None:
            if not first:  # the prefix's last position has the odds of every ending's first token
                for ending in endings:
                    value, is_top = of_targets(logits[:1], [ending[0]])
                    first.append((value[0], is_top[0]))
                logits, targets = logits[1:], targets[1:]
            values, are_top = of_targets(logits, targets)
            likelihoods.extend(values)
            likeliest.extend(are_top)

        self._sequences.evaluate(entries, see)
        scores: list[EndingScore] = []
        done = 0
        for (value, is_top), ending in zip(first, endings, strict=True):
            end = done + len(ending) - 1
            total = value + sum(likelihoods[done:end])
            scores.append(EndingScore(total, len(ending), is_top and all(likeliest[done:end])))
            done = end
        return scores

    def _begin(self, prefix: Sequence[int], room: int, sequences: int = 1) -> int:
        """Brings the memory to the shared prefix where this one begins with it, else to nothing: tokens held."""
        count = len(self._shared)
        if not count or len(prefix) <= count or tuple(prefix[:count]) != self._shared:
            self._at_start(room)
            return 0
        if self._sequences.make_room(room):
            self._is_shared_held = False
        context = self._sequences.context
        if not (self._is_shared_held and self._sequences.shares and context.cut_all(count)):
            if self._shared_state is None or not context.restore(self._shared_state):
                context.clear()
                self._sequences.evaluate(_chain(self._shared, 0, [None] * count), lambda logits, targets: None)
                self._shared_state = None if self._sequences.shares else context.save()
            self._is_shared_held = True
        for sequence in range(1, sequences):
            context.share_first(count, sequence)
        return count

    def _at_start(self, room: int) -> None:
        self._check_length(room if not self._sequences.shares else 1)
        self._sequences.make_room(room)
        self._sequences.context.clear()
        self._is_shared_held = False

    def _check_length(self, tokens: int) -> None:
        if tokens > self.trained_tokens:
            raise RuntimeFailure(
                "inference_error",
                f"This item needs a context of {tokens} tokens, but the model was trained for {self.trained_tokens}.",
            )


def _odds() -> Any:
    """The module that has numpy: a run that measures speed does without it."""
    try:
        from edgeprof_agent.runtimes.llama import log_odds
    except ImportError as error:
        raise RuntimeFailure(
            "runtime_missing", f"An evaluation needs numpy ({error}). Install it with: pip install numpy"
        ) from error
    return log_odds


def _chain(
    tokens: Sequence[int], position: int, targets: Sequence[int | None], sequences: Sequence[int] = (0,)
) -> list[Entry]:
    """Tokens one behind the other."""
    return [
        Entry(token, position + index, sequences, target)
        for index, (token, target) in enumerate(zip(tokens, targets, strict=True))
    ]
