"""Quality beside speed: a line in each cell, a gate that keeps a variant from leading, drift, accuracy as an axis."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from edgeprof.tables.quality_words import correct_texts, quality_text
from edgeprof.wire import rest
from edgeprof_hub.matrix import pareto, table
from edgeprof_hub.matrix.answer_cards import answer_cards
from edgeprof_hub.views.answer_view import AnswerView, answer_view
from tests.hub import fleet
from tests.hub.live import Live, serving
from tests.hub.quality_cases import BAD, FLOAT, GOOD, RIGHT, SLIGHTLY, WORSE, emptied, evaluated, speed, store


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with serving(tmp_path_factory.mktemp("quality") / "data") as found:
        yield found


@pytest.fixture
def live(shared: Live) -> Live:
    emptied(shared.hub)
    return shared


def built(live: Live) -> rest.CompareTable:
    return table.build(live.hub.reader, fleet.NOW_S)


def cell(made: rest.CompareTable, model: rest.ModelRecord, number: int = 1) -> rest.Cell:
    return next(
        each for each in made.cells if (each.model_id, each.device_id) == (model.model_id, fleet.device_id(number))
    )


def family_marks(found: rest.Cell) -> set[str]:
    return {mark.verdict for mark in found.marks if mark.metric == "latency_p50_ms" and mark.among == "family"}


def three(live: Live, **changes: object) -> None:
    """The variant that fails its gate is the fastest."""
    hub = live.hub
    runs = [evaluated(hub, 1, FLOAT, RIGHT), evaluated(hub, 1, GOOD, SLIGHTLY), evaluated(hub, 1, BAD, WORSE)]
    store(hub, *runs, speed(1, FLOAT, 4.0), speed(1, GOOD, 2.0), speed(1, BAD, 1.0), **changes)  # pyright: ignore[reportArgumentType]


def only(made: rest.CompareTable) -> AnswerView:
    (card,) = answer_cards(made, lambda _cells, _metric: {}).cards
    return answer_view(card, 1)


def test_a_variant_that_fails_its_gate_leads_nothing_and_its_speed_stays(live: Live) -> None:
    three(live, gates=())
    assert family_marks(cell(built(live), BAD)) == {"best"}
    three(live)
    made = built(live)
    assert (family_marks(cell(made, BAD)), family_marks(cell(made, GOOD))) == (set(), {"best"})
    assert cell(made, BAD).metrics["latency_p50_ms"].value == 1.0
    view = only(made)
    assert view.pick is not None
    assert (view.standing, view.pick.name, view.compared) == ("Pick", "cnn int8", "of 2 measured variants")
    assert [(one.name, one.after) for one in view.asides] == [("cnn int4", "fails its gate")]
    assert view.facts[0].text == "✓ passes its gate"


def test_an_undecided_leader_is_named_as_such(live: Live) -> None:
    hub = live.hub
    runs = [evaluated(hub, 1, FLOAT, RIGHT[440:]), evaluated(hub, 1, GOOD, SLIGHTLY[440:])]
    store(hub, *runs, speed(1, FLOAT, 4.0), speed(1, GOOD, 2.0))
    assert only(built(live)).facts[0].text == "? gate undecided"


def test_with_one_variant_left_nobody_wins_and_the_reason_is_given(live: Live) -> None:
    hub = live.hub
    runs = [evaluated(hub, 1, FLOAT, RIGHT), evaluated(hub, 1, BAD, WORSE)]
    store(hub, *runs, speed(1, FLOAT, 4.0), speed(1, BAD, 1.0))
    view = only(built(live))
    assert (view.standing, view.reason) == ("Leader so far", "Only one variant has a figure.")
    assert [one.after for one in view.asides] == ["fails its gate"]


def test_a_device_outside_of_the_page_that_fails_is_no_rival(live: Live) -> None:
    hub = live.hub
    runs = [
        *(
            evaluated(hub, number, FLOAT, RIGHT, name)
            for number, name in ((1, "aarch64"), (2, "x86_64"), (3, "aarch64"))
        ),
        *(
            evaluated(hub, 1, GOOD, SLIGHTLY),
            evaluated(hub, 2, GOOD, WORSE, "x86_64"),
            evaluated(hub, 3, GOOD, SLIGHTLY),
        ),
    ]
    speeds = [speed(1, GOOD, 2.0), speed(2, GOOD, 1.0), speed(3, GOOD, 3.0)]
    store(hub, *runs, *speeds, devices=(1, 2, 3))
    faces = replace(fleet.facts(2), machine="x86_64")
    hub.writer.call(lambda writer: writer.save_facts(faces, None, ""))
    axes = table.axes(hub.reader)
    shown = [device for device in axes.devices if device.device_id == fleet.device_id(1)]
    part = table.part_of(hub.reader, axes, shown, axes.columns, fleet.NOW_S).shown
    marks = {mark.among: mark.verdict for mark in cell(part, GOOD).marks if mark.metric == "latency_p50_ms"}
    assert marks["column"] == "best"


def test_each_cell_says_its_figure_with_interval_and_items_and_its_gate(live: Live) -> None:
    three(live)
    page = live.app_get("/?columns=quality")
    for text in (
        "accuracy 96.0 % (93.9–97.4), 500 items",
        "passes its gate",
        "fails its gate",
        "cnn int4 with onnxruntime 1.23.2 on aarch64 fails: -12 points",
        "Quality on shapes, with its 95 % interval.",
    ):
        assert text in page
    assert page.count("Quality on shapes, with its 95 % interval.") == 1


def test_an_evaluation_after_an_upgrade_counts_for_the_speed_before_it(live: Live) -> None:
    """Its figure stands in the cell, so that its verdict must, too."""
    hub = live.hub
    runs = [evaluated(hub, 1, FLOAT, RIGHT), evaluated(hub, 1, GOOD, WORSE, version="1.24.0")]
    store(hub, *runs, speed(1, FLOAT, 2.0), speed(1, GOOD, 1.0))
    found = cell(built(live), GOOD)
    assert found.effective_runtime == "onnxruntime 1.23.2"
    assert found.quality is not None
    assert (found.quality.gate, found.quality.value) == ("fails", pytest.approx(84.0))
    assert family_marks(found) == set()


def test_a_few_items_tried_later_do_not_take_the_place_of_the_whole_set(live: Live) -> None:
    hub = live.hub
    whole, later = evaluated(hub, 1, GOOD, SLIGHTLY), evaluated(hub, 1, GOOD, RIGHT[:5])
    assert later.evaluation is not None
    part = replace(later, evaluation=replace(later.evaluation, ended="item_limit"))
    store(hub, evaluated(hub, 1, FLOAT, RIGHT), whole, part, speed(1, FLOAT, 2.0), speed(1, GOOD, 1.0))
    found = cell(built(live), GOOD).quality
    assert found is not None
    assert found.n == 500


def test_an_emulated_evaluation_is_not_shown_beside_speed(live: Live) -> None:
    hub = live.hub
    store(hub, evaluated(hub, 1, GOOD, SLIGHTLY, emulated=True), speed(1, GOOD, 2.0), gates=())
    assert cell(built(live), GOOD).quality is None


def test_another_runtime_version_that_answers_differently_has_a_mark(live: Live) -> None:
    hub = live.hub
    runs = [evaluated(hub, 1, FLOAT, RIGHT), evaluated(hub, 2, FLOAT, WORSE, version="1.24.0")]
    store(hub, *runs, speed(1, FLOAT, 2.0), speed(2, FLOAT, 2.0), devices=(1, 2), gates=())
    found = cell(built(live), FLOAT, 2).quality
    assert found is not None
    assert found.drift == "quality_differs"
    assert "≠ quality drifts" in live.app_get("/")


def test_accuracy_is_an_axis_and_more_is_better(live: Live) -> None:
    three(live, gates=())
    speed_axis = pareto.axis("speed", "latency_p50_ms")
    found = pareto.candidates(built(live).cells, speed_axis, pareto.AXES["quality"])
    assert [round(one.y.value, 1) for one in found] == [84.0, 96.0, 96.0]
    assert [one.on_front for one in found] == [True, True, False]
    assert "Accuracy on shapes" in live.app_get("/?against=quality")


def test_words_of_quality() -> None:
    assert quality_text("perplexity", 9.4, 9.1, 9.8, 1) == "perplexity 9.40 (9.10–9.80), 1 item"
    assert quality_text("character_error_rate_percent", 3.0, None, None, 2000) == "CER 3.00 %, 2,000 items"
    assert correct_texts(None) == correct_texts(rest.CorrectCost()) == ()
    cost = rest.CorrectCost(usd_per_1000=0.5, usd_per_1000_low=0.4, usd_per_1000_high=0.6)
    assert correct_texts(cost) == ("$0.500 per 1,000 right answers ($0.400–$0.600)",)
