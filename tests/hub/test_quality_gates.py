"""Gates on the hub: stored, judged from outcomes, a verdict for each variant, runtime and architecture; and drift."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from edgeprof.client.http_client import HubError
from edgeprof.commands.gate import gate
from edgeprof.commands.quality import quality
from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.wire import identity, rest
from edgeprof.wire import messages as m
from edgeprof_hub.cost.run import RunCost
from edgeprof_hub.quality import judging
from edgeprof_hub.quality.judging import refresh
from tests.hub import fleet, stores
from tests.hub.live import Live, eventually, serving
from tests.hub.quality_cases import (
    BAD,
    FAMILY,
    FLOAT,
    GATE,
    GOOD,
    RIGHT,
    SLIGHTLY,
    WORSE,
    emptied,
    evaluated,
    speed,
    store,
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with serving(tmp_path_factory.mktemp("quality") / "data") as found:
        yield found


@pytest.fixture
def live(shared: Live) -> Live:
    emptied(shared.hub)
    return shared


def states(live: Live) -> dict[str, str]:
    return {row.variant: row.gate or "" for row in live.client.quality()}


def test_each_variant_has_its_verdict_beside_speed_and_cost(live: Live) -> None:
    hub = live.hub
    runs = [evaluated(hub, 1, FLOAT, RIGHT), evaluated(hub, 1, GOOD, SLIGHTLY), evaluated(hub, 1, BAD, WORSE)]
    store(hub, *runs, speed(1, FLOAT, 4.0), speed(1, GOOD, 2.0), speed(1, BAD, 1.0))
    assert states(live) == {"cnn fp32": "reference", "cnn int8": "passes", "cnn int4": "fails"}
    bad = next(row for row in live.client.quality(family=FAMILY) if row.variant == "cnn int4")
    assert (bad.speed_metric, bad.speed, bad.n, bad.set_name) == ("latency_p50_ms", 1.0, 500, "shapes")
    assert (bad.runtime, bad.architecture) == ("onnxruntime 1.23.2", "aarch64")
    assert bad.value == pytest.approx(84.0)
    assert "cnn int4 with onnxruntime 1.23.2 on aarch64 fails: -12 points" in bad.gate_sentences[0]
    gates = live.client.gates(FAMILY)
    assert gates.gates == (GATE,)
    assert {one.reference_id for one in gates.verdicts if one.state != "reference"} == {runs[0].result_id}


def test_a_set_gate_is_judged_on_its_own_and_a_removed_one_leaves_no_verdict(live: Live) -> None:
    hub = live.hub
    store(hub, evaluated(hub, 1, FLOAT, RIGHT), evaluated(hub, 1, BAD, WORSE), gates=())
    assert set(states(live).values()) == {""}
    assert live.client.set_gates(FAMILY, ["shapes: accuracy>=source-2"]).gates == (GATE,)
    eventually(lambda: states(live).get("cnn int4") == "fails")
    live.client.set_gates(FAMILY, [])
    eventually(lambda: live.client.gates(FAMILY).verdicts == ())
    assert set(states(live).values()) == {""}


def test_the_command_sets_shows_and_removes_gates(live: Live) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(gate, [*arguments, "--hub", live.url])
        return done.exit_code, done.output

    hub = live.hub
    store(hub, evaluated(hub, 1, FLOAT, RIGHT), evaluated(hub, 1, BAD, WORSE), gates=())
    assert run(FAMILY) == (0, "digits has no gate.\n")
    assert run(FAMILY, "shapes: accuracy>=source-2")[1].startswith(f"{GATE}\nVerdicts follow")
    eventually(lambda: "cnn int4 with onnxruntime 1.23.2 on aarch64 fails: -12 points" in run(FAMILY)[1])
    assert run(FAMILY, "--delete") == (0, "digits has no gate.\n")
    assert run(FAMILY, GATE, "--delete")[0] != 0


@pytest.mark.parametrize(
    ("family", "lines", "code"),
    [
        (FAMILY, ["accuracy is fine"], "bad_gate"),
        ("nobody", [GATE], "not_found"),
        (FAMILY, [f"s{number}: accuracy >= 5" for number in range(21)], "too_many_gates"),
    ],
)
def test_a_gate_that_is_none_and_a_family_that_is_none_are_refused(
    live: Live, family: str, lines: list[str], code: str
) -> None:
    store(live.hub, gates=())
    with pytest.raises(HubError) as refused:
        live.client.set_gates(family, lines)
    assert refused.value.code == code


def test_what_was_not_evaluated_is_undecided_and_says_so(live: Live) -> None:
    hub = live.hub
    store(hub, evaluated(hub, 1, FLOAT, RIGHT), speed(1, FLOAT, 2.0), speed(1, GOOD, 1.0))
    cell = next(cell for cell in live.client.compare().cells if cell.model_id == GOOD.model_id)
    assert cell.quality is not None
    assert (cell.quality.gate, cell.quality.value) == ("undecided", None)
    assert "not evaluated on shapes" in cell.quality.gate_sentences[0]


def test_without_the_source_on_the_set_a_margin_is_undecided_and_a_minimum_is_not(live: Live) -> None:
    hub = live.hub
    store(hub, evaluated(hub, 1, GOOD, SLIGHTLY), gates=(GATE, "shapes: accuracy >= 90"))
    found = {one.gate: one for one in live.client.gates(FAMILY).verdicts}
    assert found[GATE].state == "undecided"
    assert "the source has no evaluation on shapes" in found[GATE].sentence
    assert found["shapes: accuracy >= 90"].state == "passes"


def test_a_verdict_belongs_to_one_architecture(live: Live) -> None:
    hub = live.hub
    store(
        hub,
        evaluated(hub, 1, FLOAT, RIGHT),
        evaluated(hub, 1, GOOD, SLIGHTLY),
        evaluated(hub, 2, FLOAT, RIGHT, "x86_64"),
        evaluated(hub, 2, GOOD, WORSE, "x86_64"),
        devices=(1, 2),
    )
    found = {(row.variant, row.architecture): row.gate for row in live.client.quality()}
    assert found["cnn int8", "aarch64"] == "passes"
    assert found["cnn int8", "x86_64"] == "fails"


def test_a_float_source_that_collapsed_in_one_runtime_fails_and_lets_nothing_pass_there(live: Live) -> None:
    hub = live.hub
    broken = [evaluated(hub, 2, model, WORSE, version="1.24.0") for model in (FLOAT, GOOD)]
    store(hub, evaluated(hub, 1, FLOAT, RIGHT), evaluated(hub, 1, GOOD, SLIGHTLY), *broken, devices=(1, 2))
    found = {(row.variant, row.runtime): row.gate for row in live.client.quality()}
    assert found == {
        ("cnn fp32", "onnxruntime 1.23.2"): "reference",
        ("cnn int8", "onnxruntime 1.23.2"): "passes",
        ("cnn fp32", "onnxruntime 1.24.0"): "fails",
        ("cnn int8", "onnxruntime 1.24.0"): "fails",
    }


def test_without_a_float_model_the_best_variant_is_the_reference(live: Live) -> None:
    hub = live.hub
    store(hub, evaluated(hub, 1, GOOD, SLIGHTLY), evaluated(hub, 1, BAD, WORSE), models=(GOOD, BAD))
    assert states(live) == {"cnn int8": "reference", "cnn int4": "fails"}


def test_an_emulated_evaluation_is_never_judged(live: Live) -> None:
    hub = live.hub
    store(hub, evaluated(hub, 1, FLOAT, RIGHT), evaluated(hub, 1, BAD, WORSE, emulated=True))
    assert [one.model_id for one in live.client.gates(FAMILY).verdicts] == [FLOAT.model_id]
    bad = next(row for row in live.client.quality() if row.variant == "cnn int4")
    assert (bad.unreal, bad.gate) == ("emulated", None)


def test_outcomes_that_are_not_stored_leave_it_undecided(live: Live) -> None:
    store(live.hub, evaluated(None, 1, FLOAT, RIGHT[7:]), evaluated(live.hub, 1, GOOD, SLIGHTLY))
    (verdict,) = [one for one in live.client.gates(FAMILY).verdicts if one.state != "reference"]
    assert (verdict.state, "outcomes are not stored" in verdict.sentence) == ("undecided", True)


def test_nothing_is_judged_twice_and_a_newer_evaluation_is(live: Live) -> None:
    hub = live.hub
    store(hub, evaluated(hub, 1, FLOAT, RIGHT), evaluated(hub, 1, GOOD, WORSE))
    assert not refresh(hub, FAMILY)
    newer = evaluated(hub, 1, GOOD, SLIGHTLY)
    hub.writer.call(lambda writer: writer.save_result(newer, "1" * 64, 2e9))
    refresh(hub, FAMILY)  # the hub's own thread may have been quicker
    assert states(live)["cnn int8"] == "passes"
    hub.writer.call(lambda writer: writer.delete_result(newer.result_id))
    refresh(hub, FAMILY)
    assert states(live)["cnn int8"] == "fails"


def test_a_database_without_gates_gets_what_its_evaluations_ran_on(tmp_path: Path) -> None:
    """Taken back to the schema of 0012, then opened by this release."""
    result = evaluated(None, 1, GOOD, [*SLIGHTLY, None])
    with stores.opened(tmp_path) as found:
        found.writer.save_state(fleet.state(1, "pi"), fleet.NOW_S)
        found.writer.save_model(GOOD)
        found.writer.save_result(result, "1" * 64, fleet.NOW_S)
        before = found.reader.evaluations.newest()
    with closing(sqlite3.connect(tmp_path / "hub.sqlite")) as old:
        old.execute("DROP INDEX evaluation_lead")
        for table in ("gate", "gate_verdict", "drift", "capability", "judged_family"):
            old.execute(f"DROP TABLE {table}")
        for column in ("runtime", "architecture", "unreal", "outcomes_sha256", "problems", "groups"):
            old.execute(f"ALTER TABLE evaluation DROP COLUMN {column}")
        old.execute("DELETE FROM _sqlite_migrations WHERE name BETWEEN '0013' AND '0016'")
        old.commit()
    with stores.opened(tmp_path) as found:
        assert found.reader.evaluations.newest() == before
        assert (before[0].runtime, before[0].architecture) == ("onnxruntime 1.23.2", "aarch64")
        assert before[0].problems == 1
        assert found.reader.evaluations.outcomes([result.result_id]) == {result.result_id: result.artifacts[0].sha256}


def test_two_runtime_versions_that_answer_differently_are_named_with_their_items(live: Live) -> None:
    hub = live.hub
    first, second = evaluated(hub, 1, GOOD, RIGHT), evaluated(hub, 2, GOOD, WORSE, version="1.24.0")
    store(hub, first, second, evaluated(hub, 1, FLOAT, RIGHT), devices=(1, 2), gates=())
    (drift,) = hub.reader.gates.drifts_of(first.result_id)
    assert (drift.result_id, drift.other_id, drift.n) == (second.result_id, first.result_id, 500)
    assert (drift.verdict, len(drift.lost)) == ("quality_differs", 60)
    row = next(row for row in live.client.quality() if row.result_id == second.result_id)
    assert row.drift == "quality_differs"
    assert "onnxruntime 1.24.0 on aarch64 is worse by 12 points" in row.drift_sentence


def test_a_device_whose_runtime_was_upgraded_drifts_from_itself_and_keeps_both_verdicts(live: Live) -> None:
    hub = live.hub
    first, second = evaluated(hub, 1, GOOD, SLIGHTLY), evaluated(hub, 1, GOOD, WORSE, version="1.24.0")
    store(hub, evaluated(hub, 1, FLOAT, RIGHT), first, second)
    (drift,) = hub.reader.gates.drifts_of(first.result_id)
    assert (drift.result_id, drift.verdict) == (second.result_id, "quality_differs")
    states = {one.runtime: one.state for one in live.client.gates(FAMILY).verdicts if one.model_id == GOOD.model_id}
    assert states == {"onnxruntime 1.23.2": "passes", "onnxruntime 1.24.0": "fails"}
    assert {row.result_id for row in hub.reader.gates.capability(FAMILY)} & {first.result_id, second.result_id} == {
        second.result_id
    }


def test_a_second_configuration_in_the_first_place_hides_no_drift(live: Live) -> None:
    hub = live.hub
    first, other = evaluated(hub, 1, GOOD, RIGHT), evaluated(hub, 2, GOOD, WORSE, "x86_64")
    again = with_threads(evaluated(hub, 1, GOOD, RIGHT))
    store(hub, first, other, again, devices=(1, 2), gates=())
    (drift,) = hub.reader.gates.drifts_of(first.result_id)
    assert (drift.result_id, drift.other_id) == (other.result_id, first.result_id)


def test_a_part_that_another_device_answered_later_hides_no_failed_gate(live: Live) -> None:
    hub = live.hub
    part = part_of(evaluated(hub, 2, BAD, WORSE[100:105]))
    store(hub, evaluated(hub, 1, FLOAT, RIGHT), evaluated(hub, 1, BAD, WORSE), part, devices=(1, 2))
    assert [one.state for one in live.client.gates(FAMILY).verdicts if one.model_id == BAD.model_id] == ["fails"]


def test_a_lucky_part_of_the_source_is_not_the_reference(live: Live) -> None:
    hub = live.hub
    whole, lucky = evaluated(hub, 1, FLOAT, RIGHT), with_threads(part_of(evaluated(hub, 1, FLOAT, RIGHT[:5])))
    store(hub, whole, lucky, evaluated(hub, 1, BAD, WORSE))
    (bad,) = [one for one in live.client.gates(FAMILY).verdicts if one.model_id == BAD.model_id]
    assert (bad.state, bad.reference_id) == ("fails", whole.result_id)


def test_a_family_that_cannot_be_judged_keeps_no_other_from_it(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    other = replace(GOOD, model_id="c" * 64, family="a family before the others")
    store(live.hub, models=(FLOAT, other))
    tried: list[str] = []

    def fails_first(_: object, family: str) -> bool:
        tried.append(family)
        if len(tried) == 1:
            raise TypeError("an outcome with a text as its score")
        return True

    monkeypatch.setattr(judging, "refresh", fails_first)
    judging.refresh_all(live.hub)
    assert len(tried) >= 2
    assert FAMILY in tried


def part_of(result: m.Result) -> m.Result:
    assert result.evaluation is not None
    return replace(result, evaluation=replace(result.evaluation, ended="item_limit"))


def with_threads(result: m.Result) -> m.Result:
    config = replace(result.config, threads=4)
    return replace(result, config=config, config_key=identity.config_key(config))


def test_the_page_of_a_run_has_its_gates_and_the_items_that_drift(live: Live) -> None:
    hub = live.hub
    first, second = evaluated(hub, 1, FLOAT, RIGHT), evaluated(hub, 2, FLOAT, WORSE, version="1.24.0")
    good = evaluated(hub, 1, GOOD, SLIGHTLY)
    store(hub, first, second, good, devices=(1, 2))
    page = live.app_get(f"/runs/{second.result_id}")
    for text in ("wrong here, right there", "<bdi>0059</bdi>", "onnxruntime 1.24.0 on aarch64 is worse by 12 points"):
        assert text in page
    assert f"/runs/{first.result_id}" in page
    assert "right here, wrong there" in live.app_get(f"/runs/{first.result_id}")
    page = live.app_get(f"/runs/{good.result_id}")
    assert f"<code>{GATE.replace('>', '&gt;')}</code>" in page
    assert "cnn int8 with onnxruntime 1.23.2 on aarch64 passes" in page


def test_a_right_answer_costs_the_inference_over_the_share(live: Live) -> None:
    hub = live.hub
    measured = speed(1, FLOAT, 4.0)
    measured = replace(
        measured,
        metrics=(
            *measured.metrics,
            rest.MetricRow(metric="energy_per_inference_j", value=0.5, n=1, ci_low=None, ci_high=None, scope="board"),
        ),
    )
    store(hub, measured, evaluated(hub, 1, FLOAT, RIGHT))
    (row,) = live.client.quality()
    assert row.correct is not None
    assert row.correct.energy_j == pytest.approx(0.5 / 0.96)
    low, high = row.correct.energy_j_low, row.correct.energy_j_high
    assert low is not None
    assert high is not None
    assert 0.5 / 0.98 < low < 0.5 / 0.96 < high < 0.5 / 0.93


def test_an_item_without_an_answer_is_paid_for(live: Live) -> None:
    hub = live.hub
    measured = speed(1, FLOAT, 4.0)
    energy = rest.MetricRow(metric="energy_per_inference_j", value=0.5, n=1, scope="board")
    measured = replace(measured, metrics=(*measured.metrics, energy))
    store(hub, measured, evaluated(hub, 1, FLOAT, [True] * 300 + [False] * 100 + [None] * 100))
    (row,) = live.client.quality()
    assert (row.value, row.n) == (75.0, 400)
    assert row.correct is not None
    assert row.correct.energy_j == pytest.approx(0.5 / 0.6)
    assert "shapes, 400 items, 100 more without an answer" in live.app_get(f"/cost/{measured.result_id}")


def test_a_replayed_run_hides_no_real_one_and_is_shown_where_it_is_alone(live: Live) -> None:
    hub = live.hub
    real, played = evaluated(hub, 1, GOOD, SLIGHTLY), evaluated(hub, 1, GOOD, WORSE, replayed="pi-5")
    alone = evaluated(hub, 1, BAD, WORSE, replayed="pi-5")
    store(hub, evaluated(hub, 1, FLOAT, RIGHT), real, speed(1, GOOD, 2.0), played, alone)
    found = {row.variant: (row.result_id, row.unreal) for row in live.client.quality()}
    assert found["cnn int8"] == (real.result_id, "")
    assert found["cnn int4"] == (alone.result_id, "replayed")
    cell = next(cell for cell in live.client.compare().cells if cell.model_id == GOOD.model_id)
    assert cell.quality is not None
    assert cell.quality.value == pytest.approx(96.0)


def test_a_check_of_a_gate_has_an_exit_code_for_each_end(live: Live) -> None:
    def ends(command: click.Command, *arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(command, [*arguments, "--check", "--hub", live.url])
        if isinstance(done.exception, EdgeprofError):
            return done.exception.exit_code, done.exception.code
        return done.exit_code, ""

    hub = live.hub
    store(hub, evaluated(hub, 1, FLOAT, RIGHT), evaluated(hub, 1, GOOD, SLIGHTLY))
    assert ends(gate, FAMILY) == ends(quality) == (0, "")
    assert ends(gate, FAMILY, "--model", GOOD.name) == (0, "")
    assert ends(gate, FAMILY, "--model", BAD.name) == (5, "gate_undecided")  # it was never evaluated
    assert ends(gate, FAMILY, "--model", "nobody") == (2, "unknown_model")
    store(hub, evaluated(hub, 1, BAD, WORSE))
    assert ends(gate, FAMILY) == ends(quality, FAMILY) == (4, "gate_fails")
    assert ends(gate, FAMILY, "--model", GOOD.name) == (0, "")
    store(hub, gates=())
    assert ends(gate, FAMILY) == ends(quality) == (2, "no_gate")


def test_run_page_and_cost_page_have_the_cost_of_a_right_answer(live: Live) -> None:
    hub = live.hub
    measured = speed(1, FLOAT, 4.0)
    energy = rest.MetricRow(metric="energy_per_inference_j", value=0.5, n=1, scope="board")
    measured = replace(measured, metrics=(*measured.metrics, energy))
    store(hub, measured, evaluated(hub, 1, FLOAT, RIGHT))
    live.hub.writer.call(lambda writer: writer.set_device_price(fleet.device_id(1), 80.0, "a shop"))
    page = live.app_get(f"/runs/{measured.result_id}")
    assert "accuracy 96.0 % (93.9–97.4), 500 items" in page
    assert "per 1,000 right answers" in page
    assert "521 mJ per right answer (513 mJ–532 mJ)" in page
    page = live.app_get(f"/cost/{measured.result_id}")
    assert "Energy per right answer" in page
    assert "by the interval of the share" in page
    assert "shapes, 500 items" in page
    (row,) = live.client.quality()
    assert row.correct is not None
    assert row.correct.usd_per_1000 is not None
    assert row.correct.usd_per_1000_low is not None
    assert row.correct.usd_per_1000_low < row.correct.usd_per_1000


def test_a_model_without_a_right_answer_has_no_cost_of_one_and_an_evaluation_has_no_cost(live: Live) -> None:
    hub = live.hub
    claimed = replace(FLOAT, accuracy=0.98, accuracy_on="the model's card")
    measured, none_right = speed(1, FLOAT, 4.0), evaluated(hub, 1, FLOAT, [False] * 20)
    store(hub, measured, none_right, models=(claimed,))
    hub.writer.call(lambda writer: writer.set_device_price(fleet.device_id(1), 80.0, "a shop"))
    page = live.app_get(f"/cost/{measured.result_id}")
    assert "no right answer on shapes, 20 items" in page
    assert "the model&#39;s card" not in page
    with pytest.raises(UsageError) as refused:
        RunCost(hub.reader, none_right.result_id)
    assert refused.value.code == "no_cost"
