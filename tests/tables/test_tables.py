"""What a terminal, a spreadsheet and a README get to see."""

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeprof import tables
from edgeprof.errors import UsageError
from edgeprof.tables import columns, figures
from edgeprof.tables.export import defused
from edgeprof.tables.markdown import escape as markdown_escape
from edgeprof.wire import messages as m
from edgeprof.wire import rest
from edgeprof.wire.evidence import Trust, TrustMark
from edgeprof.wire.quality import CellQuality, VerdictState
from edgeprof_hub.matrix import table
from tests.hub import fleet, realistic, stores

COSTS = ("edge_cost", "cloud_cost")
COST = rest.CostView(
    unit="1,000 inferences",
    edge_usd=0.158,
    edge_parts_usd={"hardware": 0.1},
    not_counted=("maintenance",),
    cloud_usd=1.0,
    cloud_name="Rekognition DetectLabels",
    cloud_basis="list price, us-east-1",
    per_day=1000.0,
    break_even_per_day=158.3,
    verdict="cheaper here",
    inputs={},
    as_of="2026-10-07",
)


@pytest.fixture
def typical(tmp_path: Path) -> rest.CompareTable:
    with stores.opened(tmp_path) as store:
        fleet.fill(store.writer, fleet.typical())
        return table.build(store.reader, fleet.NOW_S)


def named(text: str, tmp_path: Path) -> rest.CompareTable:
    with stores.opened(tmp_path) as store:
        fleet.fill(store.writer, fleet.hostile(text))
        return table.build(store.reader, fleet.NOW_S)


@pytest.mark.parametrize("width", [80, 100, 110, 120, 200])
def test_no_line_is_wider_than_asked(typical: rest.CompareTable, width: int) -> None:
    lines = tables.render_text(typical, width).splitlines()
    assert max(map(columns.width_of, lines)) <= width


def test_every_device_and_every_model_is_in_the_text(typical: rest.CompareTable) -> None:
    text = tables.render_text(typical, 120)
    for name in ("pi5-kitchen", "phone", "digits-cnn fp32", "face-mesh", "SmolLM2-135M Q4_1"):
        assert name in text


def test_a_failure_names_its_class_its_stage_and_its_sentence(typical: rest.CompareTable) -> None:
    text = tables.render_text(typical, 120)
    assert "failed: operator_unsupported (load)" in text
    assert "custom operator TransformLandmarks" in text


def test_a_missing_figure_has_a_footnote_and_is_never_a_zero(typical: rest.CompareTable) -> None:
    text = tables.render_text(typical, 120)
    number = re.search(r"\[(\d+)\] No power sensor", text)
    assert number
    row = next(line for line in text.splitlines() if line.lstrip().startswith("digits-cnn fp32"))
    assert f"[{number[1]}]" in row
    assert not re.search(r" 0(\.0+)? ", row)


@pytest.mark.parametrize("width", [80, 95, 110, 130])
def test_every_footnote_is_referred_to_and_every_reference_has_one(typical: rest.CompareTable, width: int) -> None:
    rented = replace(COST, break_even_per_day=None, break_even_kind="not_by_volume")
    cells = tuple(replace(cell, cost=rented, cost_absent=None) if cell.metrics else cell for cell in typical.cells)
    lines = tables.render_text(replace(typical, cells=cells), width).splitlines()
    notes = {line.split()[0] for line in lines if line.startswith("[")}
    used = {ref for line in lines if not line.startswith("[") for ref in re.findall(r"\[\d+\]", line)}
    assert notes == used


def test_an_emulated_device_is_marked_and_explained(typical: rest.CompareTable) -> None:
    text = tables.render_text(typical, 120)
    assert "~ phone  (emulated" in text
    assert "never ranked" in text


def test_signs_stand_with_their_legend(typical: rest.CompareTable) -> None:
    text = tables.render_text(typical, 120)
    assert "(0.248–0.260)=" in text
    assert "no difference between these is shown" in text
    assert "best of its family on this device" not in text


@pytest.fixture
def believable_table(tmp_path: Path) -> rest.CompareTable:
    with stores.opened(tmp_path) as store:
        fleet.fill(store.writer, realistic.typical())
        return table.build(store.reader, fleet.NOW_S)


def row_of(text: str, start: str) -> list[str]:
    """A row's own line and the lines beneath it, up to the next model."""
    lines = text.splitlines()
    first = next(index for index, line in enumerate(lines) if line.strip().startswith(start))
    return lines[first : first + 4]


def test_every_figure_carries_its_badge_and_a_doubt_its_reason(believable_table: rest.CompareTable) -> None:
    text = tables.render_text(believable_table, 130)
    assert "(0.251–0.257)*✓" in row_of(text, "digits-cnn int8")[0]
    assert "?" in row_of(text, "magika")[0]
    doubtful = row_of(text, "face-mesh")
    assert "!" in doubtful[0]
    below = " ".join(doubtful[1:])
    assert "! busy: Other programs took 14 %" in below
    assert "! throttled: The board said frequency_capped" in below
    for told in ("✓ no problem found", "? not checked", "throttled its clock"):
        assert told in text


def test_the_legend_says_which_allowance_the_marks_rest_on(
    believable_table: rest.CompareTable, typical: rest.CompareTable
) -> None:
    learned = " ".join(tables.render_text(believable_table, 130).split())
    assert "on pi5-kitchen two runs may differ by 3.2 % (20 runs of digits-cnn fp32, 2026-11-24)" in learned
    assumed = " ".join(tables.render_text(typical, 130).split())
    assert "Widened by an assumed 5 %: no set-up here is calibrated" in assumed


def test_markdown_and_csv_carry_the_badge_and_its_reasons(believable_table: rest.CompareTable) -> None:
    markdown = tables.render_md(believable_table)
    line = next(line for line in markdown.splitlines() if line.startswith("| face-mesh"))
    assert "<br>" + markdown_escape("! busy: Other programs took 14 %") in line
    lines = list(csv.DictReader(io.StringIO(tables.render_csv(believable_table))))
    told = {line["model"]: (line["trust"], line["trust_reasons"]) for line in lines}
    assert told["digits-cnn fp32"] == ("clean", "")
    assert told["magika"] == ("not_checked", "")
    assert told["face-mesh"][0] == "busy throttled"
    assert "14 % of the cores" in told["face-mesh"][1]


def held_by_quota(shown: rest.CompareTable, *metrics: str) -> rest.CompareTable:
    """The table with its first plain cell throttled by a CPU quota, and with these metrics besides."""
    index = next(index for index, cell in enumerate(shown.cells) if "latency_p50_ms" in cell.metrics)
    cell = shown.cells[index]
    busy = TrustMark(cause="busy", reason="held back by a CPU quota of 0.4 cores")
    rows = {name: m.MetricRow(metric=name, value=19.4, n=100) for name in metrics}
    plain = {name: row for name, row in cell.metrics.items() if name != "latency_mean_ms"}
    held = replace(cell, metrics={**plain, **rows}, trust=Trust(marks=(busy,)))
    return replace(shown, cells=(*shown.cells[:index], held, *shown.cells[index + 1 :]))


@pytest.mark.parametrize("render", [tables.render_text, tables.render_md])
def test_a_run_that_a_quota_held_back_shows_its_mean_beside_the_median(
    typical: rest.CompareTable, render: Callable[[rest.CompareTable], str]
) -> None:
    assert ", mean" not in render(typical)
    held = render(held_by_quota(typical, "latency_mean_ms"))
    assert held.count(", mean 19.4") == 1
    assert "CPU quota" in held
    assert ", mean" not in render(held_by_quota(typical))


@pytest.mark.parametrize(("share", "text"), [(0.032, "3.2 %"), (0.0084, "0.84 %"), (0.5, "50 %"), (0.0, "0 %")])
def test_a_share_has_two_digits(share: float, text: str) -> None:
    assert figures.percent(share) == text


def with_quality(shown: rest.CompareTable, gate: VerdictState) -> rest.CompareTable:
    """The first measured cell has a quality, the others have none."""
    quality = CellQuality(
        set_id="s" * 64,
        set_name="digits",
        metric="accuracy_percent",
        value=97.62,
        ci_low=95.9,
        ci_high=98.6,
        n=500,
        gate=gate,
        gate_sentences=("int8 loses 2 points.",),
    )
    first = next(index for index, cell in enumerate(shown.cells) if cell.metrics)
    cells = [replace(cell, quality=quality) if index == first else cell for index, cell in enumerate(shown.cells)]
    return replace(shown, cells=tuple(cells))


def test_quality_has_a_column_where_there_is_any(typical: rest.CompareTable) -> None:
    assert "quality" not in tables.render_text(typical, 200).split("\n\n")[0]
    wide = tables.render_text(with_quality(typical, "fails"), 200)
    assert "97.6 % ✕" in wide
    assert "✕ int8 loses 2 points." in wide
    assert "quality: ✕ fails it, and is never named best." in wide
    assert "Not evaluated here." in wide


@pytest.mark.parametrize("width", [80, 110])
def test_quality_is_never_lost_in_a_narrow_terminal(typical: rest.CompareTable, width: int) -> None:
    text = tables.render_text(with_quality(typical, "passes"), width)
    assert "97.6 %" in text
    assert max(map(columns.width_of, text.splitlines())) <= width


def test_quality_is_in_csv_markdown_and_json(typical: rest.CompareTable) -> None:
    shown = with_quality(typical, "undecided")
    rows = list(csv.DictReader(io.StringIO(tables.render_csv(shown), newline="")))
    (figure,) = [row for row in rows if row["metric"] == "accuracy_percent"]
    assert (figure["value"], figure["unit"], figure["n"], figure["scope"]) == ("97.62", "%", "500", "digits")
    (gate,) = [row for row in rows if row["metric"] == "quality_gate"]
    assert (gate["value"], gate["reason"]) == ("", "undecided: int8 loses 2 points.")
    assert "97.6 % ?" in tables.render_md(shown)
    assert '"set_name": "digits"' in tables.render_json(shown)


def test_the_cost_stands_beside_its_named_baseline(typical: rest.CompareTable) -> None:
    cells = tuple(replace(cell, cost=COST, cost_absent=None) if cell.metrics else cell for cell in typical.cells)
    text = tables.render_text(replace(typical, cells=cells), 130)
    assert "$0.158" in text
    assert "159/day" in text
    assert "Rekognition DetectLabels, list price, us-east-1, as of 2026-10-07" in text


@pytest.mark.parametrize(("width", "left_out"), [(110, ()), (80, ("p95", "p99"))])
def test_a_narrow_terminal_keeps_the_break_even_and_says_what_it_leaves_out(
    typical: rest.CompareTable, width: int, left_out: tuple[str, ...]
) -> None:
    cells = tuple(replace(cell, cost=COST, cost_absent=None) if cell.metrics else cell for cell in typical.cells)
    text = tables.render_text(replace(typical, cells=cells), width)
    headers = next(line.split() for line in text.splitlines() if "p50 ms" in line)
    assert "159/day" in text
    assert headers[-2:] == ["$", "break-even"]
    said = re.search(r"Terminal too narrow for: (.*)\.", text)
    assert set(left_out) <= set(said[1].split(", ") if said else ())
    assert all((header in headers) != (header in left_out) for header in ("p95", "p99"))


def test_nothing_measured_tells_the_next_step() -> None:
    empty = rest.CompareTable(hub_id="h", generated_s=0.0, devices=(), columns=(), cells=(), cost_note="")
    assert "edgeprof agent run" in tables.render_text(empty, 100)


@pytest.mark.parametrize("text", ["\x1b[2Jgone", "a\u202egnp.exe", "line\nbreak", "\x07bell"])
def test_a_name_cannot_steer_the_terminal(text: str, tmp_path: Path) -> None:
    built = named(text, tmp_path)
    for rendered in (tables.render_text(built, 100), tables.devices_text(built.devices)):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]", rendered)


@pytest.mark.parametrize("text", ['=HYPERLINK("x")', "+1+1", "-2", "@SUM(A1)", "\tx", "\rx"])
def test_a_spreadsheet_runs_no_formula(text: str) -> None:
    assert str(defused(text)).startswith("'")


def test_formulas_are_defused_wherever_names_stand(tmp_path: Path) -> None:
    built = named("=1+1", tmp_path)
    lines = list(csv.DictReader(io.StringIO(tables.render_csv(built))))
    assert {line["device"] for line in lines} == {"'=1+1"}
    assert {line["model"] for line in lines} == {"'=1+1"}


def test_csv_holds_every_figure_and_every_reason(typical: rest.CompareTable) -> None:
    lines = list(csv.DictReader(io.StringIO(tables.render_csv(typical))))
    for cell in typical.cells:
        own = [
            line
            for line in lines
            if (line["device_id"], line["model_id"], line["config_key"])
            == (cell.device_id, cell.model_id, cell.config_key)
        ]
        values = {line["metric"]: float(line["value"]) for line in own if line["value"] and line["metric"] not in COSTS}
        assert values == {name: row.value for name, row in cell.metrics.items()}
        assert set(cell.absent) <= {line["metric"] for line in own if line["reason"]}
        assert {line["state"] for line in own} == {cell.state}


def test_json_is_the_document_of_the_api(typical: rest.CompareTable) -> None:
    text = tables.render_json(typical)
    assert msgspec.json.decode(text, type=rest.CompareTable) == typical
    assert json.loads(text)["hub_id"] == typical.hub_id


def test_markdown_shows_hostile_names_as_text(tmp_path: Path) -> None:
    text = tables.render_md(named("a|b `c` <img src=x> [d](e)", tmp_path))
    rows = [line for line in text.splitlines() if line.startswith("| a")]
    assert rows
    for row in rows:
        assert len(re.findall(r"(?<!\\)\|", row)) == 10
        assert "<img" not in row.replace("\\<", "")


def test_an_unknown_format_is_refused_with_the_known_ones(typical: rest.CompareTable) -> None:
    with pytest.raises(UsageError, match="table, json, csv or md"):
        tables.render(typical, "pdf")


def test_printing_needs_no_package_but_ours() -> None:
    code = (
        "import sys, edgeprof.tables; print([n for n in ('msgspec', 'click', 'jinja2', 'numpy') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.3124, "0.312"), (31.24, "31.2"), (312.4, "312"), (31240.0, "31,240"), (0.000031, "0.0000310"), (0.0, "0")],
)
def test_figures_have_three_significant_digits(value: float, text: str) -> None:
    assert figures.number(value) == text


@pytest.mark.parametrize(("value_j", "text"), [(2.5, "2.50 J"), (0.0025, "2.50 mJ"), (2.5e-6, "2.50 µJ")])
def test_energy_has_a_readable_unit(value_j: float, text: str) -> None:
    assert figures.energy(value_j) == text


@given(st.floats(1e-6, 1e6), st.floats(0, 0.5))
def test_an_interval_has_the_decimals_of_its_value(value: float, relative: float) -> None:
    spread = value * relative
    row = m.MetricRow(metric="load_ms", value=value, n=9, ci_low=value - spread, ci_high=value + spread)
    places = figures.decimals(value)
    text = figures.interval(row)
    assert text
    low, high = (float(part.replace(",", "")) for part in text.split("–"))
    assert low == pytest.approx(value - spread, abs=0.51 * 10**-places)
    assert high == pytest.approx(value + spread, abs=0.51 * 10**-places)


def test_threads_stand_once_where_all_asked_for_the_same(typical: rest.CompareTable) -> None:
    same = replace(typical, columns=tuple(replace(column, threads=2) for column in typical.columns))
    text = tables.render_text(same, 120)
    assert "Requested for all models: 2 threads." in text
    assert "onnxruntime, 2 threads" not in text
    first, *others = same.columns
    mixed = replace(same, columns=(replace(first, threads=1), *others))
    assert f"{first.runtime}, 1 thread" in tables.render_text(mixed, 130)
