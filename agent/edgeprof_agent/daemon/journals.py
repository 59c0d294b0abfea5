"""The outcomes of unfinished evaluations, a file for each job: another attempt of the job goes on with them."""

from pathlib import Path

from edgeprof.wire.messages import Job, Result
from edgeprof_agent.daemon.jobs import KEEP_DONE_S


class Journals:
    """One folder. Whoever evaluates writes the files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, job: Job) -> Path:
        """The job's journal, whatever the attempt."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder / f"{job.job_id}.jsonl"

    def ended(self, job: Job, result: Result) -> None:
        """Remove what a result has; that of a run that failed on its way is kept for the next attempt."""
        if result.status == "measured" or (result.failure is not None and result.failure.code == "no_answers"):
            (self._folder / f"{job.job_id}.jsonl").unlink(missing_ok=True)

    def purge(self, now_s: float) -> None:
        """Forget those of jobs that nobody tried again."""
        oldest_s = now_s - KEEP_DONE_S
        for file in self._folder.glob("*.jsonl"):
            if file.stat().st_mtime < oldest_s:
                file.unlink(missing_ok=True)
