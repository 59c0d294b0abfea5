"""Checks new results for regressions, off the writer's thread: repeats slower runs and announces confirmed ones."""

import logging
import statistics
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from queue import Full, Queue

from edgeprof.compare.report import Report
from edgeprof.compare.sources import Run
from edgeprof.errors import EdgeprofError
from edgeprof.wire import identity, rest
from edgeprof.wire.messages import Result
from edgeprof.wire.notices import Notice
from edgeprof_hub.campaigns import actions
from edgeprof_hub.context import HubContext
from edgeprof_hub.events import Change
from edgeprof_hub.matrix import regressions
from edgeprof_hub.store import history

log = logging.getLogger(__name__)

MAX_WAITING = 20_000
"""Beyond it new results are not looked at: they are stored, and the next one of the cell is."""
BUSY_SHARE = 0.2
"""Of the time that this thread may compute while there is more to look at."""
MAX_REST_S = 1.0
WARN_EVERY_S = 60.0


class Watch:
    """`changed` never waits and may be called from any thread."""

    def __init__(self, hub: HubContext) -> None:
        self._hub = hub
        self._queue: Queue[Change | None] = Queue(MAX_WAITING)
        self._announced: set[str] = set()
        self._stopping = threading.Event()
        self._last_warning_s = -WARN_EVERY_S
        self._thread = threading.Thread(target=self._work, name="hub-watch", daemon=True)

    def start(self) -> None:
        """Begin with the suspicions whose re-run ended while no hub was there."""
        for suspicion in self._hub.reader.history.suspected():
            self.changed([Change("job", suspicion.rerun_job_id)])
        self._hub.events.tap(self.changed)
        self._thread.start()

    def stop(self) -> None:
        """End after the look that is being taken."""
        self._stopping.set()
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put(None)
        self._thread.join()

    def changed(self, changes: Iterable[Change]) -> None:
        """Note what to look at; of a made-up fleet nothing is."""
        for change in changes:
            if change.kind in ("result", "job") and not self._hub.is_synthetic:
                try:
                    self._queue.put_nowait(change)
                except Full:
                    self._behind(change)

    def _behind(self, change: Change) -> None:
        if time.monotonic() - self._last_warning_s > WARN_EVERY_S:
            self._last_warning_s = time.monotonic()
            log.warning(
                "watch.behind: %s %s and more are stored but not checked for regressions", change.kind, change.id
            )

    def _work(self) -> None:
        while (change := self._queue.get()) is not None:
            if self._hub.burst.wait_until_over(self._stopping):
                return
            start_s = time.thread_time()
            try:
                self._look(change)
            except Exception:
                log.exception("watch.failed %s=%s", change.kind, change.id)
            # Pages and results come first: under a flood this thread takes no more than its share of the interpreter.
            self._stopping.wait(min(MAX_REST_S, (time.thread_time() - start_s) * (1 / BUSY_SHARE - 1)))

    def _look(self, change: Change) -> None:
        if change.kind == "job":
            job = self._hub.reader.job(change.id)
            if job is not None and job.state in rest.TERMINAL_STATES:
                self._job_ended(job)
        elif not self._hub.reader.history.has_earlier(change.id):
            return  # nothing to compare the first one of a cell with
        elif (stored := self._hub.reader.result(change.id)) is not None:
            self._result_came(stored)

    def _job_ended(self, job: rest.JobRecord) -> None:
        suspicion = self._hub.reader.history.suspected_by_job(job.job_id)
        if suspicion is not None:
            self._settle(suspicion, job)
        else:
            self._campaign(job.campaign_id)

    def _campaign(self, campaign_id: str) -> None:
        """Say once that a campaign has ended, how much of it failed, and where to look."""
        campaign = self._hub.reader.campaign(campaign_id)
        if campaign is None or any(job.state not in rest.TERMINAL_STATES for job in campaign.jobs):
            return
        key = f"{campaign_id} {sum(job.attempt for job in campaign.jobs)}"
        if len(campaign.jobs) == 1 or key in self._announced or self._hub.reader.rollouts.of_campaign(campaign_id):
            return  # a rollout tells of its own end
        self._announced.add(key)
        states = [job.state for job in campaign.jobs]
        counts = ", ".join(f"{states.count(state)} {state}" for state in rest.TERMINAL_STATES if state in states)
        self._notify(
            Notice(
                kind="campaign_ended",
                hub_id=self._hub.hub_id,
                at_s=time.time(),
                sentence=f"Campaign of {len(states)} jobs finished: {counts}.",
                path=f"/campaigns/{campaign_id}",
                campaign_id=campaign_id,
            )
        )

    def _result_came(self, stored: rest.StoredResult) -> None:
        result = stored.result
        reader = self._hub.reader.history
        if result.status != "measured" or not result.config.is_speed or not _got_worse(self._hub, result):
            return
        known = reader.regressions(_cell(result))
        if any(item.state == "suspected" or result.result_id in (item.suspect_id, item.rerun_id) for item in known):
            return  # this may be the re-run of an open suspicion, which its job's end settles
        before = self._before(result.result_id, _cell(result))
        report = regressions.slower(before, self._run(result))
        if report is not None:
            self._suspect(result, self._sentence(report, before, result))

    def _suspect(self, result: Result, sentence: str) -> None:
        """Run it again at once: one slow run is no regression."""
        try:
            campaign = actions.repeat(self._hub, result.result_id)
        except EdgeprofError as error:
            log.warning("watch.no_rerun result=%s: %s", result.result_id, error)
            return
        suspicion = rest.Regression(
            regression_id=identity.new_id(),
            device_id=result.device_id,
            model_id=result.model_id,
            config_key=result.config_key,
            suspect_id=result.result_id,
            state="suspected",
            sentence=sentence,
            rerun_job_id=campaign.jobs[0].job_id,
            created_s=time.time(),
        )
        self._hub.writer.call(lambda store: store.change(lambda connection: history.suspect(connection, suspicion)))
        self._hub.events.publish([Change("result", result.result_id), Change("job", suspicion.rerun_job_id)])

    def _settle(self, suspicion: rest.Regression, job: rest.JobRecord) -> None:
        settled = replace(self._settled(suspicion, job), ended_s=time.time(), rerun_id=job.result_id)
        self._hub.writer.call(lambda store: store.change(lambda connection: history.settle(connection, settled)))
        self._hub.events.publish([Change("result", suspicion.suspect_id)])
        if settled.state == "confirmed":
            self._notify_regression(settled)

    def _settled(self, suspicion: rest.Regression, job: rest.JobRecord) -> rest.Regression:
        """What the re-run says; nothing where it or what it would be held against is not there."""
        stored = self._hub.reader.result(job.result_id) if job.result_id else None
        if stored is None or stored.result.status != "measured":
            return replace(
                suspicion, state="unclear", sentence=f"{suspicion.sentence} The second run measured nothing."
            )
        before = self._before(suspicion.suspect_id, suspicion.cell)
        if not before:
            gone = "The earlier runs were deleted."
            return replace(suspicion, state="unclear", sentence=f"{suspicion.sentence} {gone}")
        report = regressions.slower(before, self._run(stored.result))
        if report is None:
            return replace(suspicion, state="not_confirmed")
        sentence = self._sentence(report, before, stored.result)
        return replace(suspicion, state="confirmed", ratio=report.verdict.ratio, sentence=sentence)

    def _notify_regression(self, found: rest.Regression) -> None:
        self._notify(
            Notice(
                kind="regression",
                hub_id=self._hub.hub_id,
                at_s=time.time(),
                sentence=found.sentence,
                path=f"/cells/{found.device_id}/{found.model_id}/{found.config_key}",
                device_id=found.device_id,
                model_id=found.model_id,
                config_key=found.config_key,
                result_id=found.suspect_id,
                ratio=found.ratio,
            )
        )

    def _notify(self, notice: Notice) -> None:
        log.info("notice kind=%s %s", notice.kind, notice.sentence)
        self._hub.notices.send(notice)

    def _before(self, result_id: str, cell: rest.CellKey) -> list[Run]:
        """The runs that a suspect is held against."""
        history_of = self._hub.reader.history
        confirmed = [item for item in history_of.regressions(cell) if item.state == "confirmed"]
        since = confirmed[0].suspect_id if confirmed else None
        earlier = history_of.before(result_id, regressions.MAX_BASELINE)
        return [self._run(stored.result) for stored in regressions.baseline(earlier, since)]

    def _run(self, result: Result) -> Run:
        return Run(result.result_id, result, lambda ref: self._hub.artifact(ref.sha256))

    def _sentence(self, report: Report, before: Sequence[Run], result: Result) -> str:
        device = self._hub.reader.device(result.device_id)
        model = self._hub.reader.model(result.model_id)
        name = f"{model.shown_name if model else result.model_name} on {device.label if device else result.device_id}"
        return regressions.sentence(report, name, (_version(before[0].result), _version(result)))


def _cell(result: Result) -> rest.CellKey:
    return (result.device_id, result.model_id, result.config_key)


def _version(result: Result) -> str:
    return f"{result.effective.runtime} {result.effective.runtime_version}" if result.effective else "unknown"


def _got_worse(hub: HubContext, result: Result) -> bool:
    """Whether a look at all the samples is worth it: a figure that is no worse than before is no regression."""
    metric = regressions.lead_metric(result)
    now = _figure(result, metric)
    earlier = hub.reader.history.earlier_figures(result.result_id, metric, regressions.MAX_BASELINE)
    return now is not None and bool(earlier) and now > statistics.median(earlier)


def _figure(result: Result, metric: str) -> float | None:
    return next((row.value for row in result.metrics if row.metric == metric and row.origin == "measured"), None)
