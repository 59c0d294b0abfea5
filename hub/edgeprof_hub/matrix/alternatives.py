"""Figures that those of a page are ranked against and that are not on it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from edgeprof.tables import allowances, trust
from edgeprof.wire import rest
from edgeprof_hub.matrix import labels
from edgeprof_hub.matrix.ranking import Candidate, UnshownFigure, is_ranked
from edgeprof_hub.store.standing import StandingFigure, StandingRow


def rivals(
    rows: Iterable[StandingRow],
    devices: Mapping[str, rest.DeviceRecord],
    metrics: Collection[str],
    fails_gate: Callable[[StandingRow], bool] | None = None,
) -> Iterator[UnshownFigure]:
    """The figures in these metrics of each cell, on these devices, that has an outcome of its newest job.

    `fails_gate`: whether a row's variant fails a gate there; then it is nobody's rival. None: there is no gate.
    """
    for row in rows:
        standing, device = row.standing, devices.get(row.device_id)
        if device is None or not row.is_of_newest_job or (fails_gate and fails_gate(row)):
            continue
        figures = [(name, standing.figures[name]) for name in metrics if name in standing.figures]
        if not figures:
            continue
        on_real_machine = labels.unranked_reason(device, standing) is None
        is_stale = labels.stale_reason(device, standing) is not None
        for metric, figure in figures:
            if is_ranked(metric, on_real_machine=on_real_machine):
                candidate = _candidate(row, metric, figure, is_stale)
                yield UnshownFigure(candidate, metric, figure.scope or "", standing.soak_s)


def _candidate(row: StandingRow, metric: str, figure: StandingFigure, is_stale: bool) -> Candidate:
    standing = row.standing
    return Candidate(
        (row.device_id, row.model_id, row.config_key),
        figure,
        allowances.share_of(standing.floors, metric),
        is_stale or trust.speak_against(standing.causes, metric),
    )
