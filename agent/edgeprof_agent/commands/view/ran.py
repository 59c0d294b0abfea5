"""What ran, as text: the badge, the runtime and what it was fed, how the samples were taken, or how the run failed."""

from collections.abc import Iterator, Sequence

from edgeprof.statistics.verdict import DEFAULT_FLOOR
from edgeprof.tables.sandbox_words import sandbox_words
from edgeprof.tables.window_end import window_end_text
from edgeprof.traps.table import PAGE, sentence
from edgeprof.wire.evidence import TRUST_MEANING, FoundTrap, NoiseFloor, Timing, Trust
from edgeprof.wire.failures import MEANING
from edgeprof.wire.messages import Effective, Failure, Isolation, RunProtocol
from edgeprof_agent.commands.view.words import by_reason, labelled, listed, number, percent, plural

_LOG_LINES = 12
_OPERATORS_SHOWN = 8


def trust_lines(trust: Trust | None) -> Iterator[str]:
    """The badge, a line a cause; then what this device gives no means to look for."""
    if trust is None:
        yield from labelled("trust", "not judged")
        return
    if trust.is_clean:
        yield from labelled("trust", "clean")
    for index, mark in enumerate(trust.marks):
        yield from labelled(
            "" if index else "trust", f"{_name(mark.cause)}: {mark.reason or TRUST_MEANING[mark.cause]}"
        )
    for reason, causes in by_reason(trust.unchecked.items()).items():
        yield from labelled("unchecked", f"{listed([_name(cause) for cause in causes])}: {reason}")


def trap_lines(traps: Sequence[FoundTrap]) -> Iterator[str]:
    """Known traps of the runtime: what showed each, what it does to the figures, the way out."""
    for found in traps:
        yield from labelled("trap", f"{sentence(found)} ({PAGE}#{found.trap})")


def effective_lines(ran: Effective) -> Iterator[str]:
    """Runtime, inputs, kernels, operators; the notes tell where the nodes ran."""
    threads = f", {plural(ran.threads, 'thread')}" if ran.threads else ""  # of an endpoint nobody knows
    delegate = f", {ran.delegate}" if ran.delegate else ""
    yield from labelled(
        "ran on",
        f"{ran.runtime} {ran.runtime_version}{threads}, provider {ran.provider}{delegate}",
    )
    yield from labelled("inputs", ", ".join(f"{name} {shape}" for name, shape in ran.inputs.items()))
    yield from labelled("", ran.input_source)
    if ran.integer_kernels is not None:
        yield from labelled("kernels", f"{ran.integer_kernels} integer, {ran.float_kernels} float")
    if ran.operators:
        shown = list(ran.operators.items())[:_OPERATORS_SHOWN]
        more = f" and {len(ran.operators) - len(shown)} more" if len(ran.operators) > len(shown) else ""
        yield from labelled("operators", ", ".join(f"{count} {name}" for name, count in shown) + more)
    for note in ran.notes:
        yield from labelled("note", note)


def _unwarmed(timing: Timing) -> str:
    return "as the speed was steady at once" if timing.settled else "and the speed was not steady"


def timing_lines(timing: Timing | None, protocol: RunProtocol) -> Iterator[str]:
    """How the samples were taken."""
    if timing is None:
        return
    steady = "until the speed was steady" if timing.settled else "but the speed was still not steady"
    runs = plural(timing.warmup_runs, "run") if timing.warmup_runs else "none after the first run"
    yield from labelled("warm-up", f"{runs}, {steady if timing.warmup_runs else _unwarmed(timing)}")
    yield from labelled("window", window_end_text(timing, protocol))
    yield from labelled(
        "clock",
        f"steps of {timing.clock_resolution_ns:.0f} ns; an empty loop takes {timing.loop_overhead_ns:.0f} ns, "
        "included in every sample",
    )


def floor_lines(floor: NoiseFloor | None, model_id: str, config_key: str) -> Iterator[str]:
    """What this device was calibrated to, or how to do that."""
    if floor is None:
        yield from labelled("floor", "not measured for such runs on this machine; measure it with: edgeprof calibrate")
        return
    own = floor.is_of(model_id, config_key)
    on = "this set-up" if own else f"another set-up ({floor.model_name}), which found {percent(floor.floor)}"
    share = floor.floor if own else max(floor.floor, DEFAULT_FLOOR)
    yield from labelled(
        "floor",
        f"a difference below {percent(share)} between two single runs shows nothing ({plural(floor.runs, 'run')} "
        f"of {on}, {floor.date[:10]})",
    )


def held_lines(isolation: Isolation | None) -> Iterator[str]:
    """What held the worker."""
    if isolation is not None and isolation.layers:
        limit = f"; at most {number(isolation.memory_limit_mib)} MiB" if isolation.memory_limit_mib is not None else ""
        yield from labelled("isolation", ", ".join(isolation.layers) + limit)
        yield from labelled("sandbox", sandbox_words(isolation))


def failure_lines(failure: Failure) -> Iterator[str]:
    """What went wrong, and the end of the worker's log."""
    yield from labelled("FAILED", f"{failure.code} in {failure.stage.replace('_', ' ')}: {MEANING[failure.code]}")
    yield f"           {failure.message}"  # in one line, as it may hold a command to be copied
    lines = failure.log.strip().splitlines()
    if lines:
        yield from labelled("", "end of its log:")
        yield from (f"             {line}" for line in lines[-_LOG_LINES:])


def _name(cause: str) -> str:
    return cause.replace("_", " ")
