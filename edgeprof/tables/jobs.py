"""The queue of jobs in a terminal: one line a job, with its id to copy."""

from collections.abc import Sequence

from edgeprof.tables import columns, durations, job_words
from edgeprof.tables.figures import clean
from edgeprof.wire import rest

CAMPAIGN_HEADERS = ("started", "what", "jobs", "campaign")
HEADERS = ("state", "device", "model", "time left", "changed", "job")


def jobs_text(queue: rest.JobQueue) -> str:
    """A sentence on the whole queue, then the jobs."""
    lines = [job_words.queue_text(queue)]
    if queue.entries:
        rows = [HEADERS, *(_row(entry, queue.generated_s) for entry in queue.entries)]
        lines += ["", *columns.table(rows, left=len(HEADERS))]
    if (more := queue.total - len(queue.entries)) > 0:
        lines += ["", f"{more:,} more. Show them with --limit {queue.total}, or filter by --state and --device."]
    return "\n".join(lines)


def campaigns_text(found: Sequence[rest.CampaignSummary], now_s: float) -> str:
    """One line a campaign, with its id to copy."""
    if not found:
        return "No campaign yet. Start one with `edgeprof flash MODEL --all`."
    lines = [
        (
            durations.age_text(now_s - one.created_s),
            clean(one.title),
            job_words.counts_text(one.counts, one.flashed),
            one.campaign_id,
        )
        for one in found
    ]
    return "\n".join(columns.table([CAMPAIGN_HEADERS, *lines], left=len(CAMPAIGN_HEADERS)))


def _row(entry: rest.JobEntry, now_s: float) -> tuple[str, ...]:
    job = entry.job
    on = f" on {entry.set_name}" if entry.set_name else ""
    took = f"took {durations.duration_text(entry.ran_s)}" if entry.ran_s is not None else ""
    return (
        clean(_state(entry)),
        clean(entry.device_label),
        clean(f"{entry.model_name}{on}"),
        job_words.left_text(entry) or took,
        durations.age_text(now_s - job.updated_s),
        job.job_id,
    )


def _state(entry: rest.JobEntry) -> str:
    job = entry.job
    word = job_words.state_word(job.state)
    if word == "running" and job.fraction is not None:
        return f"running {job.stage} {round(job.fraction * 100)} %"
    if word == "running":
        return f"running {job.stage or 'starting'}"
    if word == "failed" and job.note:
        return f"failed: {job.note}"
    if word == "queued" and not entry.device_online:
        return "queued, device offline"
    return word
