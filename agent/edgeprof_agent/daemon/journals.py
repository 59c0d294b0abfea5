"""The outcomes of unfinished evaluations, a file for each job: another attempt of the job goes on with them."""

import hashlib
import re
from pathlib import Path

from edgeprof.wire.messages import Job, Result
from edgeprof_agent.daemon.jobs import KEEP_DONE_S

_PLAIN = re.compile(r"[\w-]{1,100}", re.ASCII)


class Journals:
    """One folder. Whoever evaluates writes the files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, job: Job) -> Path:
        """The job's journal, whatever the attempt."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._file(job)

    def ended(self, job: Job, result: Result) -> None:
        """Remove what a result has; that of a run that failed on its way is kept for the next attempt."""
        if result.status == "measured" or (result.failure is not None and result.failure.code == "no_answers"):
            self._file(job).unlink(missing_ok=True)

    def _file(self, job: Job) -> Path:
        """By the job's id, which the hub chose: one that is no plain name gives its hash."""
        is_plain = _PLAIN.fullmatch(job.job_id) is not None
        name = job.job_id if is_plain else hashlib.sha256(job.job_id.encode(errors="replace")).hexdigest()
        return self._folder / f"{name}.jsonl"

    def purge(self, now_s: float) -> None:
        """Forget those of jobs that nobody tried again."""
        oldest_s = now_s - KEEP_DONE_S
        for file in self._folder.glob("*.jsonl"):
            if file.stat().st_mtime < oldest_s:
                file.unlink(missing_ok=True)
