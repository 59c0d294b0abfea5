"""A campaign's progress in a terminal: a line for each job, redrawn in place; elsewhere a line for each change."""

import shutil
import sys
import time
from collections.abc import Callable, Sequence
from typing import TextIO

from edgeprof.client.http_client import HubClient
from edgeprof.client.patience import MAX_AWAY_S, Patience
from edgeprof.tables import figures
from edgeprof.wire import rest
from edgeprof.wire.messages import Result
from edgeprof.wire.metrics import METRICS

POLL_S = 0.5
BAR_CELLS = 12

Describe = Callable[[rest.JobRecord], str]
"""Names a job for a person: device and model."""


def is_terminal_state(job: rest.JobRecord) -> bool:
    """Whether nothing more will happen to this job."""
    return job.state in rest.TERMINAL_STATES


def job_line(job: rest.JobRecord, name: str) -> str:
    """One job in one line."""
    if job.state == "running" and job.fraction is not None:
        filled = round(job.fraction * BAR_CELLS)
        where = f"{'█' * filled}{'·' * (BAR_CELLS - filled)} {job.stage}"
    elif job.state == "running" or (job.state == "failed" and job.stage):
        where = f"{job.state}: {job.stage or 'starting'}"
    else:
        where = job.state_word
    return f"{name}  {where}{'  ' + job.note if job.note else ''}"


def quality_line(result: Result) -> str:
    """`Accuracy 97.1 % (95.0 to 98.4), 200 of 200 items`"""
    found = result.evaluation
    rows = [row for row in result.metrics if row.metric in METRICS and METRICS[row.metric].scope == "quality"]
    shown = [f"{METRICS[row.metric].title} {figures.figure(row)} {METRICS[row.metric].unit}".rstrip() for row in rows]
    ranges = [f" ({one})" if (one := figures.interval(row)) else "" for row in rows]
    counts = f"{found.answered:,} of {found.asked:,} items" if found else "no items"
    return ", ".join([*(text + range_ for text, range_ in zip(shown, ranges, strict=True)), counts])


class LiveBoard:
    """Draws the jobs of one campaign. On a terminal the running ones are redrawn in place."""

    def __init__(self, describe: Describe, stream: TextIO | None = None) -> None:
        self._describe = describe
        self._stream = stream or sys.stdout
        self._in_place = self._stream.isatty()
        self._drawn = 0
        self._ended: set[str] = set()
        self._last: dict[str, str] = {}

    def update(self, jobs: Sequence[rest.JobRecord]) -> None:
        """Show where the jobs stand now."""
        self._erase()
        for job in jobs:
            if is_terminal_state(job) and job.job_id not in self._ended:
                self._ended.add(job.job_id)
                self._print(f"  [{len(self._ended)}/{len(jobs)}] {job_line(job, self._describe(job))}")
        running = [job for job in jobs if job.state == "running"]
        if self._in_place:
            for job in running:
                self._print(f"   … {job_line(job, self._describe(job))}"[: _columns() - 1])
            self._drawn = len(running)
        else:
            self._log_stages(running)
        self._stream.flush()

    def say(self, sentence: str) -> None:
        """A line between those of the jobs."""
        self._erase()
        self._print(sentence)
        self._stream.flush()

    def _log_stages(self, running: Sequence[rest.JobRecord]) -> None:
        for job in running:
            if self._last.get(job.job_id) != job.stage:
                self._last[job.job_id] = job.stage
                self._print(f"   … {self._describe(job)}  {job.stage}")

    def _print(self, line: str) -> None:
        self._stream.write(f"{line}\n")

    def _erase(self) -> None:
        if self._drawn:
            self._stream.write(f"\x1b[{self._drawn}F\x1b[J")
            self._drawn = 0


def _columns() -> int:
    """The terminal's width: a line that wrapped could not be redrawn in place."""
    return shutil.get_terminal_size().columns


def watch(client: HubClient, campaign_id: str, board: LiveBoard, *, max_away_s: float = MAX_AWAY_S) -> rest.Campaign:
    """Follow a campaign until each of its jobs has ended; returns its last state.

    A hub that is started again is waited for. Raises HubError where it is away for longer.
    """
    patience = Patience(board.say, max_away_s)
    while True:
        campaign = patience.ask(lambda: client.campaign(campaign_id))
        if campaign is not None:
            board.update(campaign.jobs)
            if all(is_terminal_state(job) for job in campaign.jobs):
                return campaign
        time.sleep(POLL_S)


def result_progress(last_seq: int) -> Callable[[int], None]:
    """Says on a terminal which of a hub's results is being taken; elsewhere nothing."""

    def say(seq: int) -> None:
        if sys.stderr.isatty() and last_seq:
            sys.stderr.write(f"\r\x1b[Kresult {seq:,} of {last_seq:,}")
            sys.stderr.flush()

    return say
