"""The cards above the matrix: what they name, how far it is believed, and above all when nothing may be named."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeprof.tables.headline import HEADLINES, Kind, kind_of
from edgeprof.wire import identity, rest
from edgeprof.wire import messages as m
from edgeprof.wire.evidence import Trust, TrustMark
from edgeprof.wire.metrics import Origin
from edgeprof_hub.matrix import ranking, table
from edgeprof_hub.matrix.answer_cards import MAX_SHOWN, AnswerCard, PastRuns, answer_cards
from edgeprof_hub.store.history import PastRun
from edgeprof_hub.views.answer_view import answer_view
from tests.hub import fleet, stores


def no_runs(_cells: Sequence[rest.CellKey], _metric: str) -> Mapping[rest.CellKey, Sequence[PastRun]]:
    return {}


NO_RUNS: PastRuns = no_runs
BUSY = Trust(marks=(TrustMark(cause="busy", reason="Other programs took 14 % of the cores."),))


@pytest.fixture(scope="module")
def typical(tmp_path_factory: pytest.TempPathFactory) -> rest.CompareTable:
    return built(tmp_path_factory.mktemp("hub"), fleet.typical())


def built(folder: Path, of: fleet.Fleet) -> rest.CompareTable:
    folder.mkdir(exist_ok=True)
    with stores.opened(folder) as store:
        fleet.fill(store.writer, of)
        return table.build(store.reader, fleet.NOW_S)


def pair(first_ms: float, second_ms: float, spread_ms: float = 0.004) -> fleet.Fleet:
    """Two variants of one family on one real board."""
    one, other = fleet.model("cnn fp32", "cnn"), fleet.model("cnn int8", "cnn", quantization="int8")
    results = [
        fleet.result(1, one, fleet.vision_rows(first_ms, spread_ms)),
        fleet.result(1, other, fleet.vision_rows(second_ms, spread_ms)),
    ]
    return fleet.Fleet([fleet.state(1, "pi")], [fleet.facts(1)], [one, other], results)


def only(table: rest.CompareTable, runs: PastRuns = NO_RUNS) -> AnswerCard:
    (card,) = answer_cards(table, runs).cards
    return card


def repeated(values: dict[str, list[float]]) -> PastRuns:
    """Past runs by the model's id, newest first, of 10 s each."""

    def runs(cells: Sequence[rest.CellKey], _metric: str) -> Mapping[rest.CellKey, Sequence[PastRun]]:
        return {cell: [PastRun(value, 10.0, "onnxruntime 1.23.2") for value in values[cell[1]]] for cell in cells}

    return runs


def test_one_run_each_apart_is_a_pick_that_is_likely_and_a_repeat_would_raise_it(tmp_path: Path) -> None:
    card = only(built(tmp_path, pair(0.4, 0.2)))
    view = answer_view(card, 1)
    assert (view.standing, view.grade) == ("Pick", "likely")
    assert (view.figure, view.unit, view.interval) == ("0.200", "ms", "0.196–0.204")
    assert (view.times, view.compared) == ("2.00× as fast as", "of 2 measured variants")
    assert view.pick is not None
    assert view.pick.href == f"/runs/{card.repeat[0].result_id}"
    assert view.action is not None
    assert view.action.label.startswith("Repeat 2 interleaved, about ")
    assert dict(view.action.fields)["run"].split(",") == [one.result_id for one in card.repeat]


def test_four_runs_each_that_agree_are_firm_and_nothing_more_is_wanted(tmp_path: Path) -> None:
    of = pair(0.4, 0.2)
    slow, fast = (model.model_id for model in of.models)
    table = built(tmp_path, of)
    assert belief_in(only(table, repeated({slow: [0.4] * 4, fast: [0.2] * 4}))) == ("firm", "")
    assert belief_in(only(table, repeated({slow: [0.4] * 3, fast: [0.2] * 4}))) == ("likely", "repeat")
    assert belief_in(only(table, repeated({slow: [0.4, 0.4, 0.4, 0.19], fast: [0.2] * 4})))[0] == "likely"


def belief_in(card: AnswerCard) -> tuple[str, str]:
    assert card.belief is not None
    return card.belief.grade, card.belief.action


def test_two_that_are_not_shown_to_differ_have_a_leader_so_far(tmp_path: Path) -> None:
    view = answer_view(only(built(tmp_path, pair(0.200, 0.201))), 1)
    assert (view.standing, view.grade, view.difference) == ("Leader so far", "open", "no difference shown")


def test_under_a_badge_intervals_apart_are_likely_and_no_pick(tmp_path: Path) -> None:
    of = pair(0.4, 0.2)
    of.results = [replace(result, trust=BUSY) for result in of.results]
    view = answer_view(only(built(tmp_path, of)), 1)
    assert (view.standing, view.grade) == ("Leader so far", "likely")
    assert "busy" in view.reason


def test_boards_of_one_kind_answer_together_and_an_emulated_one_has_no_card(tmp_path: Path) -> None:
    of = pair(0.4, 0.2)
    of.states += [fleet.state(2, "second"), fleet.state(3, "played")]
    of.facts += [fleet.facts(2), fleet.facts(3, emulates="galaxy-a03")]
    of.results += [replace(one, result_id=f"{one.result_id}-2", device_id=fleet.device_id(2)) for one in of.results]
    found = answer_cards(built(tmp_path, of), NO_RUNS)
    view = answer_view(found.cards[0], 1)
    assert (len(found.cards), found.played) == (1, 1)
    assert view.about == "2 boards: pi, second"
    assert view.compared == "of 2 measured variants, the board nearest to the median of 2 boards"
    assert len(found.cards[0].repeat) == 4


def test_boards_that_disagree_leave_it_open(tmp_path: Path) -> None:
    of = pair(0.4, 0.2)
    of.states.append(fleet.state(2, "second"))
    of.facts.append(fleet.facts(2))
    of.results += [fleet.result(2, of.models[0], fleet.vision_rows(0.1, 0.004))]
    of.results += [fleet.result(2, of.models[1], fleet.vision_rows(0.9, 0.004))]
    card = only(built(tmp_path, of))
    assert card.standing == "leader"
    assert card.belief is not None
    assert card.belief.reason == "The boards disagree on the order."


def boards(first_ms: Mapping[int, float], second_ms: Mapping[int, float], count: int) -> fleet.Fleet:
    """The two variants on `count` boards of one kind, with the milliseconds of each by the board's number."""
    of = pair(0.4, 0.2)
    of.states = [fleet.state(number, f"pi {number}") for number in range(1, count + 1)]
    of.facts = [fleet.facts(number) for number in range(1, count + 1)]
    of.results = [
        fleet.result(number, model, fleet.vision_rows(ms, ms / 100))
        for model, times in zip(of.models, (first_ms, second_ms), strict=True)
        for number, ms in times.items()
    ]
    return of


def many_runs(cells: Sequence[rest.CellKey], _metric: str) -> Mapping[rest.CellKey, Sequence[PastRun]]:
    """Four of each, of which those of the variant that comes first in the fleet are faster."""
    first = fleet.model("cnn fp32", "cnn").model_id
    return {cell: [PastRun(10.0 if cell[1] == first else 20.0, 10.0, "onnxruntime 1.23.2")] * 4 for cell in cells}


def test_the_boards_that_both_have_decide_who_leads(tmp_path: Path) -> None:
    card = only(built(tmp_path, boards({1: 10.0}, {1: 5.0, 2: 30.0}, 2)))
    view = answer_view(card, 1)
    assert view.pick is not None
    assert (view.pick.name, view.standing, view.figure) == ("cnn int8", "Leader so far", "5.00")
    assert (view.times, view.compared) == ("2.00× as fast as", "of 2 measured variants, on 1 of 2 boards")


def test_no_ratio_is_told_where_the_boards_that_two_have_say_the_opposite(tmp_path: Path) -> None:
    of = third(boards({1: 10.0}, {1: 5.0, 2: 30.0}, 3))
    of.results[-1] = replace(of.results[-1], device_id=fleet.device_id(3), metrics=fleet.vision_rows(50.0, 0.1))
    card = only(built(tmp_path, of))
    view = answer_view(card, 1)
    assert (card.times, view.times, view.grade) == (None, "not shown to be better than", "open")


def test_the_figure_of_a_card_is_of_the_board_nearest_to_the_median(tmp_path: Path) -> None:
    view = answer_view(only(built(tmp_path, boards({1: 10.0, 2: 30.0}, {1: 40.0, 2: 60.0}, 2))), 1)
    assert (view.figure, view.compared) == (
        "10.0",
        "of 2 measured variants, the board nearest to the median of 2 boards",
    )


def test_what_failed_on_a_board_of_the_class_is_no_pick(tmp_path: Path) -> None:
    of = boards({1: 10.0}, {1: 20.0, 2: 30.0}, 2)
    of.results.append(fleet.result(2, of.models[0], failure=fleet.UNSUPPORTED))
    view = answer_view(only(built(tmp_path, of), many_runs), 1)
    assert (view.standing, view.grade) == ("Leader so far", "likely")
    assert view.reason == "It failed on a board of this class."


@pytest.mark.parametrize(
    ("first_ms", "second_ms", "count", "standing", "compared"),
    [
        ({1: 10.0}, {1: 20.0}, 3, "Pick", "of 2 measured variants, on 1 of 3 boards"),
        ({1: 10.0, 2: 10.0}, {1: 20.0}, 2, "Leader so far", "of 2 measured variants, on 1 of 2 boards"),
    ],
)
def test_firm_is_only_what_every_board_of_the_class_shows(
    tmp_path: Path,
    first_ms: Mapping[int, float],
    second_ms: Mapping[int, float],
    count: int,
    standing: str,
    compared: str,
) -> None:
    card = only(built(tmp_path, boards(first_ms, second_ms, count)), many_runs)
    view = answer_view(card, 1)
    assert (view.standing, view.compared, belief_in(card)) == (standing, compared, ("likely", "run_missing"))
    assert view.reason == "Not shown on every board of this class."


def test_runs_that_all_boards_have_are_firm(tmp_path: Path) -> None:
    view = answer_view(only(built(tmp_path, boards({1: 10.0, 2: 11.0}, {1: 20.0, 2: 21.0}, 2)), many_runs), 1)
    assert (view.standing, view.grade) == ("Pick", "firm")


def test_a_badged_or_emulated_past_run_counts_for_nothing(tmp_path: Path) -> None:
    of = pair(0.4, 0.2)
    kept = of.results
    worse: list[dict[str, object]] = [{"trust": BUSY}, {"emulated": True}, {"replayed": "board"}]
    past = [replace(again(one), **each) for one in kept for each in worse]  # pyright: ignore[reportArgumentType]
    assert belief_from_store(tmp_path / "spoiled", replace(of, results=[*past, *kept])) == ("likely", "repeat")
    sound = [again(one) for one in kept for _ in worse]
    assert belief_from_store(tmp_path / "sound", replace(of, results=[*sound, *kept])) == ("firm", "")


def again(result: m.Result) -> m.Result:
    return replace(result, result_id=identity.new_id())


def belief_from_store(folder: Path, of: fleet.Fleet) -> tuple[str, str]:
    folder.mkdir()
    with stores.opened(folder) as store:
        fleet.fill(store.writer, of)
        made = table.build(store.reader, fleet.NOW_S)
        return belief_in(only(made, lambda cells, metric: store.reader.history.past_runs(cells, metric, 10)))


def test_a_single_variant_is_run_in_the_other_columns_or_another_one_is_flashed(tmp_path: Path) -> None:
    of = pair(0.4, 0.2)
    alone = replace(of, results=of.results[:1])
    view = answer_view(only(built(tmp_path / "alone", alone)), 1)
    assert (view.grade, view.action and view.action.label) == ("open", "Choose a variant")
    of.states.append(fleet.state(2, "phone"))
    of.facts.append(fleet.facts(2, emulates="galaxy-a03"))
    of.results[1] = replace(of.results[1], device_id=fleet.device_id(2), emulated=True)
    view = answer_view(only(built(tmp_path / "other", of)), 1)
    assert view.action is not None
    assert view.action.label == "Run the other 1, about 20 s"
    assert view.action.fields == (
        ("cell", f"{fleet.device_id(1)}/{of.results[1].model_id}/{of.results[1].config_key}"),
    )


def third(of: fleet.Fleet, **asked: object) -> fleet.Fleet:
    """The pair, with a third variant of 0.3 ms that was asked for otherwise."""
    record = fleet.model("cnn fp16", "cnn", quantization="fp16")
    config = m.RunConfig(runtime="onnxruntime", **asked)  # pyright: ignore[reportArgumentType]
    result = replace(
        fleet.result(1, record, fleet.vision_rows(0.3, 0.004)), config=config, config_key=identity.config_key(config)
    )
    return replace(of, models=[*of.models, record], results=[*of.results, result])


def test_a_variant_that_did_other_work_competes_in_a_card_of_its_own(tmp_path: Path) -> None:
    first, other = answer_cards(built(tmp_path, third(pair(0.4, 0.2), shapes={"image": (8, 1, 8, 8)})), NO_RUNS).cards
    assert [len(card.contest.contenders) for card in (first, other)] == [2, 1]


def test_a_variant_on_another_provider_did_the_same_work(tmp_path: Path) -> None:
    view = answer_view(only(built(tmp_path, third(pair(0.4, 0.2), provider="cuda"))), 1)
    assert view.compared == "of 3 measured variants"


def test_stale_figures_name_nobody_and_their_button_runs_them_again(tmp_path: Path) -> None:
    of = pair(0.4, 0.2)
    now = m.RuntimeFact(variant="onnxruntime", formats=("onnx",), version="1.24.0")
    of.facts = [replace(fleet.facts(1), runtimes=(now,))]
    view = answer_view(only(built(tmp_path, of)), 1)
    assert (view.standing, view.reason) == ("No pick", "Every figure is from another runtime version.")
    assert view.action is not None
    assert view.action.label.startswith("Run 2, about ")


def test_a_hub_with_nothing_but_failures_says_which(tmp_path: Path) -> None:
    of = pair(0.4, 0.2)
    of.results = [fleet.result(1, model, failure=fleet.UNSUPPORTED) for model in of.models]
    view = answer_view(only(built(tmp_path, of)), 1)
    assert (view.standing, view.reason) == ("No pick", "No variant ran. 2 failures: operator_unsupported.")
    assert [one.after for one in view.asides] == ["failed: operator_unsupported"] * 2


def test_a_refused_job_is_named_refused(tmp_path: Path) -> None:
    of = pair(0.4, 0.2)
    of.results = of.results[:1]
    made = built(tmp_path, of)
    other = of.models[1]
    key = identity.config_key(fleet.config(other))
    blank = replace(made.cells[0], model_id=other.model_id, config_key=key, state="failed", metrics={}, marks=())
    column = replace(made.columns[0], model_id=other.model_id, model_name=other.name, config_key=key)
    refused = replace(blank, result_id=None, failure_code=None)
    shown = replace(made, columns=(made.columns[0], column), cells=(made.cells[0], refused))
    assert [one.after for one in answer_view(only(shown), 1).asides] == ["failed: refused"]


def test_runs_in_progress_leave_it_open(tmp_path: Path) -> None:
    of = pair(0.4, 0.2)
    of.jobs = [fleet.job(1, of.models[0])]
    card = only(built(tmp_path, of))
    assert (card.standing, belief_in(card)) == ("leader", ("open", "wait"))


def test_a_fleet_shows_the_best_founded_card_of_each_device_first(tmp_path: Path) -> None:
    of = pair(0.4, 0.2)
    of.models += [fleet.model(f"net {number}", f"net {number}") for number in range(8)]
    of.results += [fleet.result(1, model, fleet.vision_rows(1.0, 0.01)) for model in of.models[2:]]
    table = built(tmp_path, of)
    found = answer_cards(table, NO_RUNS)
    assert (len(found.cards), found.of) == (MAX_SHOWN, 9)
    assert found.cards[0].contest.family == "cnn"
    assert len(answer_cards(table, NO_RUNS, all_of_them=True).cards) == 9


def test_an_empty_hub_answers_nothing(tmp_path: Path) -> None:
    assert answer_cards(built(tmp_path, fleet.Fleet()), NO_RUNS).cards == ()


Draw = tuple[float, float | None, bool, bool, rest.CellState, Origin]
draws = st.tuples(
    st.floats(0.1, 100),
    st.none() | st.floats(0, 20),
    st.booleans(),
    st.booleans(),
    st.sampled_from(("measured", "measured", "measured", "stale", "running", "queued", "failed")),
    st.sampled_from(("measured", "measured", "measured", "predicted", "modelled", "entered")),
)


def changed(source: rest.CompareTable, drawn: Sequence[Draw], emulated: Sequence[bool]) -> rest.CompareTable:
    """The same hub with other figures, badges and states, and the marks that follow from them."""
    kinds: dict[tuple[str, str], Kind] = {
        (column.model_id, column.config_key): kind_of(column.format) for column in source.columns
    }
    cells: list[rest.Cell] = []
    for cell, (value, spread, doubted, ranked, state, origin) in zip(source.cells, drawn, strict=True):
        metric = HEADLINES[kinds[(cell.model_id, cell.config_key)]][0].metric
        row = fleet.row(metric, value, spread, origin)
        metrics = {} if state == "failed" else {metric: row}
        trust = BUSY if doubted else None
        cells.append(replace(cell, state=state, metrics=metrics, trust=trust, ranked=ranked, result_id="r", marks=()))
    configs = {column.config_key: m.RunConfig(runtime=column.runtime) for column in source.columns}
    found = ranking.marks(cells, source.columns, configs)
    devices = [
        replace(device, emulated=played, facts=None) for device, played in zip(source.devices, emulated, strict=True)
    ]
    marked = tuple(replace(cell, marks=found.get(ranking.key_of(cell), ())) for cell in cells)
    return replace(source, devices=tuple(devices), cells=marked)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_winner_without_a_verdict_on_sound_data(typical: rest.CompareTable, data: st.DataObject) -> None:
    drawn = data.draw(st.lists(draws, min_size=len(typical.cells), max_size=len(typical.cells)))
    emulated = data.draw(st.tuples(*(st.booleans() for _ in typical.devices)))
    shown = changed(typical, drawn, emulated)
    for card in answer_cards(shown, NO_RUNS).cards:
        if card.standing == "pick":
            assert card.pick is not None
            for cell in card.pick.cells:
                check_winner(shown, cell.device_id, cell)
        else:
            assert answer_view(card, 1).standing != "Pick"


def check_winner(shown: rest.CompareTable, device_id: str, winner: rest.Cell) -> None:
    """Told from the figures alone, not from the marks that the sentence rests on."""
    columns = {(column.model_id, column.config_key): column for column in shown.columns}
    own = columns[(winner.model_id, winner.config_key)]
    assert not next(device for device in shown.devices if device.device_id == device_id).played
    metric = HEADLINES[kind_of(own.format)][0].metric
    rivals = [
        cell
        for cell in shown.cells
        if cell.device_id == device_id
        and columns[(cell.model_id, cell.config_key)].family == own.family
        and cell.state != "failed"
    ]
    assert len(rivals) > 1
    for cell in rivals:
        assert (cell.state, cell.ranked, cell.trust) == ("measured", True, None)
        assert cell.metrics[metric].origin == "measured"
    high = winner.metrics[metric].ci_high
    assert high is not None
    for cell in rivals:
        low = cell.metrics[metric].ci_low
        assert low is not None
        assert cell is winner or low > high
