"""Code: a function that the model completes, and its unit tests, run in a process that can do little."""

from edgeprof.quality.evaluation_set import Item
from edgeprof.quality.tasks import code
from edgeprof_agent.worker.evaluation.base import Answer, NoAnswer, Question
from edgeprof_agent.worker.evaluation.generation import GenerationPipeline, details_of
from edgeprof_agent.worker.evaluation.program import can_run, run_program
from edgeprof_agent.worker_protocol.adapter import Generated, RuntimeFailure

DEFAULT_LIMIT_S = 5.0


class CodePipeline(GenerationPipeline):
    """`finish` runs the program, so that its time is in the pipeline's and not in the model's."""

    default_max_tokens = code.MAX_TOKENS
    default_stop = code.STOP

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        refusal = can_run()
        if refusal:
            raise RuntimeFailure("unsupported_task", f"Programs cannot be run here: {refusal}")
        self._is_answer = self._is_chat or self._remote is not None
        if self._is_answer:  # it begins with the function's head, or a fence: what ends a continuation would cut it off
            self.default_stop = ()
        self._limit_s = float(question.facts.preparation.get("limit_s", DEFAULT_LIMIT_S))

    def finish(self, item: Item, output: Generated) -> Answer:
        program_of = code.program_of_answer if self._is_answer else code.program_of
        verdict = run_program(program_of(item, output.text), self._limit_s)
        if verdict.not_run:
            raise NoAnswer(f"its program could not be run: {verdict.reason}")
        value = {"text": output.text, "passed": verdict.passed, "reason": verdict.reason}
        return Answer(value, details_of(output))
