"""Multiple choice: the log-likelihood of each choice behind the prompt, from the runtime's own logits."""

from typing import cast

from edgeprof.quality.evaluation_set import Item
from edgeprof.quality.prompts import delimiter_of
from edgeprof.quality.tasks.multiple_choice import choices_of
from edgeprof_agent.worker.evaluation.base import Answer, Question
from edgeprof_agent.worker.evaluation.texts import full_prompt, header_of, logits_of, share_header, split_pair
from edgeprof_agent.worker_protocol.adapter import EndingScore


class MultipleChoicePipeline:
    """The prompt and all of its choices in one batch."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._model = logits_of(question)
        self._header = header_of(question)
        self._delimiter = delimiter_of(question.facts)
        share_header(self._model, self._header)
        self.batch_shape = self._model.batch_shape
        self._prompt_tokens = 0

    def decode(self, item: Item) -> tuple[str, list[str]]:
        prompt = full_prompt(self._header, item, self._question)
        return prompt, [f"{self._delimiter}{choice}" for choice in choices_of(item)]

    def prepare(self, item: Item, decoded: tuple[str, list[str]]) -> tuple[list[int], list[list[int]]]:
        return split_pair(self._model, *decoded)

    def ask(self, item: Item, prepared: tuple[list[int], list[list[int]]]) -> list[EndingScore]:
        self._prompt_tokens = len(prepared[0])
        return self._model.score_endings(*prepared)

    def finish(self, item: Item, output: list[EndingScore]) -> Answer:
        label = cast(int, item["label"])
        details = {
            "greedy": float(output[label].is_greedy),
            "tokens": float(sum(score.tokens for score in output)),
            "prompt_tokens": float(self._prompt_tokens),
        }
        return Answer([score.log_likelihood for score in output], details)
