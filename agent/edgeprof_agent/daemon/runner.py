"""Runs queued jobs one at a time, first come first served; every one that was begun ends in one result."""

import dataclasses
import logging
import sqlite3
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from errno import ENOSPC
from pathlib import Path

from edgeprof.errors import EdgeprofError
from edgeprof.net.backoff import Backoff
from edgeprof.wire import codec, identity
from edgeprof.wire.messages import Cancel, Failure, Job, Progress, Result, Stamp
from edgeprof_agent.daemon import set_files
from edgeprof_agent.daemon.database import Database
from edgeprof_agent.daemon.failed import Identity, failed_result, failure_of, internal_error
from edgeprof_agent.daemon.installed import Installed
from edgeprof_agent.daemon.jobs import Jobs, Started
from edgeprof_agent.daemon.journals import Journals
from edgeprof_agent.daemon.outbox import Outbox
from edgeprof_agent.daemon.progress import ProgressTap
from edgeprof_agent.daemon.store import ModelStore
from edgeprof_agent.daemon.upgrades import POLL_S, Upgrades
from edgeprof_agent.worker_protocol.progress import OnProgress

log = logging.getLogger(__name__)

Measure = Callable[[Started, Path, OnProgress, threading.Event], tuple[Result, Mapping[str, bytes]]]
"""Measures one model in its folder: the result, and its artifacts' bytes by SHA-256."""
Evaluate = Callable[[Started, Path, Path, Path, OnProgress, threading.Event], tuple[Result, Mapping[str, bytes]]]
"""The same of an evaluation: the folders of model and set, and the journal by which it is resumed."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a runner works with."""

    identity: Identity
    database: Database
    jobs: Jobs
    outbox: Outbox
    store: ModelStore
    installed: Installed
    measure: Measure
    evaluate: Evaluate
    journals: Journals
    now: Callable[[], Stamp]
    send_progress: Callable[[Progress], None]
    on_result: Callable[[], None]
    upgrades: Upgrades
    readable: Callable[[Result], Result]
    """A result in words that the hub knows."""


@dataclass
class _Current:
    """The run in progress and why it was told to end, if it was."""

    job: Job
    cancelled: threading.Event = field(default_factory=threading.Event)
    by_user: bool = False


class Runner:
    """One thread's work (`run`), and what other threads may ask of it."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._allowed = False
        self._current: _Current | None = None
        self._backoff = Backoff()

    def allow(self) -> None:
        """The hub has let this agent in: from now on it may begin jobs, with or without a connection."""
        with self._lock:
            self._allowed = True
        self._wake.set()

    def forbid(self) -> None:
        """Another agent has this device's id. The run in progress goes on; no other begins."""
        with self._lock:
            self._allowed = False

    def knows(self, job: Job) -> bool:
        """Whether this attempt of the job was accepted before."""
        return self._parts.jobs.knows(job.job_id, job.attempt)

    def has_ended(self, job: Job) -> bool:
        """Whether this attempt of the job neither waits nor runs."""
        return self._parts.jobs.has_ended(job.job_id, job.attempt)

    def accept(self, job: Job) -> bool:
        """Queue a job; False for one that is known. A cancel that came first ends it at once."""
        parts = self._parts
        with self._lock, parts.database.transaction():
            if not parts.jobs.add(job):
                return False
            if parts.jobs.take_cancel(job):
                self._end_cancelled(job)
        self._wake.set()
        return True

    @property
    def is_busy(self) -> bool:
        """Whether a run is in progress."""
        return self._current is not None

    def look(self) -> None:
        """There is something to do between two runs."""
        self._wake.set()

    def cancel(self, cancel: Cancel) -> None:
        """End a job that runs or waits; remember the cancel of one that has not come yet."""
        jobs = self._parts.jobs
        with self._lock, self._parts.database.transaction():
            if self._current and _meant(cancel, self._current.job):
                self._current.by_user = True
                self._current.cancelled.set()
                return
            waiting = [job for job in jobs.waiting() if _meant(cancel, job)]
            for job in waiting:
                self._end_cancelled(job)
            if not waiting and not jobs.knows(cancel.job_id, cancel.attempt):
                jobs.cancel_later(cancel)

    def stop(self) -> None:
        """Take no further job and end the one that runs."""
        with self._lock:
            self._stopping.set()
            if self._current:
                self._current.cancelled.set()
        self._wake.set()

    def run(self) -> None:
        """Until `stop`: report what an earlier process left unfinished, then work through the queue.

        Nothing of it before the hub has let this agent in: of a copied card, the jobs are another agent's.
        """
        while not self._allowed and not self._stopping.is_set():
            self._wake.wait()
            self._wake.clear()
        if not self._stopping.is_set():
            self._retrying(self._report_interrupted)
        while not self._stopping.is_set():
            self._wake.clear()
            if self._retrying(self._parts.upgrades.holds):
                self._stopping.wait(POLL_S)
            elif not self._retrying(self._run_next):
                self._wake.wait()

    def _retrying(self, step: Callable[[], bool]) -> bool:
        """A disk that is full or read-only is waited for: nothing is lost and nothing new is begun meanwhile."""
        failures = 0
        while True:
            try:
                return step()
            except (sqlite3.OperationalError, OSError) as error:
                failures += 1
                if failures == 1:
                    log.error("runner.disk reason=%s; trying on", error)
                if self._stopping.wait(self._backoff.delay_s(failures)):
                    return True

    def _report_interrupted(self) -> bool:
        now = self._parts.now()
        for begun in self._parts.jobs.running():
            what = "agent stopped" if begun.started.boot_id == now.boot_id else "machine restarted"
            failure = Failure(stage="measure", code="interrupted", message=f"The {what} during the run.")
            self._keep(begun, failed_result(self._parts.identity, begun, failure), {})
        return True

    def _run_next(self) -> bool:
        """Whether there was a job."""
        with self._lock:
            job = self._parts.jobs.next() if self._allowed and not self._stopping.is_set() else None
            if job is None:
                return False
            begun = Started(job, identity.new_id(), self._parts.now())
            self._parts.jobs.start(begun)
            current = self._current = _Current(job)
        log.info("job.started job=%s attempt=%d model=%s", job.job_id, job.attempt, job.model.name)
        result, artifacts = self._outcome(begun, current)
        outcome = result.failure.code if result.failure else result.status
        self._retrying(lambda: self._keep(begun, result, artifacts))
        with self._lock:
            self._current = None
        log.info("job.ended job=%s attempt=%d outcome=%s", job.job_id, job.attempt, outcome)
        return True

    def _outcome(self, begun: Started, current: _Current) -> tuple[Result, Mapping[str, bytes]]:
        tap = ProgressTap(begun.job, self._parts.send_progress)
        try:
            result, artifacts = self._run(begun, tap, current.cancelled)
        except EdgeprofError as error:
            return self._failed(begun, failure_of(error, tap.stage), current), {}
        except OSError as error:
            code = "no_space" if error.errno == ENOSPC else "internal_error"
            return self._failed(begun, Failure(stage=tap.stage, code=code, message=f"{error}."), current), {}
        except Exception as error:
            log.exception("job.internal_error job=%s", begun.job.job_id)
            return self._failed(begun, internal_error(error, tap.stage), current), {}
        return self._checked(begun, result, artifacts, current)

    def _run(self, begun: Started, tap: ProgressTap, cancelled: threading.Event) -> tuple[Result, Mapping[str, bytes]]:
        parts, job, in_use = self._parts, begun.job, self._in_use()
        store = parts.store.limited(job.protocol.download_limit_mbps)
        folder = store.prepare(job.model, in_use, cancelled, tap)
        if job.evaluation is None:
            result, artifacts = parts.measure(begun, folder, tap, cancelled)
            if job.config.load_only and result.status == "measured":
                parts.installed.switch(job.model.family or job.model.name, job.model.model_id)
            return result, artifacts
        keep = {*in_use, job.model.model_id}
        set_folder = set_files.prepare(store, job.evaluation, keep, cancelled, tap)
        return parts.evaluate(begun, folder, set_folder, parts.journals.path(job), tap, cancelled)

    def _checked(
        self, begun: Started, result: Result, artifacts: Mapping[str, bytes], current: _Current
    ) -> tuple[Result, Mapping[str, bytes]]:
        """A result that no broker would carry is replaced by one that says so."""
        size = len(codec.encode(result))
        if size > codec.MAX_MESSAGE_BYTES:
            message = f"The result has {size} bytes; a message may have {codec.MAX_MESSAGE_BYTES}."
            return self._failed(begun, Failure(stage="report", code="internal_error", message=message), current), {}
        if result.failure is not None:
            return dataclasses.replace(result, failure=self._told(result.failure, current)), artifacts
        return result, artifacts

    def _failed(self, begun: Started, failure: Failure, current: _Current) -> Result:
        return failed_result(self._parts.identity, begun, self._told(failure, current))

    def _told(self, failure: Failure, current: _Current) -> Failure:
        """A run that ended because the agent stops was interrupted; nobody cancelled it."""
        if failure.code != "cancelled" or current.by_user:
            return failure
        return dataclasses.replace(failure, code="interrupted", message="The agent was stopped during the run.")

    def _keep(self, begun: Started, result: Result, artifacts: Mapping[str, bytes]) -> bool:
        """The result enters the outbox and the job ends, together or not at all."""
        with self._lock, self._parts.database.transaction():
            self._parts.outbox.put(self._parts.readable(result), artifacts)
            self._parts.jobs.finish(begun.job)
        self._parts.journals.ended(begun.job, result)
        self._parts.on_result()
        return True

    def _end_cancelled(self, job: Job) -> None:
        begun = Started(job, identity.new_id(), self._parts.now())
        failure = Failure(stage="fetch", code="cancelled", message="The job was cancelled before it began.")
        self._parts.outbox.put(failed_result(self._parts.identity, begun, failure), {})
        self._parts.jobs.finish(job)
        self._parts.on_result()

    def _in_use(self) -> set[str]:
        """Models and sets of jobs that wait, and the versions that the device uses."""
        waiting = self._parts.jobs.waiting()
        sets = {set_files.of(job.evaluation).model_id for job in waiting if job.evaluation is not None}
        return {job.model.model_id for job in waiting} | sets | self._parts.installed.current()


def _meant(cancel: Cancel, job: Job) -> bool:
    return job.job_id == cancel.job_id and (cancel.attempt is None or job.attempt <= cancel.attempt)
