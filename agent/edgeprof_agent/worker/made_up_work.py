"""Does the time depend on an input that was made up? Other values for it, timed against its own, after everything else.

A length of 0 makes a recurrent model do nothing, and a count of 1 a loop go round once: the time is then right for the
value and says little of the model. An input whose other values take another time is named, with both times.
"""

import time
from collections.abc import Callable, Mapping

from edgeprof_agent.worker_protocol.adapter import MakesInputs, Variation
from edgeprof_agent.worker_protocol.document import MadeUpWork
from edgeprof_agent.worker_protocol.order import median

ROUNDS = 15
BUDGET_NS = 100_000_000
"""Of one input: its values are timed again until then, 15 times at most. Every value is timed once, at least."""
TOTAL_NS = 5_000_000_000
"""Of all inputs: what comes later stays unchecked."""
MIN_RATIO = 1.25
"""Ours: medians of interleaved runs on a busy machine differ by less, and work that matters by more."""
MIN_DIFFERENCE_NS = 1_000


def made_up_work(infer: Callable[[], object], makes: MakesInputs) -> MadeUpWork:
    """Every input that steers and was made up. The inputs are their own again at the end."""
    found: MadeUpWork = {"depends": [], "unchecked": []}
    started_ns = time.monotonic_ns()
    for each in makes.steering():
        if time.monotonic_ns() - started_ns > TOTAL_NS:
            found["unchecked"].append(each.name)
        elif sentence := _sentence(infer, makes, each):
            found["depends"].append(sentence)
    return found


def _sentence(infer: Callable[[], object], makes: MakesInputs, each: Variation) -> str | None:
    times = _timed(infer, makes, each.name, {each.value: each.own, **dict(each.others)})
    makes.vary(each.name, each.own)
    if each.value not in times:
        return None
    own = median(times.pop(each.value))
    others = {text: median(found) for text, found in times.items()}
    if not any(_differs(own, other) for other in others.values()):
        return None
    shown = ", ".join(f"{_ms(other)} with {text}" for text, other in others.items())
    return f"input {each.name!r} was made up as {each.value}: {_ms(own)} with it, {shown}"


def _timed(
    infer: Callable[[], object], makes: MakesInputs, name: str, values: Mapping[str, object]
) -> dict[str, list[int]]:
    """Times of each value, interleaved; nothing of one that the runtime refuses. The first round may allocate."""
    first: dict[str, list[int]] = {}
    times: dict[str, list[int]] = {}
    started_ns = time.monotonic_ns()
    for _ in range(ROUNDS):
        into = times if first else first
        for text in first or values:
            took_ns = _once_ns(infer, makes, name, values[text])
            if took_ns is not None:
                into.setdefault(text, []).append(took_ns)
        if not first or time.monotonic_ns() - started_ns > BUDGET_NS:
            break
    return times or first


def _once_ns(infer: Callable[[], object], makes: MakesInputs, name: str, value: object) -> int | None:
    try:
        makes.vary(name, value)
        started_ns = time.perf_counter_ns()
        infer()
        return time.perf_counter_ns() - started_ns
    except Exception:  # a runtime raises what it likes
        return None


def _differs(own: float, other: float) -> bool:
    low, high = sorted((own, other))
    return high - low >= MIN_DIFFERENCE_NS and high >= MIN_RATIO * low


def _ms(nanoseconds: float) -> str:
    return f"{nanoseconds / 1e6:.3g} ms"
