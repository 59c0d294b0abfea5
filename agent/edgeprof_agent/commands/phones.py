"""`edgeprof agent phones`: the Android phones at this host's adb, each with its state and what to do."""

import json
from dataclasses import asdict, dataclass

import click

from edgeprof.errors import MissingPartError


@dataclass(frozen=True, kw_only=True)
class PhoneLine:
    """One phone. `device_id` None: it cannot be read now."""

    serial: str
    state: str
    problem: str
    remedy: str
    name: str | None = None
    device_id: str | None = None
    abis: tuple[str, ...] = ()


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def phones(as_json: bool) -> None:
    """List the Android phones that adb sees, and what keeps one from being used. Exit code 1 if none is ready."""
    lines = listed()
    if as_json:
        click.echo(json.dumps([asdict(line) for line in lines], indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(_text(lines)))
    if not any(line.device_id for line in lines):
        raise SystemExit(1)


def listed() -> list[PhoneLine]:
    """Every phone, also those that cannot be used. Raises NoAdbServer, or MissingPartError without adbutils."""
    try:
        from edgeprof_agent.phones.bridge import Bridge
    except ImportError as error:
        raise missing() from error
    bridge = Bridge()
    return [_line(bridge, each.serial, each.state) for each in bridge.attached()]


def missing() -> MissingPartError:
    """The extra `phones` is not installed."""
    return MissingPartError("phones_missing", "Phones need adbutils. Install it: pip install 'edgeprof[phones]'")


def _line(bridge: object, serial: str, state: str) -> PhoneLine:
    from edgeprof_agent.phones.bridge import Bridge, PhoneLost
    from edgeprof_agent.phones.phone import found
    from edgeprof_agent.phones.states import READY, problem

    assert isinstance(bridge, Bridge)
    why = problem(state)
    if state != READY:
        return PhoneLine(serial=serial, state=state, problem=why.meaning, remedy=why.remedy)
    try:
        phone = found(bridge, serial)
    except PhoneLost as error:
        return PhoneLine(
            serial=serial, state=state, problem=f"it does not answer ({error})", remedy="Plug it in again."
        )
    return PhoneLine(
        serial=serial,
        state="ready",
        problem="",
        remedy="",
        name=phone.name,
        device_id=phone.device_id,
        abis=phone.abis,
    )


def _text(lines: list[PhoneLine]) -> list[str]:
    if not lines:
        return [
            "adb sees no phone.",
            "Plug one in with a data cable, turn on USB debugging in its developer options, unlock it, and accept "
            "`Allow USB debugging?`. Over Wi-Fi: adb pair HOST:PORT, then adb connect HOST:PORT",
        ]
    printed: list[str] = []
    for line in lines:
        if line.device_id:
            printed.append(f"{line.serial}  ready  {line.name}, {', '.join(line.abis)}, device {line.device_id}")
        else:
            printed += [f"{line.serial}  {line.state}: {line.problem}", f"  fix: {line.remedy}"]
    if any(line.device_id for line in lines):
        printed.append("Connect them to a hub: edgeprof agent run --hub URL --phone-runner benchmark_model=PATH")
    return printed
