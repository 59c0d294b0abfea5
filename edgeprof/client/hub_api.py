"""`edgeprof.Hub`: what a person does with a hub, from Python: flash, wait, read results as rows or as a data frame."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgeprof.client import resolve, resolve_sets
from edgeprof.client.http_client import HubClient
from edgeprof.errors import EdgeprofError, MissingPartError
from edgeprof.modelfiles.record import Labels
from edgeprof.wire import rest
from edgeprof.wire.tasks import Task

POLL_S = 0.5

OnProgress = Callable[[rest.Campaign], None]
Row = dict[str, Any]
"""One figure of one result, by the columns of `edgeprof export`."""


class Hub(HubClient):
    """A hub. `Hub("http://hub:8765", token="...")`; without an address the one on this machine.

    Every method of the REST API is here as a typed call; methods raise `edgeprof.client.HubError` with the hub's own
    sentence and code.
    """

    def flash(
        self,
        models: Path | str | Sequence[Path | str],
        *,
        to: Sequence[str] = (),
        groups: Sequence[str] = (),
        everywhere: bool = False,
        name: str | None = None,
        family: str | None = None,
        quantization: str | None = None,
        task: Task | None = None,
        request: rest.CampaignRequest | None = None,
        evaluate: Sequence[Path | str] = (),
    ) -> rest.Campaign:
        """Upload what the hub lacks and queue it on devices; returns at once.

        `models`: files, or names or ids of models on the hub. `to`: names or ids of devices; `groups`: names of groups;
        `everywhere`: every device that is online. What is not said of a file (family, quantization, task) is proposed
        from it. `request`: how to measure (threads, repeats, protocol ...), its
        models, devices and sets are filled in here. `evaluate`: evaluation sets, as folders or names on the hub.
        Raises UsageError for what is not there.
        """
        texts = [models] if isinstance(models, (str, Path)) else list(models)
        labels = Labels(name=name, family=family, quantization=quantization, task=task)
        records = [resolve.put_model(self, str(text), labels, lambda _: None) for text in texts]
        members = resolve.group_members(self.groups(), list(groups)) if groups else []
        devices = resolve.devices(self.devices(), [*to, *members], everywhere)
        sets = [resolve_sets.put_set(self, str(text), lambda _: None) for text in evaluate]
        requested = request or rest.CampaignRequest(model_ids=(), device_ids=())
        return self.start_campaign(
            replace(
                requested,
                model_ids=tuple(record.model_id for record in records),
                device_ids=tuple(device.device_id for device in devices),
                evaluation_sets=tuple(one.set_id for one in sets) or requested.evaluation_sets,
            )
        )

    def wait(
        self, campaign: rest.Campaign, on_progress: OnProgress | None = None, timeout_s: float | None = None
    ) -> rest.Campaign:
        """Until every job has ended. `on_progress` is called with the campaign whenever a job changed.

        Raises EdgeprofError with the code `timeout` where that takes longer; the jobs go on.
        """
        end_s = None if timeout_s is None else time.monotonic() + timeout_s
        last: rest.Campaign | None = None
        while True:
            now = self.campaign(campaign.campaign_id)
            if on_progress is not None and now != last:
                on_progress(now)
            if all(job.state in rest.TERMINAL_STATES for job in now.jobs):
                return now
            if end_s is not None and time.monotonic() > end_s:
                raise EdgeprofError(
                    "timeout", f"The campaign is not finished after {timeout_s:g} s. Its jobs keep running."
                )
            last = now
            time.sleep(POLL_S)

    def results_of(self, campaign: rest.Campaign) -> list[rest.StoredResult]:
        """The results of its jobs, in their order; a job that ended without one is left out."""
        return [self.result(job.result_id) for job in self.campaign(campaign.campaign_id).jobs if job.result_id]

    def rows(self, after: int = 0) -> Iterator[Row]:
        """Every figure of every result in the order of arrival, after this `seq`: the columns of `edgeprof export`."""
        return (json.loads(line) for line in self.export("ndjson", after))

    def frame(self, after: int = 0) -> Any:
        """The same as a data frame of pandas, or of polars where pandas is not installed. Raises MissingPartError."""
        rows = list(self.rows(after))
        for library in ("pandas", "polars"):
            try:
                module = __import__(library)
            except ModuleNotFoundError:
                continue
            return module.DataFrame(rows)
        raise MissingPartError("extra_missing", "A data frame needs pandas or polars: pip install pandas.")
