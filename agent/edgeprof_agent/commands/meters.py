"""`edgeprof agent meters`: whether each meter is heard, how often, and what it says."""

import json
import os
import sys
from pathlib import Path

import click

from edgeprof.commands.options import FiniteRange
from edgeprof.errors import UsageError
from edgeprof_agent.meters.setting import MeterSetting, distinct, parse_meter


@click.command()
@click.option("--meter", "named", multiple=True, metavar="KIND:TOPIC@HOST", help="Power meter; repeat it for several.")
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="The agent's TOML file.")
@click.option(
    "--seconds", type=FiniteRange(1, 3600), default=15, show_default=True, help="Listening time for each meter."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def meters(named: tuple[str, ...], config_file: Path | None, seconds: float, as_json: bool) -> int:
    """Listen to external power meters and print what they report. Exit code 1 if a meter is not usable."""
    from edgeprof_agent.meters.registry import recorders

    settings = _settings(named, config_file)
    heard: list[dict[str, object]] = []
    for recorder in recorders(settings):
        print(f"listening to {recorder.name} for {seconds:.0f} s ...", file=sys.stderr, flush=True)
        problem = recorder.listen(seconds, whole=True)
        found = recorder.recording()
        values = [sample.value for sample in found.samples]
        heard.append(
            {
                "name": recorder.name,
                "scope": found.scope,
                "values": len(values),
                "period_s": round(recorder.period_s, 2) if values and problem is None else None,
                "watts": values[-1] if values else None,
                "least_w": min(values, default=None),
                "most_w": max(values, default=None),
                "problem": problem,
            }
        )
    click.echo(json.dumps(heard, indent=2) if as_json else "\n".join(map(_line, heard)))
    return 1 if any(each["problem"] for each in heard) else 0


def _settings(named: tuple[str, ...], config_file: Path | None) -> tuple[MeterSetting, ...]:
    from edgeprof_agent import config

    if named:
        return distinct(parse_meter(text) for text in named)
    found = config.load({"hub": "none"}, os.environ, config_file).meters
    if not found:
        raise UsageError(
            "bad_meter", "No meter is configured. Name one with --meter KIND:TOPIC@HOST, or in the agent's file."
        )
    return found


def _line(heard: dict[str, object]) -> str:
    if heard["problem"]:
        return f"{heard['name']} ({heard['scope']}): NOT usable: {heard['problem']}"
    return (
        f"{heard['name']} ({heard['scope']}): {heard['watts']} W now, {heard['least_w']} to {heard['most_w']} W, "
        f"one value every {heard['period_s']} s"
    )
