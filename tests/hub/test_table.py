"""From stored results to the comparison: states, reasons, order, and what may be ranked with what."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeprof.wire import messages as m
from edgeprof.wire import rest
from edgeprof_hub.matrix import labels, ranking, table
from edgeprof_hub.matrix.ranking import Candidate
from tests.hub import fleet, stores


@pytest.fixture
def store(tmp_path: Path) -> Iterator[stores.Store]:
    with stores.opened(tmp_path) as opened:
        yield opened


@pytest.fixture
def typical(store: stores.Store) -> rest.CompareTable:
    fleet.fill(store.writer, fleet.typical())
    return table.build(store.reader, fleet.NOW_S)


def cell_of(built: rest.CompareTable, device: str, model: str) -> rest.Cell:
    device_id = next(item.device_id for item in built.devices if item.name == device)
    model_id = next(item.model_id for item in built.columns if item.model_name == model)
    return next(cell for cell in built.cells if (cell.device_id, cell.model_id) == (device_id, model_id))


def verdict(cell: rest.Cell, metric: str, among: str = "family") -> str | None:
    return next((mark.verdict for mark in cell.marks if (mark.metric, mark.among) == (metric, among)), None)


def test_an_empty_store_gives_an_empty_table(store: stores.Store) -> None:
    built = table.build(store.reader, fleet.NOW_S)
    assert (built.devices, built.columns, built.cells) == ((), (), ())


def test_columns_are_sorted_by_family_format_and_quantization(typical: rest.CompareTable) -> None:
    keys = [(column.family.lower(), column.format, column.quantization) for column in typical.columns]
    assert keys == sorted(keys)
    assert len(keys) == 5


def test_real_devices_come_before_emulated_ones(typical: rest.CompareTable) -> None:
    assert [device.name for device in typical.devices] == ["pi5-kitchen", "phone"]


def test_a_failure_is_a_named_cell_without_figures(typical: rest.CompareTable) -> None:
    cell = cell_of(typical, "pi5-kitchen", "face-mesh")
    assert (cell.state, cell.failure_code, cell.stage) == ("failed", "operator_unsupported", "load")
    assert "TransformLandmarks" in (cell.failure_message or "")
    assert cell.metrics == {}


def test_a_missing_figure_has_the_reason_of_the_run(typical: rest.CompareTable) -> None:
    cell = cell_of(typical, "pi5-kitchen", "digits-cnn fp32")
    assert cell.absent == {"energy_per_inference_j": fleet.NO_SENSOR}


def test_a_figure_that_a_run_passed_over_in_silence_still_has_a_reason(store: stores.Store) -> None:
    record = fleet.model("one", "one")
    told = fleet.result(1, record, fleet.vision_rows(1.0, 0.1)[:5])
    fleet.fill(store.writer, fleet.Fleet([fleet.state(1, "a")], [], [record], [replace(told, absent=())]))
    (cell,) = table.build(store.reader, fleet.NOW_S).cells
    assert set(cell.absent) == {"latency_p95_ms", "latency_p99_ms", "peak_memory_mib", "energy_per_inference_j"}
    assert set(cell.absent.values()) == {labels.NO_REASON}


def test_an_open_job_shows_its_state_and_keeps_the_earlier_figures(store: stores.Store) -> None:
    record = fleet.model("one", "one")
    job = fleet.job(1, record)
    fleet.fill(store.writer, fleet.Fleet([fleet.state(1, "a")], [], [record]))
    store.writer.save_result(fleet.result(1, record, fleet.vision_rows(1.0, 0.1)), "0" * 64, fleet.NOW_S)
    store.writer.create_campaign([job])
    assert table.build(store.reader, fleet.NOW_S).cells[0].state == "queued"
    store.writer.save_job_state(job.job_id, 1, "running", "measure", 0.25, "")
    (cell,) = table.build(store.reader, fleet.NOW_S).cells
    assert (cell.state, cell.stage, cell.fraction) == ("running", "measure", 0.25)
    assert cell.metrics["latency_p50_ms"].value == 1.0


def test_a_job_that_the_device_refused_is_a_failure_with_its_reason(store: stores.Store) -> None:
    record = fleet.model("one", "one")
    job = fleet.job(1, record)
    fleet.fill(store.writer, fleet.Fleet([fleet.state(1, "a")], [], [record], jobs=[job]))
    store.writer.save_job_state(job.job_id, 1, "failed", "", None, "The disk is full.")
    (cell,) = table.build(store.reader, fleet.NOW_S).cells
    assert (cell.state, cell.failure_code, cell.failure_message) == ("failed", None, "The disk is full.")


def test_figures_from_before_a_refused_job_are_neither_shown_nor_ranked(store: stores.Store) -> None:
    first, second = fleet.model("one", "family"), fleet.model("two", "family")
    quick, slow = fleet.vision_rows(1.0, 0.01), fleet.vision_rows(9.0, 0.01)
    results = [fleet.result(1, first, quick), fleet.result(1, second, slow)]
    fleet.fill(store.writer, fleet.Fleet([fleet.state(1, "a")], [fleet.facts(1)], [first, second], results))
    assert verdict(cell_of(table.build(store.reader, fleet.NOW_S), "a", "one"), "latency_p50_ms") == "best"
    job = fleet.job(1, first)
    store.writer.create_campaign([job])
    store.writer.save_job_state(job.job_id, 1, "failed", "", None, "The disk is full.")
    cell = cell_of(table.build(store.reader, fleet.NOW_S), "a", "one")
    assert (cell.state, cell.failure_message) == ("failed", "The disk is full.")
    assert (cell.metrics, cell.absent, cell.marks, cell.cost, cell.cost_absent) == ({}, {}, (), None, None)
    assert (cell.result_id, cell.received_s, cell.effective_runtime) == (None, None, None)


def test_cells_of_two_versions_of_a_runtime_say_so_and_no_other_does(store: stores.Store) -> None:
    old, new, lite = fleet.model("old", "f"), fleet.model("new", "f"), fleet.model("lite", "f", "tflite")
    first = fleet.result(1, old, fleet.vision_rows(1.0, 0.1))
    assert first.effective
    first = replace(first, effective=replace(first.effective, runtime_version="1.2.3"))
    others = [fleet.result(1, record, fleet.vision_rows(1.0, 0.1)) for record in (new, lite)]
    fleet.fill(store.writer, fleet.Fleet([fleet.state(1, "a")], [], [old, new, lite], [first, *others]))
    built = table.build(store.reader, fleet.NOW_S)
    noted = {name: [note for note in cell_of(built, "a", name).notes if "version" in note] for name in ("old", "new")}
    assert noted["old"] == ["Measured with onnxruntime 1.2.3; other cells used another version."]
    assert len(noted["new"]) == 1
    assert cell_of(built, "a", "lite").notes == ()


def test_the_best_of_a_family_is_named_only_where_its_interval_is_apart(typical: rest.CompareTable) -> None:
    names = ("digits-cnn fp32", "digits-cnn int8", "digits-cnn lite int8")
    found = [verdict(cell_of(typical, "pi5-kitchen", name), "latency_p50_ms") for name in names]
    assert found == [None, "not_shown_to_differ", "not_shown_to_differ"]


def test_the_times_of_an_emulated_device_are_shown_and_never_ranked(typical: rest.CompareTable) -> None:
    cell = cell_of(typical, "phone", "digits-cnn int8")
    assert cell.metrics["latency_p50_ms"].value == 0.554
    assert not cell.ranked
    assert "never ranked" in (cell.unranked_reason or "")
    assert cell.marks == ()


def test_an_emulated_device_does_not_make_the_real_one_the_best(typical: rest.CompareTable) -> None:
    assert verdict(cell_of(typical, "pi5-kitchen", "digits-cnn fp32"), "latency_p50_ms", "column") is None


def test_int8_that_computed_in_floats_is_noted(typical: rest.CompareTable) -> None:
    assert cell_of(typical, "phone", "digits-cnn int8").notes == (
        "Labelled int8, but no integer kernel ran: it computed in floats.",
    )
    assert cell_of(typical, "pi5-kitchen", "digits-cnn int8").notes == ()


def test_packed_weights_that_are_computed_in_floats_are_no_false_label() -> None:
    record = fleet.model("one", "one", quantization="int4")
    told = fleet.result(1, record, fleet.vision_rows(1.0, 0.1))
    assert told.effective
    packed = replace(told.effective, integer_kernels=0, float_kernels=3, operators={"MatMulNBits": 2, "Add": 1})
    assert labels.notes_of(replace(told, effective=packed), record) == (
        "Labelled int4: its weights are, and it computed in floats.",
    )


def test_a_runtime_that_does_not_tell_its_kernels_is_not_accused(store: stores.Store) -> None:
    record = fleet.model("one", "one", quantization="int8")
    told = fleet.result(1, record, fleet.vision_rows(1.0, 0.1))
    assert told.effective
    silent = replace(told, effective=replace(told.effective, integer_kernels=None, float_kernels=None))
    assert labels.notes_of(silent, record) == ()


def test_two_energy_scopes_are_never_ranked_together() -> None:
    rows = [fleet.row("energy_per_inference_j", 0.01, 0.001, scope=scope) for scope in ("cpu_package", "module_input")]
    assert ranking.marks(*_family(rows)) == {}
    same = [replace(row, scope="cpu_package") for row in rows[:1]] * 2
    assert len(ranking.marks(*_family(same))) == 2


@pytest.mark.parametrize("origin", ["modelled", "predicted", "entered"])
def test_only_measured_figures_are_ranked(origin: str) -> None:
    rows = [replace(fleet.row("latency_p50_ms", value, 0.01), origin=origin) for value in (1.0, 2.0)]
    assert ranking.marks(*_family(rows)) == {}


@pytest.mark.parametrize(
    ("metric", "other", "is_compared"),
    [
        ("latency_p50_ms", {"depth_tokens": 512}, False),
        ("latency_p50_ms", {"power_mode": "15W"}, False),
        ("latency_p50_ms", {"arrival_rate_per_s": 20.0}, True),
        ("response_p50_ms", {"arrival_rate_per_s": 20.0}, False),
        ("response_p50_ms", {"threads": 2}, True),
    ],
)
def test_only_the_same_work_is_compared(metric: str, other: dict[str, Any], is_compared: bool) -> None:
    cells, columns, configs = _family([fleet.row(metric, value, 0.01) for value in (1.0, 2.0)])
    cells[1], columns[1] = replace(cells[1], config_key="k2"), replace(columns[1], config_key="k2")
    configs["k2"] = replace(configs["k"], **other)
    assert bool(ranking.marks(cells, columns, configs)) is is_compared


@pytest.mark.parametrize(("metric", "is_compared"), [("sustained_p50_ms", False), ("latency_p50_ms", True)])
def test_soaks_of_two_lengths_are_never_ranked_together(metric: str, is_compared: bool) -> None:
    cells, columns, configs = _family([fleet.row(metric, value, 0.01) for value in (1.0, 2.0)])
    soaks_s = {ranking.key_of(cell): soak_s for cell, soak_s in zip(cells, (60.0, 600.0), strict=True)}
    assert bool(ranking.marks(cells, columns, configs, soaks_s)) is is_compared
    assert ranking.marks(cells, columns, configs, dict.fromkeys(soaks_s, 60.0))
    two = [cells[0], replace(cells[0], device_id="d2")]
    lengths = {ranking.key_of(cell): soak_s for cell, soak_s in zip(two, (60.0, 600.0), strict=True)}
    assert bool(ranking.marks(two, columns, configs, lengths)) is is_compared


def _family(rows: list[m.MetricRow]) -> tuple[list[rest.Cell], list[rest.Column], dict[str, m.RunConfig]]:
    """One family on one device: a column and a cell for each row."""
    columns = [_column(f"m{index}") for index in range(len(rows))]
    cells = [_cell(column.model_id, row) for column, row in zip(columns, rows, strict=True)]
    return cells, columns, {"k": m.RunConfig(runtime="onnxruntime")}


def _column(model_id: str) -> rest.Column:
    return rest.Column(
        model_id=model_id,
        config_key="k",
        model_name=model_id,
        family="f",
        variant="v",
        quantization="fp32",
        format="onnx",
        task="other",
        runtime="onnxruntime",
        threads=0,
        size_mib=1.0,
    )


def _cell(model_id: str, row: m.MetricRow) -> rest.Cell:
    return rest.Cell(
        device_id="d",
        model_id=model_id,
        config_key="k",
        state="measured",
        result_id="r",
        metrics={row.metric: row},
        absent={},
        failure_code=None,
        failure_message=None,
        stage=None,
        fraction=None,
        ranked=True,
        unranked_reason=None,
        effective_runtime=None,
        received_s=None,
        cost=None,
        cost_absent=None,
    )


def _candidates(rows: list[m.MetricRow]) -> list[Candidate]:
    return [Candidate(("d", f"m{index}", "k"), row) for index, row in enumerate(rows)]


FIGURES = st.tuples(st.floats(0.1, 100), st.floats(0, 10))


@given(st.lists(FIGURES, min_size=2, max_size=8), st.booleans())
def test_a_best_one_never_overlaps_with_any_other(figures: list[tuple[float, float]], lower: bool) -> None:
    rows = [fleet.row("latency_p50_ms", value, spread) for value, spread in figures]
    found = ranking.verdicts(_candidates(rows), lower)
    best = [int(key[1][1:]) for key, verdict in found.items() if verdict == "best"]
    assert len(best) <= 1
    for winner in best:
        low, high = rows[winner].ci_low or 0, rows[winner].ci_high or 0
        others = [row for index, row in enumerate(rows) if index != winner]
        assert all((row.ci_low or 0) > high if lower else (row.ci_high or 0) < low for row in others)


@pytest.mark.parametrize(("second", "marked"), [(1.08, 2), (1.12, 1)])
def test_a_difference_that_the_next_run_could_turn_is_not_claimed(second: float, marked: int) -> None:
    rows = [fleet.row("latency_p50_ms", value, 0.0001) for value in (1.0, second)]
    assert len(ranking.verdicts(_candidates(rows), True)) == marked


def test_nothing_is_best_where_one_figure_has_no_interval() -> None:
    rows = [fleet.row("latency_p50_ms", 1.0, 0.1), fleet.row("latency_p50_ms", 9.0)]
    assert ranking.verdicts(_candidates(rows), True) == {}


def test_a_single_figure_is_not_the_best_of_anything() -> None:
    assert ranking.verdicts(_candidates([fleet.row("latency_p50_ms", 1.0, 0.1)]), True) == {}


def test_changing_one_result_changes_exactly_its_cell(store: stores.Store) -> None:
    made = fleet.typical()
    fleet.fill(store.writer, made)
    before = {ranking.key_of(cell): cell for cell in table.build(store.reader, fleet.NOW_S).cells}
    slower = fleet.result(1, made.models[0], fleet.vision_rows(0.9, 0.004))
    store.writer.save_result(slower, "1" * 64, fleet.NOW_S + 1)
    after = {ranking.key_of(cell): cell for cell in table.build(store.reader, fleet.NOW_S).cells}
    changed = [key for key in before if before[key] != after[key]]
    assert changed == [(slower.device_id, slower.model_id, slower.config_key)]


def newer_runtime(version: str) -> fleet.Fleet:
    """Two variants that differ, on a device whose runtime has been changed since."""
    one, other = fleet.model("a", "cnn"), fleet.model("b", "cnn", quantization="int8")
    now = m.RuntimeFact(variant="onnxruntime", formats=("onnx",), version=version)
    results = [fleet.result(1, one, fleet.vision_rows(1.0, 0.01)), fleet.result(1, other, fleet.vision_rows(0.5, 0.01))]
    return fleet.Fleet([fleet.state(1, "pi")], [replace(fleet.facts(1), runtimes=(now,))], [one, other], results)


def test_a_figure_of_another_runtime_version_is_stale_and_nobody_is_the_best(store: stores.Store) -> None:
    fleet.fill(store.writer, newer_runtime("1.24.0"))
    cells = table.build(store.reader, fleet.NOW_S).cells
    assert {cell.state for cell in cells} == {"stale"}
    assert all("measured with onnxruntime 1.23.2; the device now has 1.24.0" in cell.notes[0] for cell in cells)
    assert [verdict(cell, "latency_p50_ms") for cell in cells] == [None, None]


@pytest.mark.parametrize("same", ["1.23.2", "1.23.2+cu12"])
def test_the_same_runtime_version_is_not_stale(store: stores.Store, same: str) -> None:
    fleet.fill(store.writer, newer_runtime(same))
    cells = table.build(store.reader, fleet.NOW_S).cells
    assert {cell.state for cell in cells} == {"measured"}
    assert sorted(str(verdict(cell, "latency_p50_ms")) for cell in cells) == ["None", "best"]
