"""What language pipelines share: the model that shows its logits, prompts as tokens, examples that stay in memory."""

from collections.abc import Sequence

from edgeprof.quality.evaluation_set import Item
from edgeprof.quality.prompts import example_prompts, examples_before, prompt_of
from edgeprof.quality.tasks.base import BadItem
from edgeprof_agent.worker.evaluation.base import NoAnswer, Question
from edgeprof_agent.worker_protocol.adapter import AnswersTexts, RuntimeFailure, WritesTexts

Pair = tuple[list[int], list[int]]


def logits_of(question: Question) -> AnswersTexts:
    """The model as one that shows its logits. Raises RuntimeFailure `unsupported_task`."""
    model = question.model
    if isinstance(model, AnswersTexts):
        return model
    if isinstance(model, WritesTexts):
        raise RuntimeFailure(
            "unsupported_task",
            f"An endpoint shows no log-likelihood of a given text, which the task {question.facts.task} needs. "
            "Choose a set with generated answers: exact-match, instructions or code.",
        )
    raise RuntimeFailure(
        "unsupported_task",
        f"llama.cpp's server path (xllamacpp) shows no logits, which the task {question.facts.task} needs. "
        "Use `--runtime llama-capi`; where its layout is not proven, install llama-cpp-python: "
        "`pip install 'edgeprof[llama]'` and `--runtime llama-cpp-python`.",
    )


def header_of(question: Question) -> str:
    """The worked examples before each prompt. Raises RuntimeFailure where the set has fewer than the run asks for."""
    try:
        return examples_before(question.facts, question.shots)
    except BadItem as problem:
        text = str(problem)
        raise RuntimeFailure("bad_set", f"{text[:1].upper()}{text[1:]}.") from problem


def share_header(model: AnswersTexts, header: str) -> None:
    """Has the examples evaluated once. Their last token is left out: the next text may become a part of it."""
    model.share_prefix(model.tokenize(header.rstrip())[:-1] if header else ())


def full_prompt(header: str, item: Item, question: Question) -> str:
    """Examples and the item's own prompt. Raises NoAnswer, also for an item that is one of the examples."""
    try:
        prompt = prompt_of(item, question.facts)
        if question.shots and prompt in example_prompts(question.facts, question.shots):
            raise NoAnswer("the item is one of the examples in its prompt, with the answer. Remove one of the two")
        return header + prompt
    except BadItem as problem:
        raise NoAnswer(str(problem)) from problem


def tokens_of(model: AnswersTexts, text: str) -> list[int]:
    """Raises NoAnswer where the tokenizer cannot encode a text, or finds nothing in it."""
    try:
        tokens = model.tokenize(text)
    except RuntimeFailure as failure:
        raise NoAnswer(str(failure)) from failure
    if not tokens:
        raise NoAnswer("the tokenizer makes no tokens of this text")
    return tokens


def split_pair(model: AnswersTexts, prompt: str, endings: Sequence[str]) -> tuple[list[int], list[list[int]]]:
    """The prompt's tokens, and those of each ending behind it. As lm-evaluation-harness has it.

    Prompt and ending are tokenized together, and what comes after the prompt's own tokens is the ending; spaces at
    the prompt's end belong to the ending. Raises NoAnswer.
    """
    head = prompt.rstrip()
    spaces = prompt[len(head) :]
    prefix = tokens_of(model, head)
    tails: list[list[int]] = []
    for ending in endings:
        tail = tokens_of(model, f"{head}{spaces}{ending}")[len(prefix) :]
        if not tail:
            raise NoAnswer(f"the tokenizer makes no tokens of the choice {ending!r} behind this prompt")
        tails.append(tail)
    return prefix, tails
