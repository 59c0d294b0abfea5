"""How `edgeprof flash` ends: a row for each device and model with its figures, and why the others have none."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from edgeprof.client.http_client import HubClient
from edgeprof.commands.live import Describe, quality_line
from edgeprof.tables.figures import clean
from edgeprof.tables.flashed import flashed_text
from edgeprof.tables.setups.rows import SetupRow, row_of
from edgeprof.tables.setups.text import Paint, render_rows
from edgeprof.wire import rest
from edgeprof.wire.failures import MEANING
from edgeprof.wire.messages import ModelFormat, Result
from edgeprof.wire.model_names import distinct_names

MAX_ROWS = 200
"""Each takes a request to the hub; the page shows more."""


@dataclass(frozen=True, kw_only=True)
class FlashEnd:
    """What a campaign came to."""

    rows: tuple[SetupRow, ...]
    """Of speed, by device and model."""
    failures: tuple[str, ...]
    evaluations: tuple[str, ...]
    flashed: tuple[str, ...]
    """Of jobs that measured nothing: load time and memory."""
    left_out: int
    """Rows beyond MAX_ROWS."""

    def lines(self, width: int, paint: Paint) -> Iterator[str]:
        """For a terminal. A failure stays on one line, as it may hold a command to be copied."""
        if self.rows:
            yield ""
            yield from render_rows(self.rows, width, paint).lines
        if self.left_out:
            yield f"{self.left_out} more rows: edgeprof compare"
        for part in (self.flashed, self.failures, self.evaluations):
            if part:
                yield ""
                yield from part


def end_of(
    client: HubClient,
    jobs: Sequence[rest.JobRecord],
    devices: Sequence[rest.DeviceRecord],
    models: Sequence[rest.ModelRecord],
    describe: Describe,
) -> FlashEnd:
    """Reads the results of ended jobs from the hub. `describe` names a job in the sentences. Raises HubError."""
    cells: dict[tuple[str, str, str], list[rest.JobRecord]] = {}
    for job in jobs:
        if job.config.is_speed:
            cells.setdefault((job.device_id, job.model_id, job.config_key), []).append(job)
    places = [device.device_id for device in devices], [model.model_id for model in models]
    ordered = sorted(cells, key=lambda cell: (places[0].index(cell[0]), places[1].index(cell[1]), cell[2]))
    shown = {job.job_id for cell in ordered[:MAX_ROWS] for job in cells[cell]}
    read = [job for job in jobs if job.result_id and (job.job_id in shown or not job.config.is_speed)]
    results = {job.job_id: client.result(job.result_id or "").result for job in read}
    names, labels = distinct_names({one.model_id: one.name for one in models}), {one.device_id: one for one in devices}
    formats: dict[str, ModelFormat] = {one.model_id: one.format for one in models}
    rows = [
        _row(cells[cell], results, names[cell[1]], formats[cell[1]], labels[cell[0]].label)
        for cell in ordered[:MAX_ROWS]
    ]
    return FlashEnd(
        rows=tuple(rows),
        failures=tuple(dict.fromkeys(text for job in jobs if (text := _failure(job, results, describe)))),
        evaluations=tuple(
            f"{_plain(describe(job))}: {quality_line(results[job.job_id])}"
            for job in jobs
            if job.config.evaluation_set and job.state == "measured" and job.job_id in results
        ),
        flashed=tuple(
            f"{_plain(describe(job))}: {flashed_text(results[job.job_id])}"
            for job in jobs
            if job.config.load_only and job.state == "measured" and job.job_id in results
        ),
        left_out=max(0, len(ordered) - MAX_ROWS),
    )


def _row(
    jobs: Sequence[rest.JobRecord],
    results: dict[str, Result],
    name: str,
    model_format: ModelFormat,
    device: str,
) -> SetupRow:
    """A job that was refused has no result: its state is all that is known."""
    found = [results[job.job_id] for job in jobs if job.job_id in results]
    row = row_of(name, found, jobs[0].config, name, model_format, device)
    refused = sum(job.state == "failed" and job.job_id not in results for job in jobs)
    code = row.failure_code or ("refused" if refused else "")
    return replace(row, failed=row.failed + refused, failure_code=code)


def _plain(name: str) -> str:
    """`board-a, digits`: a job's name without the padding of a line of progress."""
    return re.sub(" {2,}", ", ", re.sub(" {2,}on ", " on ", name.strip()))


def _failure(job: rest.JobRecord, results: dict[str, Result], describe: Describe) -> str:
    """Its name and the remedy; empty for a job that did not fail."""
    name = _plain(describe(job))
    if job.state == "cancelled":
        return f"{name}: cancelled"
    if job.state != "failed":
        return ""
    failure = results[job.job_id].failure if job.job_id in results else None
    if failure is None:
        return f"{name}: {clean(job.note)}" if job.note else ""
    return f"{name}: {failure.code}: {clean(failure.message) or MEANING[failure.code]}"
