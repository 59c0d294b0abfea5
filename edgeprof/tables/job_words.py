"""Words about jobs and their queue, the same on the page and in a terminal. Pure."""

from collections.abc import Mapping

from edgeprof.tables.durations import duration_text
from edgeprof.wire import rest

QUEUED: dict[rest.JobState, str] = {
    "queued": "not sent yet",
    "sent": "sent to the device",
    "accepted": "in the device's queue",
}
"""What `queued` means of each state that has the word."""


def state_word(state: rest.JobState) -> rest.JobWord:
    """The word that a person knows a state by."""
    return next(word for word, states in rest.JOB_WORDS.items() if word != "open" and state in states)


def in_word(counts: Mapping[str, int], word: rest.JobWord) -> int:
    """How many jobs the word covers."""
    return sum(counts.get(state, 0) for state in rest.JOB_WORDS[word])


def counts_text(counts: Mapping[str, int], flashed: int = 0) -> str:
    """`1 running, 2 queued, 3 measured, 1 flashed`: what is there, open jobs first. `flashed`: of the measured ones."""
    words: tuple[rest.JobWord, ...] = ("running", "queued", "failed")
    found: list[tuple[str, int]] = [(word, in_word(counts, word)) for word in words]
    found += [("measured", in_word(counts, "measured") - flashed), ("flashed", flashed)]
    found += [("cancelled", in_word(counts, "cancelled"))]
    return ", ".join(f"{count:,} {word}" for word, count in found if count)


def left_text(entry: rest.JobEntry) -> str:
    """`about 40 s`, `longer than usual`, or `not known`; nothing for a job that has ended."""
    if entry.job.state in rest.TERMINAL_STATES:
        return ""
    if entry.left_s is None:
        return "not known"
    return "longer than usual" if entry.overdue else f"about {duration_text(entry.left_s)}"


def queue_text(found: rest.JobQueue) -> str:
    """`3 open jobs: 1 running, 2 queued. About 2 min left; not known for 1.`"""
    running, queued = in_word(found.counts, "running"), in_word(found.counts, "queued")
    count = running + queued
    if not count:
        return "No open jobs."
    parts = [f"{number} {word}" for number, word in ((running, "running"), (queued, "queued")) if number]
    sentence = f"{count:,} open job{'s' * (count != 1)}: {', '.join(parts)}."
    if found.left_s is None:
        return f"{sentence} Time left not known."
    about = f"{sentence} About {duration_text(found.left_s)} left"
    return f"{about}; not known for {found.unknown:,}." if found.unknown else f"{about}."
