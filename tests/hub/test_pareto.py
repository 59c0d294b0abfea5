"""The front of time and memory: nobody on it is beaten, everybody off it is, and who may not be ranked has no place."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeprof.wire.quality import CellQuality, VerdictState
from edgeprof_hub.matrix import table
from edgeprof_hub.matrix.pareto import AXES, axis, candidates, front_of
from edgeprof_hub.views.pareto_view import planes
from tests.hub import fleet, stores

points = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=25)


@given(drawn=points)
def test_the_front_is_exactly_what_nothing_beats(drawn: list[tuple[float, float]]) -> None:
    def beats(one: tuple[float, float], other: tuple[float, float]) -> bool:
        return one[0] <= other[0] and one[1] <= other[1] and one != other

    expected = {i for i, point in enumerate(drawn) if not any(beats(other, point) for other in drawn)}
    assert front_of(drawn) == expected


@pytest.mark.parametrize(("metric", "names"), [("latency_p50_ms", 3), ("decode_tokens_per_s", 1)])
def test_emulated_devices_and_failures_have_no_place(tmp_path: Path, metric: str, names: int) -> None:
    with stores.opened(tmp_path) as store:
        fleet.fill(store.writer, fleet.typical())
        cells = table.build(store.reader, fleet.NOW_S).cells
    found = candidates(cells, axis("speed", metric), AXES["memory"])
    assert len(found) == names
    assert {one.cell.device_id for one in found} == {fleet.device_id(1)}
    stale = [replace(cell, state="stale") for cell in cells]
    assert candidates(stale, axis("speed", metric), AXES["memory"]) == []


@pytest.mark.parametrize(("x", "y"), [("cost", "quality"), ("quality", "cost")])
def test_a_variant_that_fails_its_gate_has_no_place(tmp_path: Path, x: str, y: str) -> None:
    with stores.opened(tmp_path) as store:
        fleet.fill(store.writer, fleet.typical())
        cells = table.build(store.reader, fleet.NOW_S).cells
    real = [cell for cell in cells if cell.ranked and "latency_p50_ms" in cell.metrics]
    gates: list[VerdictState] = ["fails", "passes", "undecided"]
    scored = [
        replace(cell, quality=CellQuality(metric="accuracy_percent", set_name="s", value=90.0 - at, gate=gate))
        for at, (cell, gate) in enumerate(zip(real, gates, strict=True))
    ]
    found = candidates(scored, AXES[x], AXES[y])
    assert {one.cell.quality.gate for one in found if one.cell.quality} == {"passes", "undecided"}


def test_energy_of_two_scopes_never_shares_a_plane(tmp_path: Path) -> None:
    metric = "energy_per_inference_j"
    with stores.opened(tmp_path) as store:
        fleet.fill(store.writer, fleet.typical())
        whole = table.build(store.reader, fleet.NOW_S)
    real = [cell for cell in whole.cells if cell.ranked and "latency_p50_ms" in cell.metrics]
    for scopes, count in ((("cpu_package",) * 3, [3]), (("cpu_package", "cpu_package", "module_input"), [2])):
        cells = [
            replace(cell, metrics={**cell.metrics, metric: fleet.row(metric, 0.5, 0.1, scope=scope)})
            for cell, scope in zip(real, scopes, strict=True)
        ]
        made = planes(replace(whole, cells=tuple(cells)), ["latency_p50_ms"], "speed", "energy")
        assert [len(plane.points) for plane in made] == count


@pytest.mark.parametrize(("x", "y"), [("memory", "speed"), ("cost", "memory"), ("speed", "cost")])
def test_any_two_axes_make_a_plane(tmp_path: Path, x: str, y: str) -> None:
    with stores.opened(tmp_path) as store:
        fleet.fill(store.writer, fleet.typical())
        whole = table.build(store.reader, fleet.NOW_S)
    (plane,) = [one for one in planes(whole, ["latency_p50_ms"], x, y) if one.family == "digits-cnn"]
    assert len(plane.points) == 3
    assert "digits-cnn lite int8" in [point.name.partition(" ·")[0] for point in plane.front]
