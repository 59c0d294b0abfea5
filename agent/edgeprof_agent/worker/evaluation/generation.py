"""Generated answers: the prompt, in the model's chat template where the set asks for it, and its continuation."""

from typing import Any, cast

from edgeprof.quality.evaluation_set import Item
from edgeprof.quality.prompts import max_tokens_of
from edgeprof.quality.tasks import exact_match
from edgeprof_agent.worker.evaluation.base import Answer, NoAnswer, Question
from edgeprof_agent.worker.evaluation.texts import full_prompt, header_of, logits_of, share_header, tokens_of
from edgeprof_agent.worker_protocol.adapter import AnswersTexts, Generated, RuntimeFailure, WritesTexts


class GenerationPipeline:
    """Greedy unless the set's preparation, or an item, has a `temperature`; a `seed` then tells samples apart.

    An endpoint gets the same prompt as a user's message: it has a chat template of its own.
    """

    default_max_tokens = exact_match.MAX_TOKENS
    default_stop: tuple[str, ...] = ()

    def __init__(self, question: Question) -> None:
        self._question = question
        self._facts = question.facts
        self._header = header_of(question)
        self._is_chat = bool(self._facts.preparation.get("chat", False))
        self._model: AnswersTexts | None = None
        self._remote: WritesTexts | None = None
        self._prompt_tokens = 0
        if isinstance(question.model, WritesTexts):
            self._remote = question.model
            self.batch_shape = ""
        else:
            self._model = logits_of(question)
            share_header(self._model, "" if self._is_chat else self._header)
            self.batch_shape = self._model.batch_shape

    def decode(self, item: Item) -> str:
        return full_prompt(self._header, item, self._question)

    def prepare(self, item: Item, decoded: str) -> str | list[int]:
        if self._model is None:
            return decoded
        try:
            text = self._model.chat_prompt(decoded) if self._is_chat else decoded
        except RuntimeFailure as failure:
            raise NoAnswer(str(failure)) from failure
        return tokens_of(self._model, text)

    def ask(self, item: Item, prepared: str | list[int]) -> Generated:
        limit = max_tokens_of(item, self._facts, self.default_max_tokens)
        stop = cast("list[str]", self._facts.preparation.get("stop", list(self.default_stop)))
        temperature, seed = float(self._setting(item, "temperature")), int(self._setting(item, "seed"))
        if self._model is not None:
            tokens = cast("list[int]", prepared)
            self._prompt_tokens = len(tokens)
            return self._model.generate(tokens, limit, stop, temperature=temperature, seed=seed)
        assert self._remote is not None
        return self._remote.write(str(prepared), limit, stop, temperature=temperature, seed=seed)

    def finish(self, item: Item, output: Generated) -> Answer:
        counted = {"prompt_tokens": float(self._prompt_tokens)} if self._model is not None else {}
        return Answer(output.text, {**details_of(output), **counted})

    def _setting(self, item: Item, name: str) -> Any:
        return item.get(name, self._facts.preparation.get(name, 0))


def details_of(output: Generated) -> dict[str, float]:
    """A generation's own numbers. `at_limit`: it was cut off, which is often why an answer is wrong."""
    return {
        "tokens": float(output.tokens),
        "at_limit": float(output.ended == "limit"),
        "first_token_ms": output.first_token_ns / 1e6,
        "generation_ms": output.total_ns / 1e6,
    }
