"""How a run failed, from what the worker told and how it ended. Pure; out_of_memory never without evidence."""

import re

from edgeprof.wire.failures import FailureCode, Stage
from edgeprof.wire.messages import Failure
from edgeprof_agent.isolation import Limits, WorkerExit
from edgeprof_agent.measuring.refusals import refined
from edgeprof_agent.measuring.worker_output import WorkerOutput
from edgeprof_agent.worker_protocol.document import MadeUpWork

_REFUSED_MEMORY = ("std::bad_alloc", "MemoryError", "Cannot allocate memory", "failed to allocate")
_NO_EDGEPROF = re.compile(r"No module named '?edgeprof_agent")
_UNREAD = "it did not reach the executed operators"


def failure_of(worker_output: WorkerOutput, outcome: WorkerExit, limits: Limits) -> Failure | None:
    """None when the worker measured: what went wrong after that costs the operator list, not the figures."""
    if worker_output.measured is not None:
        return None
    code, message, stage = _cause(worker_output, outcome, limits)
    code, message = refined(code, message, outcome.log)
    if outcome.runs and stage in ("warmup", "measure"):
        message = f"{message.rstrip('.')}, in run {outcome.runs + 1}. {_before_it(outcome.runs)} before it succeeded."
    signal = None if outcome.ending == "refused" else outcome.signal  # it was ours, before there was a job
    return Failure(stage=stage, code=code, message=message, signal=signal, log=outcome.log)


def _before_it(runs: int) -> str:
    return "One run" if runs == 1 else f"{runs} runs"


def aftermath(worker_output: WorkerOutput, outcome: WorkerExit) -> tuple[str, ...]:
    """Notes for a run that measured, and in which a part after the window or the reading of its operators failed."""
    parts = tuple(
        f"the worker failed in the {_words(stage)}: {_cited(message)}"
        if stage != "report"
        else f"the executed operators could not be read: {message}"
        for stage, message in worker_output.parts_failed.items()
    )
    return (*parts, *(_unread(worker_output, outcome) if "report" not in worker_output.parts_failed else ()))


def _unread(worker_output: WorkerOutput, outcome: WorkerExit) -> tuple[str, ...]:
    """Why the operators are not known."""
    if worker_output.operators is not None:
        return ()
    if worker_output.failed is not None and worker_output.failed.stage == "report":
        return (f"the executed operators could not be read: {worker_output.failed.message}",)
    if worker_output.failed is not None:
        failed = worker_output.failed
        return (f"the worker failed in the {_words(failed.stage)}: {_cited(failed.message)}; {_UNREAD}",)
    when = (
        "while reading them"
        if worker_output.stage == "report"
        else f"before reading them ({_words(worker_output.stage)})"
    )
    return (f"the executed operators could not be read: the worker {_end(outcome)} {when}",)


def unreported(worker_output: WorkerOutput, outcome: WorkerExit, part: Stage) -> str:
    """Why nothing is known of a part that was asked for beyond the window."""
    if part in worker_output.parts_failed:
        return f"the worker failed in the {_words(part)}: {_cited(worker_output.parts_failed[part])}"
    at: Stage = worker_output.failed.stage if worker_output.failed is not None else worker_output.stage
    where = f"in the {_words(part)}" if at == part else f"in the {_words(at)}, before the {_words(part)}"
    if worker_output.failed is not None:
        return f"the worker failed {where}: {_cited(worker_output.failed.message)}"
    if at != "report" and worker_output.operators is None:
        return f"the worker {_end(outcome)} {where}"
    return f"the worker reported nothing about the {_words(part)}"


def made_up_work_of(worker_output: WorkerOutput, outcome: WorkerExit) -> MadeUpWork | str | None:
    """What depends on made-up inputs. A worker that died before this check leaves it open, where it had one to make."""
    measured, found = worker_output.measured, worker_output.made_up_work
    if found is not None or measured is None or not measured["steering"]:
        return found
    return f"made-up inputs could not be checked: {unreported(worker_output, outcome, 'report')}"


def _end(outcome: WorkerExit) -> str:
    return f"died of {outcome.signal}" if outcome.signal and outcome.ending == "exited" else f"ended ({outcome.ending})"


def _words(stage: Stage) -> str:
    return stage.replace("_", " ")


def _cited(message: str) -> str:
    return message.rstrip(".")


def _cause(worker_output: WorkerOutput, outcome: WorkerExit, limits: Limits) -> tuple[FailureCode, str, Stage]:
    if worker_output.failed is not None:
        return worker_output.failed.code, worker_output.failed.message, worker_output.failed.stage
    code, message = _ended(outcome, limits)
    return code, message, worker_output.stage


def _ended(outcome: WorkerExit, limits: Limits) -> tuple[FailureCode, str]:
    if outcome.ending == "not_started":
        return "runtime_missing", f"Cannot start the worker's Python: {outcome.log}"
    if outcome.ending == "refused":
        assert outcome.lacks is not None  # it is what a worker is refused for
        return "not_sandboxed", f"The setting sandbox is strict, and {outcome.lacks.sentence}"
    if outcome.ending == "cancelled":
        return "cancelled", "The run was cancelled."
    if outcome.ending == "deadline":
        return "timeout", f"The run did not end within {limits.deadline_s:g} s and was killed."
    if outcome.ending == "flood":
        return "no_result", "The worker sent more than any result needs and was killed."
    if outcome.ending == "memory":
        return "out_of_memory", f"The worker exceeded its limit of {limits.memory_limit_mib:g} MiB and was killed."
    return _died(outcome, limits) if outcome.signal else _exited(outcome)


def _died(outcome: WorkerExit, limits: Limits) -> tuple[FailureCode, str]:
    if outcome.signal == "SIGKILL":
        if outcome.memory_evidence is None:
            return "killed_unknown", "SIGKILL ended the worker, and nothing shows who sent it or why."
        limit = f" (limit {limits.memory_limit_mib:g} MiB)" if limits.memory_limit_mib is not None else ""
        return "out_of_memory", f"The worker ran out of memory and was killed{limit}: {outcome.memory_evidence}."
    if limits.memory_limit_mib is not None and any(sign in outcome.log for sign in _REFUSED_MEMORY):
        return "out_of_memory", f"The worker was refused memory at its limit of {limits.memory_limit_mib:g} MiB."
    return "crash", f"The worker died of {outcome.signal} inside the runtime."


def _exited(outcome: WorkerExit) -> tuple[FailureCode, str]:
    if _NO_EDGEPROF.search(outcome.log):
        return "runtime_missing", "The Python configured for this runtime has no edgeprof. Install edgeprof there too."
    return "no_result", f"The worker exited with code {outcome.exit_code} and reported no result."
