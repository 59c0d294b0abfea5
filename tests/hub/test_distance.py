"""Shades of the matrix: ratios to the best of a family on a device, and nobody who may not be ranked."""

from dataclasses import replace

import pytest

from edgeprof.tables import figures
from edgeprof.tables.view import Notes
from edgeprof.wire import rest
from edgeprof_hub.matrix import pareto, table
from edgeprof_hub.matrix.distance import distances, shade
from edgeprof_hub.views.comparison import HEADLINE, lead_metric
from edgeprof_hub.views.matrix_cell import cell_view
from tests.hub import fleet, stores


@pytest.fixture(scope="module")
def typical(tmp_path_factory: pytest.TempPathFactory) -> rest.CompareTable:
    with stores.opened(tmp_path_factory.mktemp("hub")) as store:
        fleet.fill(store.writer, fleet.typical())
        return table.build(store.reader, fleet.NOW_S)


def ratios(of: rest.CompareTable) -> list[float]:
    found = distances(of.cells, of.columns, lambda kind: lead_metric(HEADLINE, kind))
    return sorted(round(ratio, 3) for ratio in found.values())


def test_each_variant_has_its_ratio_to_the_best_of_its_family(typical: rest.CompareTable) -> None:
    assert ratios(typical) == [1.0, round(0.254 / 0.250, 3), round(0.412 / 0.250, 3)]


def test_what_is_stale_has_no_ratio_and_sets_none(typical: rest.CompareTable) -> None:
    best = min(
        (cell for cell in typical.cells if cell.ranked and "latency_p50_ms" in cell.metrics),
        key=lambda cell: cell.metrics["latency_p50_ms"].value,
    )
    cells = tuple(replace(cell, state="stale") if cell == best else cell for cell in typical.cells)
    assert ratios(replace(typical, cells=cells)) == [1.0, round(0.412 / 0.254, 3)]


def test_a_rate_is_better_when_it_is_higher(typical: rest.CompareTable) -> None:
    columns = [column for column in typical.columns if column.format == "gguf"]
    other = replace(columns[0], config_key="other")
    cell = next(cell for cell in typical.cells if cell.metrics.get("decode_tokens_per_s"))
    row = cell.metrics["decode_tokens_per_s"]
    slow = replace(cell, config_key="other", metrics={row.metric: replace(row, value=row.value / 4)})
    found = distances([cell, slow], [*columns, other], lambda _: row.metric)
    assert sorted(found.values()) == [1.0, 4.0]


def test_a_percentile_without_an_interval_is_shown_and_takes_no_part_in_ratios_ranks_or_fronts(
    typical: rest.CompareTable,
) -> None:
    def without(cell: rest.Cell) -> rest.Cell:
        row = cell.metrics["latency_p50_ms"]
        bare = replace(row, ci_low=None, ci_high=None, no_interval="needs 300 samples for a 95 % interval")
        return replace(cell, metrics={**cell.metrics, row.metric: bare})

    best = min(
        (cell for cell in typical.cells if cell.ranked and "latency_p50_ms" in cell.metrics),
        key=lambda cell: cell.metrics["latency_p50_ms"].value,
    )
    cells = tuple(without(cell) if cell == best else cell for cell in typical.cells)
    assert ratios(replace(typical, cells=cells)) == [1.0, round(0.412 / 0.254, 3)]
    speed = pareto.axis("speed", "latency_p50_ms")
    shown = {one.cell.model_id for one in pareto.candidates(cells, speed, pareto.AXES["memory"])}
    assert best.model_id not in shown
    notes = Notes()
    lead = cell_view(without(best), "inference", "latency_p50_ms", notes).lead
    assert lead is not None
    assert (lead.text, lead.interval, lead.is_uncertain) == ("0.250", None, True)
    assert notes.texts == [figures.NO_INTERVAL]


@pytest.mark.parametrize(("ratio", "expected"), [(1.0, 0), (1.1, 1), (1.49, 1), (1.5, 2), (3.0, 3), (900.0, 3)])
def test_shades_change_at_their_steps(ratio: float, expected: int) -> None:
    assert shade(ratio) == expected
