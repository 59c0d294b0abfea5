"""`edgeprof agent calibrate-power`: a board's own source held against an external meter, idle and under load."""

import secrets
import socket
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from statistics import fmean

import click

from edgeprof.commands.options import FiniteRange
from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.wire.energy import POWER_SCOPES, Calibration, scope_words
from edgeprof_agent.energy import calibrations
from edgeprof_agent.energy.calibrating import Point, fit
from edgeprof_agent.energy.integrate import energy_between, in_order
from edgeprof_agent.sensors import registry
from edgeprof_agent.sensors.base import Recorder
from edgeprof_agent.sensors.sampler import PowerSampler

_SETTLE_S = 5.0


@click.command("calibrate-power")
@click.option("--sensor", required=True, type=click.Choice(sorted(registry.SENSORS)), help="Power source to calibrate.")
@click.option("--meter", metavar="KIND:TOPIC@HOST", help="External reference meter.")
@click.option(
    "--point", "points", multiple=True, metavar="READ=METER", help="Watts entered by hand: one point idle, one loaded."
)
@click.option("--reference", help="With --point: name of the reference meter.")
@click.option("--scope", type=click.Choice(POWER_SCOPES), help="With --point: what the reference meter covers.")
@click.option(
    "--uncertainty-percent", type=FiniteRange(0, 100, min_open=True), help="Accuracy class of the reference meter."
)
@click.option(
    "--seconds", type=FiniteRange(10, 3600), default=60, show_default=True, help="Seconds of idle, and again of load."
)
@click.option("--forget", is_flag=True, help="Delete the calibration of this source.")
def calibrate_power(
    sensor: str,
    meter: str | None,
    points: tuple[str, ...],
    reference: str | None,
    scope: str | None,
    uncertainty_percent: float | None,
    seconds: float,
    forget: bool,
) -> int:
    """Calibrate a power source of this device against an external meter, at two points: idle, and all cores busy.

    Later runs on this machine carry the calibration. Their figures are marked as estimated and never compared with
    direct meter readings.
    """
    if forget:
        gone = calibrations.forget(sensor)
        click.echo(f"Deleted the calibration of {sensor}." if gone else f"{sensor} has no calibration here.")
        return 0
    if bool(meter) == bool(points):
        raise UsageError("bad_usage", "Name a reference --meter, or enter two points with --point READ=METER.")
    if meter:
        made = _measured(sensor, meter, seconds, uncertainty_percent)
    else:
        if not reference or not scope:
            raise UsageError("bad_usage", "With --point, name the meter (--reference) and what it covers (--scope).")
        made = calibration(sensor, [_point(text) for text in points], reference, scope, uncertainty_percent)
    file = calibrations.keep(made)
    click.echo(_sentence(made))
    click.echo(f"Saved in {file}. Later runs on this machine carry it.")
    return 0


def calibration(
    sensor: str, points: Sequence[Point], reference: str, scope: str, uncertainty_percent: float | None
) -> Calibration:
    """Of points. Raises UsageError where they carry no line."""
    slope, offset_w, residual_w = fit(points)
    readings = [reading for reading, _ in points]
    return Calibration(
        calibration_id=f"c-{secrets.token_hex(6)}",
        device_id=socket.gethostname(),
        sensor=sensor,
        reference=reference,
        reference_scope=next(known for known in POWER_SCOPES if known == scope),
        made_on=date.today().isoformat(),
        slope=slope,
        offset_w=offset_w,
        points=len(points),
        low_w=min(readings),
        high_w=max(readings),
        residual_w=residual_w,
        uncertainty_share=uncertainty_percent / 100 if uncertainty_percent is not None else None,
    )


def _measured(sensor: str, meter: str, seconds: float, uncertainty_percent: float | None) -> Calibration:
    from edgeprof_agent.meters.registry import recorders
    from edgeprof_agent.meters.setting import parse_meter
    from edgeprof_agent.recorded.capture import every_core_busy

    source = registry.load(sensor, Path("/"))
    reason = source.available()
    if reason is not None:
        raise EdgeprofError("sensor_absent", f"Cannot read {sensor} here: {reason}.")
    setting = parse_meter(meter)
    reference = recorders([setting])[0]
    print(f"listening to {reference.name} ...", file=sys.stderr, flush=True)
    problem = reference.listen()
    if problem is not None:
        raise EdgeprofError("meter_absent", f"{reference.name}: {problem}.")
    own = PowerSampler(source, source.max_hz)
    idle = _pair(own, reference, seconds, "idle")
    with every_core_busy():
        loaded = _pair(PowerSampler(source, source.max_hz), reference, seconds, "all cores busy")
    return calibration(sensor, [idle, loaded], reference.name, setting.scope, uncertainty_percent)


def _pair(own: Recorder, reference: Recorder, seconds: float, what: str) -> Point:
    """Mean watts of both over the same time, from a moment after the change: the meter may be some seconds late."""
    print(f"{what}: {_SETTLE_S + seconds:.0f} s ...", file=sys.stderr, flush=True)
    own.start()
    reference.start()
    time.sleep(_SETTLE_S)
    start_ns = time.monotonic_ns()
    time.sleep(seconds)
    end_ns = time.monotonic_ns()
    time.sleep(2 * reference.period_s)
    own.stop()
    reference.stop()
    return _mean_w(own, start_ns, end_ns), _mean_w(reference, start_ns, end_ns)


def _mean_w(recorder: Recorder, start_ns: int, end_ns: int) -> float:
    found = recorder.recording()
    if found.broken:
        raise EdgeprofError("meter_broken", f"{found.name}: {found.broken[0].reason}. Nothing was saved.")
    samples = in_order(found.samples)
    if found.integration == "counter":
        return energy_between(samples, start_ns, end_ns, "counter") / ((end_ns - start_ns) / 1e9)
    inside = [sample.value for sample in samples if start_ns <= sample.at_ns <= end_ns]
    if len(inside) < 5:
        raise EdgeprofError("meter_slow", f"{found.name} gave {len(inside)} values. Use more --seconds.")
    return fmean(inside)


def _point(text: str) -> Point:
    read, equals, metered = text.partition("=")
    try:
        return float(read), float(metered if equals else "")
    except ValueError:
        raise UsageError("bad_usage", f"{text!r} is not a point. Use READ=METER in watts, such as 2.1=3.0.") from None


def _sentence(made: Calibration) -> str:
    line = f"{made.sensor}: {made.slope:.4f} × reading + {made.offset_w:.3f} W"
    read = f"{made.points} points between {made.low_w:.3g} and {made.high_w:.3g} W read"
    return f"{line} estimates {scope_words(made.reference_scope)}, by {made.reference}, from {read}."
