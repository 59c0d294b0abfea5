"""What ended the measured window and how precise the median became: the same words on the page and in the terminal."""

from edgeprof.tables import figures
from edgeprof.wire.evidence import Timing
from edgeprof.wire.messages import RunProtocol


def reached_precision(timing: Timing, protocol: RunProtocol) -> bool:
    """Whether the published interval of the median is as narrow as requested. The stopping rule may say otherwise:
    it uses a quick estimate, the published interval allows for samples that depend on each other."""
    return timing.relative_half_width is not None and timing.relative_half_width <= protocol.precision


def window_end_text(timing: Timing, protocol: RunProtocol) -> str:
    """`reached the requested precision of ±1.0 %; the published interval is ±0.80 %`, or what ended it instead."""
    return f"{_end_text(timing, protocol)}{_prevention(timing)}"


def _end_text(timing: Timing, protocol: RunProtocol) -> str:
    wanted = f"±{figures.percent(protocol.precision)}"
    reached = reached_precision(timing, protocol)
    if timing.window_end == "precision":
        end = f"reached the requested precision of {wanted}" if reached else f"the quick estimate reached {wanted}"
        return f"{end}; {_interval(timing, '' if reached else ', wider than requested')}"
    if timing.window_end == "looks" and timing.needed_s is not None:
        needed = f"{wanted} would take about {figures.number(timing.needed_s)} s"
        return f"stopped early: {needed}, the limit is {protocol.window_limit_s:g} s; {_interval(timing, '')}"
    relation = f", {'within' if reached else 'wider than'} the requested {wanted}"
    return f"{_stop(timing, protocol)}; {_interval(timing, relation)}"


def _prevention(timing: Timing) -> str:
    return f". Cause: {timing.prevented_by}" if timing.prevented_by else ""


def _interval(timing: Timing, relation: str) -> str:
    if timing.relative_half_width is None:
        return "the median has no 95 % interval"
    return f"the published interval is ±{figures.percent(timing.relative_half_width)}{relation}"


def _stop(timing: Timing, protocol: RunProtocol) -> str:
    return {
        "time": f"stopped at its time limit of {protocol.window_limit_s:g} s",
        "looks": "stopped after three precision checks",
        "runs": f"stopped at its limit of {protocol.max_runs:,} runs",
        "deadline": f"stopped near the run's time limit of {protocol.deadline_s:g} s",
    }[timing.window_end]
