"""`edgeprof doctor`, also `edgeprof agent doctor`: what can be measured here, and the command that mends the rest."""

import json
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

import click

from edgeprof_agent.commands.view.tuning import tuning_lines
from edgeprof_agent.doctor.examine import can_measure, examine
from edgeprof_agent.doctor.finding import Finding
from edgeprof_agent.doctor.tuning import TuningStep, steps

SIGNS = {"ok": "ok", "missing": "MISSING", "optional": "note"}


@click.command()
@click.option(
    "--root", type=click.Path(path_type=Path, exists=True), default=Path("/"), help="Folder of a recorded machine."
)
@click.option("--tune", is_flag=True, help="Print the commands that quieten this machine, and the way back. Runs none.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(root: Path, tune: bool, as_json: bool) -> None:
    """Check this machine and print the commands that fix what is missing. Exit code 1 if no runtime works."""
    if tune:
        found = steps(root)
        click.echo(_json(found) if as_json else "\n".join(tuning_lines(found)))
        return
    findings = examine(root)
    works = root != Path("/") or can_measure(findings)
    if as_json:
        click.echo(_json(findings))
    else:
        click.echo("\n".join(_lines(findings)))
        click.echo(_sum_up(root, works))
    sys.exit(0 if works else 1)


def _json(items: Sequence[Finding | TuningStep]) -> str:
    return json.dumps([asdict(item) for item in items], indent=2, ensure_ascii=False)


def _lines(findings: Sequence[Finding]) -> Iterator[str]:
    for group, members in groupby(findings, key=lambda finding: finding.group):
        yield ""
        yield group.capitalize()
        for finding in members:
            yield from _wrapped(f"  {SIGNS[finding.verdict]:<8}", f"{finding.subject}: {finding.detail}")
            if finding.costs:
                yield from _wrapped("          not measured: ", finding.costs)
            if finding.mend:
                yield f"          fix: {finding.mend}"  # never broken: it is to be copied


def _wrapped(label: str, text: str) -> list[str]:
    """To the terminal's width, 80 at least."""
    width = max(80, min(120, shutil.get_terminal_size().columns))
    return textwrap.wrap(text, width, initial_indent=label, subsequent_indent=" " * 10)


def _sum_up(root: Path, works: bool) -> str:
    if root != Path("/"):
        return "\nThis is a recorded machine: runtimes, isolation and hub were not checked."
    return "\nThis machine can profile models." if works else "\nNo runtime works here, so nothing can be profiled."
