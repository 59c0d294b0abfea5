"""`edgeprof quality` on a hub, and its table: quality, gate, drift, speed and cost of each set-up."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from edgeprof.commands.quality import quality
from edgeprof.errors import UsageError
from edgeprof.tables.columns import width_of
from edgeprof.tables.quality import render_quality
from edgeprof.wire.quality import QualityRow
from tests.hub import fleet
from tests.hub.live import Live, serving
from tests.hub.quality_cases import BAD, FLOAT, GOOD, RIGHT, SLIGHTLY, WORSE, evaluated, speed, store


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with serving(tmp_path_factory.mktemp("quality") / "data") as found:
        hub = found.hub
        store(
            hub,
            *(evaluated(hub, 1, model, right) for model, right in ((FLOAT, RIGHT), (GOOD, SLIGHTLY), (BAD, WORSE))),
            *(speed(1, FLOAT, 4.0), speed(1, GOOD, 2.0)),
        )
        hub.writer.call(lambda writer: writer.save_model(fleet.model("no answers", "other")))
        yield found


def run(live: Live, *arguments: str, columns: int = 110) -> str:
    environment = {"EDGEPROF_TOKEN": live.hub.settings.token or "", "COLUMNS": str(columns)}
    done = CliRunner().invoke(quality, ["--hub", live.url, *arguments], env=environment, catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def rows_of(live: Live) -> dict[str, QualityRow]:
    return {row.variant: row for row in live.client.quality()}


def test_the_table_has_the_gate_with_its_reason_beside_speed(live: Live) -> None:
    lines = run(live).splitlines()
    assert lines[0] == "digits on shapes"
    figures = {lines[at - 1].split(" · ")[0].strip(): line.split() for at, line in enumerate(lines) if "≥ 1.3" in line}
    assert figures["cnn fp32"][:2] == ["96.0", "(93.9–97.4)"]
    assert [figures[name][5:] for name in ("cnn fp32", "cnn int8", "cnn int4")] == [
        ["reference", "not", "compared", "4.00"],
        ["✓", "passes", "not", "compared", "2.00"],
        ["✕", "fails", "not", "compared", "–"],
    ]
    text = " ".join(" ".join(lines).split())
    assert "cnn int4 with onnxruntime 1.23.2 on aarch64 fails: -12 points" in text
    assert "No set evaluated: no answers." in text
    assert "– not measured in this set-up." in text


def test_a_family_limits_it_and_an_unknown_one_is_named_with_those_that_exist(live: Live) -> None:
    assert run(live, "other").startswith("No evaluation yet.")
    with pytest.raises(UsageError, match=r"No family 'dogs' on this hub\. Families: digits, other"):
        run(live, "dogs")


def test_the_json_is_the_rows_of_the_api(live: Live) -> None:
    found = {row["variant"]: row for row in json.loads(run(live, "--json"))}
    assert found["cnn int8"]["gate"] == "passes"
    assert found["cnn int8"]["smallest_difference"] == pytest.approx(1.3, abs=0.1)


@pytest.mark.parametrize("columns", [40, 80, 130])
def test_a_line_is_never_wider_than_the_terminal(live: Live, columns: int) -> None:
    lines = run(live, columns=columns).splitlines()
    assert max(map(width_of, lines)) <= max(columns, 80)


def test_drift_has_a_baseline_where_two_places_answered_and_its_sentence(live: Live) -> None:
    one = rows_of(live)["cnn int8"]
    said = "3 of 500 answers differ between x and y, 2 between right and wrong. No loss of quality is shown."
    other = replace(one, architecture="x86_64", result_id="b", drift="answers_differ", drift_sentence=said)
    text = render_quality([one, other])
    assert " baseline " in text
    assert "≠ answers" in text
    assert said in " ".join(text.split())
    assert "not compared" not in text


def test_an_emulated_device_has_no_gate_no_drift_and_comes_last(live: Live) -> None:
    one = rows_of(live)["cnn int8"]
    played = replace(one, device="a phone", device_id="d-0", unreal="emulated", gate=None, gate_sentences=())
    text = render_quality([played, one])
    assert text.index("~ cnn int8 · onnxruntime 1.23.2 · a phone") > text.index("✓ passes")
    assert "not counted not counted" in " ".join(text.split())
    assert "~ emulated or replayed" in text


def test_an_empty_hub_says_how_to_make_an_evaluation(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as empty:
        assert run(empty) == "No evaluation yet. Make one with `edgeprof flash MODEL --evaluate NAME`.\n"


def test_two_sets_of_one_name_have_a_block_each(live: Live) -> None:
    row = rows_of(live)["cnn int8"]
    text = render_quality([row, replace(row, set_id="cd" * 32)])
    assert f"digits on shapes {row.set_id[:8]}\n" in text
    assert "digits on shapes cdcdcdcd\n" in text
