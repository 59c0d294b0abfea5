"""Which part of the matrix is shown, how its addresses read, and that a part is ranked as the whole is."""

from dataclasses import replace
from pathlib import Path

import pytest

from edgeprof.wire import rest
from edgeprof_hub.matrix import ranking, table
from edgeprof_hub.matrix.window import (
    COLUMNS_A_PAGE,
    DEVICES_A_PAGE,
    MatrixQuery,
    best_first,
    sort_key,
    sorted_by,
    window,
)
from tests.hub import fleet, stores


def axes_of(devices: int, families: int, variants: int) -> table.MatrixAxes:
    columns = [
        rest.Column(
            model_id=f"m-{family}-{variant}",
            config_key="k",
            model_name=f"net-{family} v{variant}",
            family=f"net-{family:02d}",
            variant=str(variant),
            quantization="int8" if variant else "fp32",
            format="onnx",
            task="other",
            runtime="onnxruntime",
            threads=0,
            size_mib=1.0,
        )
        for family in range(families)
        for variant in range(variants)
    ]
    records = [device(number) for number in range(devices)]
    return table.MatrixAxes(tuple(records), tuple(columns), {}, {})


def device(number: int) -> rest.DeviceRecord:
    return rest.DeviceRecord(
        device_id=fleet.device_id(number),
        name=f"board-{number}",
        label=f"board-{number}",
        online=True,
        last_seen_s=0.0,
        agent_version="",
        hostname="",
        profile_id=None,
        profile_title="Raspberry Pi 5" if number % 2 else None,
        profile_reason="",
        emulated=False,
        price_usd=None,
        price_source=None,
        facts=None,
    )


def test_a_small_matrix_is_shown_whole() -> None:
    found = window(axes_of(3, 2, 3), MatrixQuery())
    assert found.is_whole
    assert (len(found.devices), len(found.columns)) == (3, 6)


def test_every_device_and_column_is_on_exactly_one_page() -> None:
    axes = axes_of(2 * DEVICES_A_PAGE + 1, 9, 5)
    first = window(axes, MatrixQuery())
    devices = [one for d in range(first.device_page.pages) for one in window(axes, MatrixQuery(d=d + 1)).devices]
    columns = [one for c in range(first.column_page.pages) for one in window(axes, MatrixQuery(c=c + 1)).columns]
    assert (tuple(devices), tuple(columns)) == (axes.devices, axes.columns)


def test_no_page_is_wider_than_it_may_be_and_none_tears_a_family_that_fits() -> None:
    axes = axes_of(1, 9, 5)
    for c in range(1, window(axes, MatrixQuery()).column_page.pages + 1):
        shown = window(axes, MatrixQuery(c=c)).columns
        assert len(shown) <= COLUMNS_A_PAGE
        assert all(sum(column.family == name for column in shown) == 5 for name in {one.family for one in shown})


def test_a_family_that_fits_on_no_page_is_shown_on_several() -> None:
    axes = axes_of(1, 1, COLUMNS_A_PAGE + 3)
    assert [len(window(axes, MatrixQuery(c=c)).columns) for c in (1, 2)] == [COLUMNS_A_PAGE, 3]


@pytest.mark.parametrize("wanted", [0, -3, 99])
def test_a_page_that_is_not_there_is_the_nearest_one(wanted: int) -> None:
    found = window(axes_of(DEVICES_A_PAGE + 1, 1, 1), MatrixQuery(d=wanted))
    assert found.device_page.number == (2 if wanted > 1 else 1)


def test_all_words_that_are_searched_for_must_be_there() -> None:
    axes = axes_of(4, 3, 2)
    found = window(axes, MatrixQuery(device="RASPBERRY", model="net-01 int8"))
    assert [one.label for one in found.devices] == ["board-1", "board-3"]
    assert [one.model_name for one in found.columns] == ["net-1 v1"]
    assert not found.is_whole


def test_a_search_that_finds_nothing_shows_nothing_and_does_not_fail() -> None:
    found = window(axes_of(2, 2, 2), MatrixQuery(model="no such model"))
    assert (found.columns, found.column_page.last) == ((), 0)


def test_an_address_says_what_is_asked_for_and_nothing_else() -> None:
    assert MatrixQuery().href() == "/"
    assert MatrixQuery(device="a&b", d=2).href("/matrix", c=3) == "/matrix?device=a%26b&d=2&c=3"


def test_the_best_device_comes_first_and_what_is_played_or_unknown_last() -> None:
    devices = [device(1), device(2), device(3), replace(device(4), emulated=True)]
    values = {fleet.device_id(1): 2.0, fleet.device_id(2): 1.0, fleet.device_id(4): 0.1}
    labels = [one.label for one in best_first(devices, values, lower_is_better=True)]
    assert labels == ["board-2", "board-1", "board-3", "board-4"]
    assert [one.label for one in best_first(devices, values, lower_is_better=False)][:2] == ["board-1", "board-2"]


def test_a_column_that_is_not_there_sorts_nothing() -> None:
    axes = axes_of(2, 1, 2)
    assert sorted_by(axes, MatrixQuery(sort="gone")) is None
    assert sorted_by(axes, MatrixQuery(sort=sort_key(axes.columns[1]))) == axes.columns[1]


def test_a_part_has_the_marks_that_it_has_in_the_whole(tmp_path: Path) -> None:
    """The best device and the best variant are not on the page, and still nobody on it is called the best."""
    variants = [fleet.model(f"cnn {name}", "cnn", quantization=name) for name in ("fp32", "int8")]
    results = [
        fleet.result(number, model, fleet.vision_rows(ms * scale, 0.001))
        for number, ms in ((1, 1.0), (2, 0.5), (3, 2.0))
        for model, scale in zip(variants, (1.0, 0.5), strict=True)
    ]
    states = [fleet.state(number, f"pi-{number}") for number in (1, 2, 3)]
    facts = [fleet.facts(number) for number in (1, 2, 3)]
    with stores.opened(tmp_path) as store:
        fleet.fill(store.writer, fleet.Fleet(states, facts, variants, results))
        whole = {ranking.key_of(cell): cell.marks for cell in table.build(store.reader, fleet.NOW_S).cells}
        axes = table.axes(store.reader)
        assert any(whole.values())
        for one in axes.devices:
            for column in axes.columns:
                part = table.part_of(store.reader, axes, [one], [column], fleet.NOW_S)
                (cell,) = part.shown.cells
                assert set(cell.marks) == set(whole[ranking.key_of(cell)])
