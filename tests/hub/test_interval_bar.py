"""Bars of cells: inside their scale, in order, and absent where nothing is compared."""

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeprof.tables.headline import HEADLINES
from edgeprof_hub.matrix import table
from edgeprof_hub.views.interval_bar import bars, plus_minus
from edgeprof_hub.views.pareto_plot import HEIGHT, WIDTH, drawing
from tests.hub import fleet, stores

figure = st.floats(1e-6, 1e9)


def test_bars_share_a_scale_from_zero_within_a_family_on_a_device(tmp_path: Path) -> None:
    with stores.opened(tmp_path) as store:
        fleet.fill(store.writer, fleet.typical())
        whole = table.build(store.reader, fleet.NOW_S)
    found = bars(whole.cells, whole.columns, lambda kind: HEADLINES[kind][0].metric)
    own = {key[1]: bar for key, bar in found.items() if key[0] == fleet.device_id(1)}
    assert len(own) == 3  # the language model and the failed one compete with nobody
    values = sorted(bar.value for bar in own.values())
    assert values == pytest.approx([100 * 0.25 / 0.416, 100 * 0.254 / 0.416, 100 * 0.412 / 0.416], abs=0.1)
    assert not any(bar.is_log for bar in own.values())


def test_figures_far_apart_are_on_a_logarithmic_scale(tmp_path: Path) -> None:
    of = fleet.typical()
    of.results[0] = replace(of.results[0], metrics=fleet.vision_rows(41.2, 0.4))
    with stores.opened(tmp_path) as store:
        fleet.fill(store.writer, of)
        whole = table.build(store.reader, fleet.NOW_S)
    found = bars(whole.cells, whole.columns, lambda kind: HEADLINES[kind][0].metric)
    own = [bar for key, bar in found.items() if key[0] == fleet.device_id(1)]
    assert all(bar.is_log and 0 <= bar.value <= 100 for bar in own)
    assert all(bar.low is not None and bar.high is not None and 0 <= bar.low < bar.high <= 100 for bar in own)


@given(value=figure, low=st.floats(0, 1), high=st.floats(0, 20))
def test_the_longer_arm_is_shown_as_a_share(value: float, low: float, high: float) -> None:
    row = replace(fleet.row("latency_p50_ms", value), ci_low=value * (1 - low), ci_high=value * (1 + high))
    text = plus_minus(row)
    assert text.startswith("±")
    assert text.endswith(" %")


def test_without_an_interval_nothing_is_claimed() -> None:
    assert plus_minus(fleet.row("latency_p50_ms", 1.0)) == ""


@given(
    points=st.lists(st.tuples(figure, figure, st.booleans(), st.text(max_size=200)), min_size=2, max_size=30),
    lower=st.booleans(),
)
def test_every_point_and_name_of_a_plane_stays_inside_its_drawing(
    points: list[tuple[float, float, bool, str]], lower: bool
) -> None:
    made = drawing(points, lower_x_is_better=lower)
    for dot in made.dots:
        assert 0 <= dot.x <= WIDTH
        assert 0 <= dot.y <= HEIGHT
        assert 0 <= dot.name_y <= HEIGHT
        assert math.isfinite(dot.name_x)
    for tick in (*made.x_ticks, *made.y_ticks):
        assert 0 <= tick.at <= WIDTH


def test_names_of_neighbours_do_not_overprint() -> None:
    made = drawing([(1.0, 5.0, True, "a"), (1.01, 4.99, True, "b"), (1.02, 4.98, True, "c")], lower_x_is_better=True)
    heights = sorted(dot.name_y for dot in made.dots)
    assert all(after - before >= 13 for before, after in pairwise(heights))
