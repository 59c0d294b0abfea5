"""What `edgeprof profile` shows: a live line while it measures, then the result as text."""

from collections.abc import Iterator
from typing import TextIO

from edgeprof.wire.failures import MEANING
from edgeprof.wire.messages import Effective, Failure, MetricRow, Result
from edgeprof.wire.metrics import METRICS

_LOG_LINES = 12
_OPERATORS_SHOWN = 8


class Stages:
    """One line that is written over on a terminal; one line a stage elsewhere."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._live = stream.isatty()
        self._last = ""

    def __enter__(self) -> "Stages":
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def show(self, stage: str, fraction: float | None, note: str) -> None:
        share = f" {fraction:.0%}" if fraction is not None else ""
        text = f"{stage.replace('_', ' ')}{share}{': ' + note if note else ''}"
        if self._live:
            self._stream.write(f"\r\x1b[K{text}")
        elif stage != self._last:
            self._stream.write(f"{text}\n")
        self._last = stage
        self._stream.flush()


def report(result: Result) -> str:
    """The result for a person."""
    return "\n".join(_lines(result))


def _lines(result: Result) -> Iterator[str]:
    yield f"{result.model_name}  ({result.model_id[:12]})"
    if result.failure is not None:
        yield from _failure(result.failure)
        return
    if result.effective is not None:
        yield from _effective(result.effective)
    yield ""
    yield from _figures(result)
    yield from _absent(result)
    yield from _state(result)


def _effective(ran: Effective) -> Iterator[str]:
    threads = "1 thread" if ran.threads == 1 else f"{ran.threads} threads"
    delegate = f", {ran.delegate}" if ran.delegate else ""
    yield f"ran on    {ran.runtime} {ran.runtime_version}, {threads}, provider {ran.provider}{delegate}"
    yield f"fed       {', '.join(f'{name} {shape}' for name, shape in ran.inputs.items())}"
    yield f"          {ran.input_source}"
    if ran.integer_kernels is not None:
        yield f"kernels   {ran.integer_kernels} integer, {ran.float_kernels} float"
    if ran.operators:
        shown = list(ran.operators.items())[:_OPERATORS_SHOWN]
        more = f" and {len(ran.operators) - len(shown)} more" if len(ran.operators) > len(shown) else ""
        yield f"operators {', '.join(f'{count} {name}' for name, count in shown)}{more}"
    for note in ran.notes:
        yield f"note      {note}"


def _figures(result: Result) -> Iterator[str]:
    for row in result.metrics:
        metric = METRICS[row.metric]
        value = f"{_number(row.value)} {metric.unit}".rstrip()
        yield f"{metric.title:<16} {value:>20}   {_certainty(row)}".rstrip()


def _certainty(row: MetricRow) -> str:
    scope = f"{row.scope}  " if row.scope else ""
    if row.ci_low is None or row.ci_high is None:
        return f"{scope}n={row.n}" if row.n > 1 else scope
    return f"{scope}95 % in {_number(row.ci_low)} to {_number(row.ci_high)}, n={row.n}"


def _absent(result: Result) -> Iterator[str]:
    for missing in result.absent:
        yield f"{METRICS[missing.metric].title:<16} {'-':>20}   {missing.reason}"


def _state(result: Result) -> Iterator[str]:
    before, after = result.before, result.after
    if before is not None and after is not None and before.temperature_c is not None:
        then = f" to {after.temperature_c:.1f}" if after.temperature_c is not None else ""
        yield f"{'Temperature':<16} {f'{before.temperature_c:.1f}{then} °C':>20}   {before.temperature_source}"
    if before is not None and before.load_1m is not None and before.load_1m > 1:
        yield f"note      the machine was busy before the run (load {before.load_1m:.1f}); figures may be too high"
    if result.isolation is not None:
        yield f"held by   {', '.join(result.isolation.layers)}"


def _failure(failure: Failure) -> Iterator[str]:
    yield f"FAILED    {failure.code} in {failure.stage.replace('_', ' ')}: {MEANING[failure.code]}"
    yield f"          {failure.message}"
    lines = failure.log.strip().splitlines()
    if lines:
        yield "          the end of its log:"
        yield from (f"            {line}" for line in lines[-_LOG_LINES:])


def _number(value: float) -> str:
    """Four significant digits, never an exponent."""
    if value >= 1000:
        return f"{value:,.0f}"
    digits = next((digits for limit, digits in ((100, 1), (10, 2), (1, 3), (0.1, 4)) if value >= limit), 5)
    return f"{value:.{digits}f}"
