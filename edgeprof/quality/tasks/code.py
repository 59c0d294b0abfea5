"""Code that must pass unit tests: `{"id", "prompt", "test", "entry_point"}`, as HumanEval has them.

The program is the prompt, what the model wrote after it, and the test, whose function `check` takes the entry point.
An answer is `{"text", "passed", "reason"}`: the worker has run the program, see worker/evaluation/program.py.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from edgeprof.quality.evaluation_set import Item, SetFacts
from edgeprof.quality.outcomes import Outcome
from edgeprof.quality.prompts import max_tokens_of, prompt_of
from edgeprof.quality.tasks.base import BadItem, Judged, ModelKind, QualityFigure
from edgeprof.quality.tasks.image_classification import share_figure

MAX_TOKENS = 384
STOP = ("\nclass ", "\ndef ", "\n#", "\nif ", "\nprint(", "\n```")
"""What ends a function that is written after its head (Chen et al. 2021, 2.1); `preparation["stop"]` overrides it."""

_FENCE = re.compile(r"^[ \t]*```[^\n]*\n(.*?)(?:^[ \t]*```|\Z)", re.DOTALL | re.MULTILINE)


class Code:
    """The share of programs that pass all of their tests: pass@1 with one sample."""

    name = "code"
    title = "Code"
    domain = "language"
    kind: ModelKind = "text"
    lead = "code_passed_percent"
    is_paired_by: Literal["correct", "score"] = "correct"

    def check(self, item: Item, facts: SetFacts) -> None:
        for field in ("prompt", "test", "entry_point"):
            if not isinstance(item.get(field), str) or not item[field].strip():
                raise BadItem(f"has no {field!r}. Give it as a text")
        if not item["entry_point"].isidentifier():
            raise BadItem(f"entry_point {item['entry_point']!r} is not the name of a function")
        try:
            compile(item["test"], "test", "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            raise BadItem(f"its test is not Python: {error}") from None
        max_tokens_of(item, facts, MAX_TOKENS)
        prompt_of(item, facts)

    def judge(self, item: Item, facts: SetFacts, answer: Any) -> Judged:
        passed = answer["passed"] is True
        return Judged(correct=passed, score=float(passed))

    def figures(
        self, items: Mapping[str, Item], facts: SetFacts, outcomes: Sequence[Outcome]
    ) -> tuple[QualityFigure, ...]:
        answered = [bool(outcome.correct) for outcome in outcomes if outcome.correct is not None]
        return (share_figure("code_passed_percent", answered),) if answered else ()


def program_of(item: Item, completion: str) -> str:
    """The whole program: it ends without an error where the completion is right.

    >>> program_of({"prompt": "def f():\\n", "test": "def check(g): assert g()", "entry_point": "f"}, "  return 1")
    'def f():\\n  return 1\\ndef check(g): assert g()\\ncheck(f)\\n'
    """
    return f"{item['prompt']}{completion}\n{item['test']}\ncheck({item['entry_point']})\n"


def program_of_answer(item: Item, text: str) -> str:
    """The program of a chat model's answer: the function whole or its body, in a fence or without one.

    A whole function takes the place of the prompt's; what the prompt has before it, as imports, stays.
    """
    head = re.compile(rf"^(?:async )?def {item['entry_point']}\b", re.MULTILINE)
    fenced: list[str] = _FENCE.findall(text)
    written = next((each for each in fenced if head.search(each)), fenced[0] if fenced else text)
    if not head.search(written):
        return program_of(item, written)
    begin = head.search(item["prompt"])
    before = item["prompt"][: begin.start()] if begin else ""
    return program_of({**item, "prompt": before}, written)
