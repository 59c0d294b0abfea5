"""`edgeprof export`: every figure of every result once, in each format, and gone on with where it broke off."""

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pyarrow.parquet
import pytest

from edgeprof_hub.exports.rows import COLUMNS
from tests.cli.conftest import Run
from tests.hub import fleet
from tests.hub.live import Live

CNN = replace(fleet.model("=cmd()", "cnn"), licence="Apache-2.0")
OWN_PRICE = """
sources:
  page: {{title: a page, kind: official, retrieved: {day}, licence: list price, confidence: high}}
entries:
  - {{id: one, kind: call, title: one, vendor: v, region: r, unit: image, currency: USD, basis: list, price: 0.1,
     source: page}}
"""


@pytest.fixture
def filled(hub: Live) -> fleet.Fleet:
    results = [fleet.result(1, CNN, fleet.vision_rows(4.0 + number / 10, 0.1)) for number in range(5)]
    failed = fleet.result(1, CNN, failure=fleet.UNSUPPORTED)
    of = fleet.Fleet([fleet.state(1, "pi")], [fleet.facts(1)], [CNN], [*results, failed])
    hub.hub.writer.call(lambda store: fleet.fill(store, of))
    return of


def lines_of(made: fleet.Fleet) -> list[tuple[str, str | None, float | None]]:
    return [
        line
        for result in made.results
        for line in (
            [(result.result_id, row.metric, row.value) for row in result.metrics] or [(result.result_id, None, None)]
        )
    ]


def told(rows: Sequence[dict[str, object]]) -> list[tuple[object, object, object]]:
    return [
        (row["result_id"], row["metric"] or None, float(str(row["value"])) if row["value"] not in (None, "") else None)
        for row in rows
    ]


def read_csv(file: Path) -> list[dict[str, object]]:
    with file.open(newline="") as stream:
        return [dict(row) for row in csv.DictReader(stream)]


def test_csv_has_every_figure_and_no_formula(run: Run, filled: fleet.Fleet, tmp_path: Path) -> None:
    out = tmp_path / "all.csv"
    assert run("export", str(out)).out == f"Wrote {len(lines_of(filled)):,} lines to {out}.\n"
    rows = read_csv(out)
    assert tuple(rows[0]) == COLUMNS
    assert told(rows) == lines_of(filled)
    assert {row["model"] for row in rows} == {"'=cmd()"}
    assert rows[-1]["failure_code"] == "operator_unsupported"


def test_ndjson_and_parquet_have_the_same(run: Run, filled: fleet.Fleet, tmp_path: Path) -> None:
    text, table = tmp_path / "all.jsonl", tmp_path / "all.parquet"
    assert run("export", str(text)).code == 0
    assert run("export", str(table)).code == 0
    rows = [json.loads(line) for line in text.read_text().splitlines()]
    assert told(rows) == lines_of(filled)
    assert pyarrow.parquet.read_table(table).to_pylist() == rows  # pyright: ignore[reportUnknownMemberType]


@pytest.mark.parametrize("name", ["part.csv", "part.ndjson"])
@pytest.mark.parametrize("cut", [1, 40, 700, -20, 10**9])
def test_a_file_that_broke_off_is_gone_on_with(
    run: Run, filled: fleet.Fleet, tmp_path: Path, name: str, cut: int
) -> None:
    whole, part = tmp_path / f"whole-{name}", tmp_path / name
    assert run("export", str(whole)).code == 0
    data = whole.read_bytes()
    part.write_bytes(data[:-cut] if cut < 0 else data[: max(0, len(data) - cut)])
    assert run("export", str(part), "--continue").code == 0
    assert part.read_bytes() == data


def test_only_what_is_new_is_taken(run: Run, filled: fleet.Fleet, tmp_path: Path) -> None:
    out = tmp_path / "new.csv"
    assert run("export", str(out), "--after", "4").code == 0
    assert {row["result_id"] for row in read_csv(out)} == {result.result_id for result in filled.results[4:]}


def test_a_file_with_other_columns_is_not_continued(run: Run, filled: fleet.Fleet, tmp_path: Path) -> None:
    """As one that an older release began: its lines would shift against its heads."""
    older = tmp_path / "older.csv"
    run("export", str(older))
    head, *lines = older.read_bytes().splitlines(keepends=True)
    held = b"".join([head.replace(b",evaluation_set,evaluation_set_id", b""), *lines])
    older.write_bytes(held)
    assert run("export", str(older), "--continue").refused_with("bad_usage")
    assert older.read_bytes() == held


def test_what_cannot_be_written_is_one_sentence(run: Run, filled: fleet.Fleet, tmp_path: Path) -> None:
    assert run("export", str(tmp_path / "all.xlsx")).refused_with("bad_format")
    assert run("export", str(tmp_path / "a.parquet"), "--continue").refused_with("bad_usage")
    assert run("export", str(tmp_path / "no" / "all.csv")).refused_with("io_error")
    assert run("export", str(tmp_path / "x.parquet"), "--after", "99").refused_with("nothing_to_export")


def test_prices_are_listed_shown_and_checked(run: Run, tmp_path: Path) -> None:
    listed = run("prices", "list", "--kind", "tariff")
    assert "tariff-world-household" in listed.out
    assert "0.165 USD/kWh" in listed.out
    assert "aws-t4g" not in listed.out
    shown = run("prices", "show", "tariff-world-household").out
    assert "GlobalPetrolPrices" in shown
    assert "730 allowed for tariff" in shown
    assert run("prices", "show", "nothing").refused_with("price_unknown")
    assert "70 entries, " in run("prices", "check").out
    own = tmp_path / "own.yaml"
    for day, code in (("2024-01-01", 1), (datetime.now(UTC).date(), 0)):
        own.write_text(OWN_PRICE.format(day=day))
        checked = run("prices", "check", str(own))
        assert checked.code == code
        assert ("days old, 365 allowed for call" in checked.out) == bool(code)
    own.write_text("sources: {}\nentries:\n  - {id: x, kind: call}\n")
    assert run("prices", "check", str(own)).refused_with("catalogue_invalid")


@pytest.mark.parametrize("name", ["out.csv", "out.ndjson", "out.parquet"])
def test_a_damaged_result_is_left_out_and_the_damage_is_named(
    run: Run, hub: Live, filled: fleet.Fleet, tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    rotten = filled.results[2]
    sql = "UPDATE result SET document = document || ' ' WHERE result_id = ?"
    hub.hub.writer.call(lambda store: store.change(lambda connection: connection.execute(sql, (rotten.result_id,))))
    out = tmp_path / name
    assert run("export", str(out)).refused_with("database_damaged")
    if name.endswith("csv"):
        rows = cast("list[dict[str, object]]", list(csv.DictReader(out.read_text().splitlines())))
    elif name.endswith("ndjson"):
        rows = [json.loads(line) for line in out.read_text().splitlines()]
    else:
        table = pyarrow.parquet.read_table(out)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        rows = cast("list[dict[str, object]]", table.to_pylist())  # pyright: ignore[reportUnknownMemberType]
    whole = [result for result in filled.results if result is not rotten]
    assert told(rows) == lines_of(replace(filled, results=whole))
    assert rotten.result_id in caplog.text
    assert "Traceback" not in caplog.text
    assert "Traceback" not in str(hub.hub.health.message)
    assert run("export", str(tmp_path / "again.csv"), "--after", "6").code == 0
