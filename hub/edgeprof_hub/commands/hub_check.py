"""What `edgeprof hub check` prints: what was looked at, what is damaged, and what to do."""

import datetime as dt
import json
import sys
from pathlib import Path

import click

from edgeprof_hub.commands import data_check
from edgeprof_hub.config import IDENTITY
from edgeprof_hub.identity.validity import Validity, validity_of
from edgeprof_hub.store.salvage import Salvaged

MAX_NAMED = 10


def run(data: Path, salvage_into: Path | None, as_json: bool) -> int:
    """Look, copy if that was asked for, print. Returns the exit code: 1 where something is damaged."""
    data_check.require(data)
    report = _with_progress(data)
    done = data_check.salvaged(data, salvage_into) if salvage_into else None
    now = dt.datetime.now(dt.UTC)
    validity = validity_of(data / IDENTITY, now)
    if as_json:
        click.echo(json.dumps({**_document(report, done), **_certificates(validity)}, indent=2))
    else:
        for line in [*(validity.lines(now) if validity else []), *_lines(report, data)]:
            click.echo(line)
        if done and salvage_into:
            _say_salvaged(done, salvage_into)
    return 0 if report.is_whole else 1


def _certificates(validity: Validity | None) -> dict[str, object]:
    if validity is None:
        return {}
    return {
        "certificates": {
            "ca_until_s": validity.ca.timestamp(),
            "server_until_s": validity.server.timestamp(),
            "revocation_list_until_s": validity.crl.timestamp(),
            "revocation_list_stale": validity.is_stale,
        }
    }


def _with_progress(data: Path) -> data_check.Report:
    results, size = data_check.size_of(data)
    with (
        click.progressbar(length=max(1, results), label="Checking results", file=sys.stderr) as rows,
        click.progressbar(length=max(1, size), label="Checking files  ", file=sys.stderr) as files,
    ):
        return data_check.check(data, lambda: rows.update(1), files.update)


def _lines(report: data_check.Report, data: Path) -> list[str]:
    database = report.database
    lines = [f"Database: {'whole' if not database.structure else 'damaged'}"]
    lines += [f"  {problem}" for problem in database.structure]
    lines.append(f"Results: {database.results:,} checked, {len(database.rotten_results):,} damaged")
    lines += _named(database.rotten_results)
    if database.uncheckable_results:
        lines.append(f"  {database.uncheckable_results:,} not checkable: an older release stored them without a hash.")
    if database.rotten_cells:
        lines.append(f"Cells that do not show their newest result: {len(database.rotten_cells):,}")
        lines += _named(database.rotten_cells)
    for name, files in report.files.items():
        lines.append(
            f"{name.capitalize()}: {files.checked:,} checked, {len(files.rotten):,} damaged, "
            f"{len(files.missing):,} missing"
        )
        lines += _named([*files.rotten, *files.missing])
    if report.is_whole:
        return [*lines, f"{data} is whole."]
    return [*lines, "Restore a copy, or copy what can be read: edgeprof hub check --salvage FOLDER"]


def _named(items: list[str]) -> list[str]:
    more = len(items) - MAX_NAMED
    return [f"  {item}" for item in items[:MAX_NAMED]] + ([f"  and {more:,} more"] if more > 0 else [])


def _say_salvaged(done: Salvaged, into: Path) -> None:
    click.echo(
        f"{into}: {_counted(done.results, 'result')} and {_counted(done.other_rows, 'other row')} copied; "
        f"{_counted(done.results_left, 'damaged result')} left behind."
    )
    click.echo(f"Serve it: edgeprof hub serve --data {into}")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"


def _document(report: data_check.Report, done: Salvaged | None) -> dict[str, object]:
    database = report.database
    document: dict[str, object] = {
        "whole": report.is_whole,
        "database": {"whole": not database.structure, "problems": database.structure},
        "results": {
            "checked": database.results,
            "damaged": database.rotten_results,
            "not_checkable": database.uncheckable_results,
        },
        "cells": {"damaged": database.rotten_cells},
    }
    for name, files in report.files.items():
        document[name] = {"checked": files.checked, "damaged": files.rotten, "missing": files.missing}
    if done:
        document["salvaged"] = {
            "results": done.results,
            "results_left_behind": done.results_left,
            "other_rows": done.other_rows,
        }
    return document
