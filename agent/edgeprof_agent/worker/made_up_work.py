"""Does the time depend on an input that was made up? Other values for it, timed against its own, after everything else.

A length of 0 makes a recurrent model do nothing, and a count of 1 a loop go round once: the time is then right for the
value and says little of the model. An input whose other values take another time is named, with both times.
"""

import time

from edgeprof_agent.worker_protocol.adapter import MakesInputs, TensorModel, Variation
from edgeprof_agent.worker_protocol.document import MadeUpWork
from edgeprof_agent.worker_protocol.order import median

MAX_INPUTS = 4
ROUNDS = 15
BUDGET_NS = 400_000_000
"""For one input, beyond the first round of each of its values."""
MIN_RATIO = 1.25
"""Ours: medians of interleaved runs on a busy machine differ by less, and work that matters by more."""
MIN_DIFFERENCE_NS = 1_000


def made_up_work(model: TensorModel, makes: MakesInputs) -> MadeUpWork:
    """Every input that steers and was made up. The inputs are their own again at the end."""
    depends = [_sentence(model, makes, each) for each in makes.steering()[:MAX_INPUTS]]
    return {"depends": [sentence for sentence in depends if sentence is not None]}


def _sentence(model: TensorModel, makes: MakesInputs, each: Variation) -> str | None:
    times: dict[str, list[int]] = {}
    values = {each.value: each.own, **dict(each.others)}
    refused: set[str] = set()
    started_ns = time.monotonic_ns()
    for number in range(ROUNDS):
        for text, value in values.items():
            took_ns = None if text in refused else _once_ns(model, makes, each.name, value)
            if took_ns is None:
                refused.add(text)  # a value that the runtime does not take says nothing
            elif number:  # the first of each value may allocate
                times.setdefault(text, []).append(took_ns)
        if number and time.monotonic_ns() - started_ns > BUDGET_NS:
            break
    makes.vary(each.name, each.own)
    own = median(times[each.value]) if each.value in times else None
    if own is None:
        return None
    others = {text: median(found) for text, found in times.items() if text != each.value}
    if not any(_differs(own, other) for other in others.values()):
        return None
    shown = ", ".join(f"{_ms(other)} with {text}" for text, other in others.items())
    return f"input {each.name!r} was made up as {each.value}: {_ms(own)} with it, {shown}"


def _once_ns(model: TensorModel, makes: MakesInputs, name: str, value: object) -> int | None:
    try:
        makes.vary(name, value)
        started_ns = time.perf_counter_ns()
        model.infer()
        return time.perf_counter_ns() - started_ns
    except Exception:  # a runtime raises what it likes
        return None


def _differs(own: float, other: float) -> bool:
    low, high = sorted((own, other))
    return high - low >= MIN_DIFFERENCE_NS and high >= MIN_RATIO * low


def _ms(nanoseconds: float) -> str:
    return f"{nanoseconds / 1e6:.3g} ms"
