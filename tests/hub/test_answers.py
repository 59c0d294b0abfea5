"""The sentences above the matrix: what they name, and above all when they must not name anything."""

from collections.abc import Sequence
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
from edgeprof_hub.matrix.answers import answers
from tests.hub import fleet, stores

BUSY = Trust(marks=(TrustMark(cause="busy", reason="Other programs took 14 % of the cores."),))


@pytest.fixture(scope="module")
def typical(tmp_path_factory: pytest.TempPathFactory) -> rest.CompareTable:
    return built(tmp_path_factory.mktemp("hub"), fleet.typical())


def built(folder: Path, of: fleet.Fleet) -> rest.CompareTable:
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


def test_a_winner_is_named_with_its_interval_and_linked_to_its_run(tmp_path: Path) -> None:
    (answer,) = answers(built(tmp_path, pair(0.4, 0.2)))
    assert answer.verdict == "best"
    assert answer.text.startswith("On pi, cnn int8 with onnxruntime is fastest of 2 measured variants (")
    assert "0.200 ms, 95 % 0.196–0.204" in answer.text
    assert f"/runs/{answer.leaders[0].result_id}" in [part.href for part in answer.parts]


def test_two_that_are_not_shown_to_differ_are_both_named(tmp_path: Path) -> None:
    (answer,) = answers(built(tmp_path, pair(0.200, 0.201)))
    assert answer.verdict == "not_shown_to_differ"
    assert answer.text.endswith("lead; no difference between them is shown.")
    assert "cnn fp32" in answer.text
    assert "cnn int8" in answer.text


def test_the_typical_fleet_has_a_tie_between_its_two_small_variants(typical: rest.CompareTable) -> None:
    (answer,) = answers(typical)
    assert answer.verdict == "not_shown_to_differ"
    assert answer.text.startswith("On pi5-kitchen, ")


def test_only_played_devices_name_nobody_and_say_why(tmp_path: Path) -> None:
    of = pair(0.4, 0.2)
    of.facts = [fleet.facts(1, emulates="galaxy-a03")]
    of.results = [replace(result, emulated=True) for result in of.results]
    (answer,) = answers(built(tmp_path, of))
    assert (answer.verdict, answer.leaders) == ("none", ())
    assert "emulated or replayed" in answer.text


def test_a_single_variant_names_nobody_and_says_why(tmp_path: Path) -> None:
    of = pair(0.4, 0.2)
    of.results = of.results[:1]
    (answer,) = answers(built(tmp_path, of))
    assert answer.text == "No winner: no device has measured two variants of one family."


def third(of: fleet.Fleet, **asked: object) -> fleet.Fleet:
    """The pair, with a third variant of 0.3 ms that was asked for otherwise."""
    record = fleet.model("cnn fp16", "cnn", quantization="fp16")
    config = m.RunConfig(runtime="onnxruntime", **asked)  # pyright: ignore[reportArgumentType]
    result = replace(
        fleet.result(1, record, fleet.vision_rows(0.3, 0.004)), config=config, config_key=identity.config_key(config)
    )
    return replace(of, models=[*of.models, record], results=[*of.results, result])


def test_a_variant_that_did_other_work_is_not_counted_among_the_compared(tmp_path: Path) -> None:
    (answer,) = answers(built(tmp_path, third(pair(0.4, 0.2), shapes={"image": (8, 1, 8, 8)})))
    assert "cnn int8 with onnxruntime is fastest of 2 measured variants" in answer.text


def test_a_variant_on_another_provider_did_the_same_work(tmp_path: Path) -> None:
    (answer,) = answers(built(tmp_path, third(pair(0.4, 0.2), provider="cuda")))
    assert "cnn int8 with onnxruntime is fastest of 3 measured variants" in answer.text


def test_stale_figures_name_nobody_and_say_why(tmp_path: Path) -> None:
    of = pair(0.4, 0.2)
    now = m.RuntimeFact(variant="onnxruntime", formats=("onnx",), version="1.24.0")
    of.facts = [replace(fleet.facts(1), runtimes=(now,))]
    (answer,) = answers(built(tmp_path, of))
    assert (answer.verdict, "stale" in answer.text) == ("none", True)


def test_an_empty_hub_answers_nothing(tmp_path: Path) -> None:
    assert answers(built(tmp_path, fleet.Fleet())) == ()


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
    for answer in answers(shown):
        if answer.verdict == "best":
            check_winner(shown, answer.device_id, answer.leaders[0])
        else:
            assert "fastest" not in answer.text


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
