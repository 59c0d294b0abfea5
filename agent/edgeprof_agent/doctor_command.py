"""`edgeprof doctor`: what is missing here and the command that mends it."""

import json
import sys
from dataclasses import asdict

import click

from edgeprof_agent.doctor import can_measure, examine

SIGNS = {"ok": "ok     ", "missing": "MISSING", "optional": "absent "}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(as_json: bool) -> None:
    """Say what is missing here and how to mend it. Exit code 1 if no runtime works."""
    findings = examine()
    works = can_measure(findings)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
        sys.exit(0 if works else 1)
    for finding in findings:
        click.echo(f"{SIGNS[finding.verdict]}  {finding.subject:<26} {finding.detail}")
        if finding.mend:
            click.echo(f"         mend with: {finding.mend}")
    click.echo(
        "\nThis machine can profile models." if works else "\nNo runtime works here, so nothing can be profiled."
    )
    sys.exit(0 if works else 1)
