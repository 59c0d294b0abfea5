"""The context of the page of jobs: one page of the queue, its filters and the links between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from edgeprof.tables import durations, job_words
from edgeprof.wire import rest

WORDS: tuple[tuple[rest.JobWord | None, str], ...] = (
    (None, "All"),
    ("open", "Open"),
    ("running", "Running"),
    ("queued", "Queued"),
    ("failed", "Failed"),
    ("measured", "Measured"),
    ("cancelled", "Cancelled"),
)


@dataclass(frozen=True)
class JobsQuery:
    """What the page shows, as its address says it. `page` counts from 1."""

    state: rest.JobWord | None = None
    device: str = ""
    campaign: str = ""
    job: str = ""
    page: int = 1

    @property
    def which(self) -> rest.JobFilter:
        """The jobs that it asks for."""
        states = rest.JOB_WORDS[self.state] if self.state else ()
        return rest.JobFilter(states=states, device_id=self.device, campaign_id=self.campaign, job_id=self.job)

    def href(self, path: str = "/jobs", **changed: object) -> str:
        """The address of this page with something changed; another filter begins at its first page."""
        values = {"state": self.state or "", "device": self.device, "campaign": self.campaign, "job": self.job}
        values["page"] = str(self.page) if self.page > 1 and not changed else ""
        values |= {name: str(value or "") for name, value in changed.items()}
        given = {name: value for name, value in values.items() if value}
        return f"{path}?{urlencode(given)}" if given else path


@dataclass(frozen=True)
class StateLink:
    """One link of the filter by state."""

    title: str
    href: str
    count: int
    chosen: bool


@dataclass(frozen=True)
class JobLine:
    """One job as a row of the page."""

    entry: rest.JobEntry
    word: str
    queued_note: str
    left: str
    age: str

    @property
    def job(self) -> rest.JobRecord:
        """The job itself."""
        return self.entry.job

    @property
    def is_open(self) -> bool:
        """Whether it can be cancelled."""
        return self.job.state not in rest.TERMINAL_STATES


@dataclass(frozen=True)
class CampaignLine:
    """One campaign as a row of the page."""

    campaign: rest.CampaignSummary
    counts: str
    age: str


@dataclass(frozen=True)
class JobsPage:
    """All that the page shows."""

    query: JobsQuery
    queue: rest.JobQueue
    lines: tuple[JobLine, ...]
    sentence: str
    states: tuple[StateLink, ...]
    devices: Sequence[rest.DeviceRecord]
    pages: int
    first: int
    last: int
    failed: int
    campaigns: tuple[CampaignLine, ...]

    @property
    def is_narrowed(self) -> bool:
        """Whether it is about a part of the jobs, whatever their states."""
        return bool(self.query.device or self.query.campaign or self.query.job)


def jobs_page(
    query: JobsQuery,
    queue: rest.JobQueue,
    devices: Sequence[rest.DeviceRecord],
    campaigns: Sequence[rest.CampaignSummary],
    failed: int,
    a_page: int,
) -> JobsPage:
    """The page. `queue`: the part of the jobs that `query` asks for; `campaigns`: the newest.

    `failed`: how many a retry would queue again.
    """
    before = (query.page - 1) * a_page
    return JobsPage(
        query=query,
        queue=queue,
        lines=tuple(_line(entry, queue.generated_s) for entry in queue.entries),
        sentence=job_words.queue_text(queue),
        states=tuple(_state(query, queue, word, title) for word, title in WORDS),
        devices=sorted(devices, key=lambda item: item.label),
        pages=max(1, -(-queue.total // a_page)),
        first=before + 1,
        last=before + len(queue.entries),
        failed=failed,
        campaigns=tuple(
            CampaignLine(
                one,
                job_words.counts_text(one.counts, one.flashed),
                durations.age_text(queue.generated_s - one.created_s),
            )
            for one in campaigns
        ),
    )


def _state(query: JobsQuery, queue: rest.JobQueue, word: rest.JobWord | None, title: str) -> StateLink:
    count = job_words.in_word(queue.counts, word) if word else sum(queue.counts.values())
    return StateLink(title, query.href(state=word), count, word == query.state)


def _line(entry: rest.JobEntry, now_s: float) -> JobLine:
    word = "flashed" if entry.job.state_word == "flashed" else job_words.state_word(entry.job.state)
    return JobLine(
        entry=entry,
        word=word,
        queued_note=job_words.QUEUED.get(entry.job.state, ""),
        left=job_words.left_text(entry) or _took(entry),
        age=durations.age_text(now_s - entry.job.updated_s),
    )


def _took(entry: rest.JobEntry) -> str:
    return f"took {durations.duration_text(entry.ran_s)}" if entry.ran_s is not None else ""
