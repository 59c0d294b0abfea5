"""Cells that are ranked against those of a page and are not on it: their figures in the asked metrics, no more."""

from collections.abc import Collection, Iterable, Mapping

from edgeprof.wire import rest
from edgeprof_hub.compare import labels
from edgeprof_hub.store.standing import StandingRow


def rival_cells(
    rows: Iterable[StandingRow], devices: Mapping[str, rest.DeviceRecord], metrics: Collection[str]
) -> list[rest.Cell]:
    """A cell for each that has an outcome of its newest job. Its sentences and its cost are left out."""
    return [
        _rival(row, devices[row.device_id], metrics)
        for row in rows
        if row.device_id in devices and not labels.ended_without_result(row, row.standing)
    ]


def soak_s_of(rows: Iterable[StandingRow]) -> dict[tuple[str, str, str], float]:
    """How long each of them was asked to soak."""
    return {(row.device_id, row.model_id, row.config_key): row.standing.protocol.soak_s for row in rows}


def _rival(row: StandingRow, device: rest.DeviceRecord, metrics: Collection[str]) -> rest.Cell:
    standing = row.standing
    unranked = labels.unranked_reason(device, standing)
    is_stale = labels.stale_reason(device, standing) is not None
    return rest.Cell(
        device_id=row.device_id,
        model_id=row.model_id,
        config_key=row.config_key,
        state="stale" if is_stale else standing.status,
        result_id=standing.result_id,
        metrics={item.metric: item for item in standing.metrics if item.metric in metrics},
        absent={},
        failure_code=None,
        failure_message=None,
        stage=None,
        fraction=None,
        ranked=unranked is None,
        unranked_reason=unranked,
        effective_runtime=None,
        received_s=None,
        cost=None,
        cost_absent=None,
        trust=standing.trust,
        noise_floor=standing.noise_floor,
        noise_floors=standing.noise_floors,
    )
