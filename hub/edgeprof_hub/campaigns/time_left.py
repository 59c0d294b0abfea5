"""How long jobs will still take, from how long similar jobs took on the same device. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from edgeprof_hub.store.records import JobRow
from edgeprof_hub.store.rows import to_json

NEWEST = 5
"""Runs that a duration is the median of: the newest, because a device and its runtimes change."""
NO_LIKE_RUN = "No similar job has run on this device yet."
OFFLINE = "The device is offline."
AFTER_UNKNOWN = "A job before it has an unknown duration."

Past = tuple[str, str, str, str, str, float]
"""Model, configuration's key, runtime, evaluation set, protocol as stored, seconds; newest first."""


@dataclass(frozen=True)
class TimeLeft:
    """Seconds until a job ends, or why they are not known. `ahead`: open jobs of its device that end first."""

    ahead: int
    left_s: float | None
    absent: str = ""
    overdue: bool = False


class Durations:
    """What jobs of one device take.

    Similar jobs, the closest kind that there is: the same model, configuration and protocol; the same model and
    configuration; another model with the same runtime, set and protocol, whose windows decide how long a run takes.
    """

    def __init__(self, past: Iterable[Past]) -> None:
        self._known: defaultdict[tuple[str, ...], list[float]] = defaultdict(list)
        for model_id, config_key, runtime, set_id, protocol, seconds in past:
            for key in _keys(model_id, config_key, runtime, set_id, protocol):
                if len(self._known[key]) < NEWEST:
                    self._known[key].append(seconds)

    def of(self, row: JobRow) -> float | None:
        """Seconds that the job's run takes; None: nothing like it has run."""
        job = row.job
        keys = _keys(job.model_id, job.config_key, job.config.runtime, job.config.evaluation_set, to_json(job.protocol))
        return next((median(self._known[key]) for key in keys if key in self._known), None)


def times_left(
    queue: Sequence[JobRow], past: Mapping[str, Iterable[Past]], online: Iterable[str], now_s: float
) -> dict[str, TimeLeft]:
    """By job id. `queue`: every open job in the order of the queue; `past`: by device."""
    known = {device_id: Durations(runs) for device_id, runs in past.items()}
    reachable = set(online)
    before: dict[str, TimeLeft] = {}
    found: dict[str, TimeLeft] = {}
    for row in queue:
        device_id = row.job.device_id
        last = before.get(device_id)
        ahead = last.ahead + 1 if last else 0
        if device_id not in reachable:
            here = TimeLeft(ahead, None, OFFLINE)
        elif last is not None and last.left_s is None:
            here = TimeLeft(ahead, None, AFTER_UNKNOWN)
        else:
            here = _one(row, ahead, last.left_s if last and last.left_s else 0.0, known.get(device_id), now_s)
        found[row.job.job_id] = before[device_id] = here
    return found


def _one(row: JobRow, ahead: int, wait_s: float, known: Durations | None, now_s: float) -> TimeLeft:
    takes_s = known.of(row) if known else None
    if takes_s is None:
        return TimeLeft(ahead, None, NO_LIKE_RUN)
    ran_s = max(0.0, now_s - row.began_s) if row.job.state == "running" and row.began_s is not None else 0.0
    return TimeLeft(ahead, wait_s + max(0.0, takes_s - ran_s), overdue=ran_s > takes_s)


def _keys(model_id: str, config_key: str, runtime: str, set_id: str, protocol: str) -> tuple[tuple[str, ...], ...]:
    return (
        ("same", model_id, config_key, protocol),
        ("configuration", model_id, config_key),
        ("protocol", runtime, set_id, protocol),
    )
