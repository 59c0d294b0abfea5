"""The steps that quieten a machine, as text. A command stays on one line, to be copied."""

from collections.abc import Iterator, Sequence

from edgeprof_agent.doctor.tuning import TuningStep

_SIGNS = {"change": "do", "fine": "ok", "unknown": "?"}


def tuning_lines(steps: Sequence[TuningStep]) -> Iterator[str]:
    """What to do, then what was found in order or cannot be known."""
    to_do = [step for step in steps if step.verdict == "change"]
    yield "Commands that quieten this machine. None was run."
    for step in sorted(steps, key=lambda step: step.verdict != "change"):
        yield ""
        yield f"  {_SIGNS[step.verdict]:<4}{step.subject}: {step.detail}"
        if step.do:
            yield f"        {step.do}"
            yield f"        way back: {step.undo or 'none needed; it holds for one command'}"
    yield ""
    if to_do:
        yield "Settings last until the way back or the next boot. Production may run with other settings than these."
    elif any(step.verdict == "unknown" for step in steps):
        yield "Nothing to do that can be seen from here."
    else:
        yield "Nothing to do: this machine is quiet."
