"""Predicted cells: from neighbours on this hub, from the profile, or not at all; and how they came out."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import msgspec
import pytest

from edgeprof.prediction.constants import COLD
from edgeprof.wire import identity, rest
from edgeprof.wire import messages as m
from edgeprof_devices import load_profiles
from edgeprof_hub.config import HubSettings
from edgeprof_hub.context import DATABASE
from edgeprof_hub.events import Change
from edgeprof_hub.lifecycle.running import running
from edgeprof_hub.prediction import cells, watch
from edgeprof_hub.prediction.cells import Predictions, current_predictions, make_predictions, predicted_cells
from edgeprof_hub.prediction.observed import fleet_of, work_of
from edgeprof_hub.store import predictions as store_predictions
from edgeprof_hub.store.predictions import RecordedPrediction
from edgeprof_hub.store.reader import SqliteReader
from edgeprof_hub.store.writer import SqliteWriter
from edgeprof_hub.views.predictions_page import predictions_page
from tests.hub import fleet
from tests.hub.conftest import Open
from tests.hub.live import eventually

PROFILES = {1: "rpi-5-8", 2: "rpi-4b-8", 3: "orange-pi-5"}
VISION = [fleet.model(f"net {number}", f"net{number}") for number in range(4)]
GIB = 1_000_000_000
WRITERS = [
    replace(
        fleet.model(f"writer {size}", f"writer{size}", "gguf", "Q4_K_M", "llm"), size_bytes=size * GIB, parameters=p
    )
    for size, p in ((1, 1_600_000_000), (2, 3_200_000_000), (4, 6_400_000_000))
]


def hub_of(
    tmp_path: Path,
    steps_ms: Mapping[tuple[int, int], float] | None = None,
    tokens_per_s: Mapping[tuple[int, int], float] | None = None,
    emulated: frozenset[int] = frozenset(),
    devices: int = 3,
) -> SqliteReader:
    """Figures by device and number of the model, in VISION and in WRITERS."""
    writer = SqliteWriter(tmp_path / DATABASE)
    vision = [
        fleet.result(device, VISION[one], fleet.vision_rows(ms, 0.01), emulated=device in emulated)
        for (device, one), ms in (steps_ms or {}).items()
    ]
    language = [
        fleet.result(device, WRITERS[one], fleet.language_rows(rate))
        for (device, one), rate in (tokens_per_s or {}).items()
    ]
    numbers = range(1, devices + 1)
    fleet.fill(
        writer,
        fleet.Fleet(
            states=[fleet.state(number, f"board {number}") for number in numbers],
            models=[*VISION, *WRITERS],
        ),
    )
    for number in numbers:
        emulates = "galaxy-a03" if number in emulated else None
        profile = load_profiles()[emulates or PROFILES[number]]
        writer.save_facts(fleet.facts(number, emulates), profile.id, "by its device tree", profile.title)
    for result in (*vision, *language):
        writer.save_result(result, result.result_id, fleet.NOW_S)
    writer.close()
    return SqliteReader(tmp_path / DATABASE)


@pytest.fixture
def closing() -> Iterator[list[SqliteReader]]:
    readers: list[SqliteReader] = []
    yield readers
    for reader in readers:
        reader.close()


def made(reader: SqliteReader, closing: list[SqliteReader]) -> Predictions:
    closing.append(reader)
    return make_predictions(fleet_of(reader))


def pair(model: rest.ModelRecord, device: int) -> tuple[str, str]:
    return model.model_id, fleet.device_id(device)


def test_models_in_common_tell_how_much_slower_a_board_is(tmp_path: Path, closing: list[SqliteReader]) -> None:
    steps = {(1, 0): 10.0, (1, 1): 20.0, (1, 2): 40.0, (2, 0): 30.0, (2, 1): 60.0}
    found = made(hub_of(tmp_path, steps), closing).cells[pair(VISION[2], 2)]
    assert found.value == pytest.approx(120.0)
    assert found.low < 120.0 < found.high
    assert (found.metric, found.tier) == ("latency_p50_ms", "probed")
    assert found.basis == "2 models in common with other devices"


def test_the_same_board_kind_tells_it_directly(tmp_path: Path, closing: list[SqliteReader]) -> None:
    reader = hub_of(tmp_path, {(1, 0): 10.0})
    writer = SqliteWriter(tmp_path / DATABASE)
    writer.save_facts(fleet.facts(2), "rpi-5-8", "by its device tree", "Raspberry Pi 5, 8 GB")
    writer.close()
    found = made(reader, closing).cells[pair(VISION[0], 2)]
    assert (found.value, found.basis) == (10.0, "1 rpi-5-8 measured")


def test_two_language_models_of_a_board_predict_a_third(tmp_path: Path, closing: list[SqliteReader]) -> None:
    found = made(hub_of(tmp_path, tokens_per_s={(1, 0): 10.0, (1, 2): 2.5}), closing).cells[pair(WRITERS[1], 1)]
    assert found.value == pytest.approx(5.0)
    assert found.tier == "probed"
    assert found.basis == "2 models measured on this device"


def test_a_language_model_is_predicted_from_the_profile_alone(tmp_path: Path, closing: list[SqliteReader]) -> None:
    found = made(hub_of(tmp_path, tokens_per_s={(1, 0): 10.0}), closing).cells
    on_pi_4, on_pi_5 = found[pair(WRITERS[1], 2)], found[pair(WRITERS[1], 1)]
    assert on_pi_4.tier == "cold"
    assert on_pi_4.basis == "profile rpi-4b-8, memcpy 2.55 GB/s"
    assert on_pi_4.high < on_pi_5.low


def test_without_a_neighbour_nothing_is_predicted(tmp_path: Path, closing: list[SqliteReader]) -> None:
    found = made(hub_of(tmp_path, {(1, 0): 10.0}), closing)
    assert not any(model_id in {one.model_id for one in VISION} for model_id, _ in found.cells)
    assert found.untold == 4 * 3 - 1


def test_an_emulated_device_neither_predicts_nor_is_predicted(tmp_path: Path, closing: list[SqliteReader]) -> None:
    steps = {(1, 0): 10.0, (1, 1): 20.0, (1, 2): 40.0, (2, 0): 30.0, (2, 1): 60.0}
    assert (
        made(hub_of(tmp_path, steps, emulated=frozenset({1}), devices=2), closing)
        .cells.keys()
        .isdisjoint({pair(VISION[2], 2), pair(VISION[3], 1)})
    )


def test_a_failed_pair_is_not_predicted(tmp_path: Path, closing: list[SqliteReader]) -> None:
    steps = {(1, 0): 10.0, (1, 1): 20.0, (1, 2): 40.0, (2, 0): 30.0, (2, 1): 60.0}
    reader = hub_of(tmp_path, steps)
    writer = SqliteWriter(tmp_path / DATABASE)
    failed = fleet.result(2, VISION[2], failure=fleet.UNSUPPORTED)
    writer.save_result(failed, failed.result_id, fleet.NOW_S)
    writer.close()
    assert pair(VISION[2], 2) not in made(reader, closing).cells


def test_a_measurement_replaces_the_prediction_and_scores_it(tmp_path: Path, closing: list[SqliteReader]) -> None:
    steps = {(1, 0): 10.0, (1, 1): 20.0, (1, 2): 40.0, (2, 0): 30.0, (2, 1): 60.0}
    reader = hub_of(tmp_path, steps)
    closing.append(reader)
    assert predicted_cells(reader)[pair(VISION[2], 2)].value == pytest.approx(120.0)
    writer = SqliteWriter(tmp_path / DATABASE)
    measured = fleet.result(2, VISION[2], fleet.vision_rows(100.0, 0.1))
    writer.save_result(measured, measured.result_id, fleet.NOW_S)
    writer.close()
    now = current_predictions(reader)
    assert pair(VISION[2], 2) not in now.cells
    (scored,) = [one for one in now.scored if one.pair == pair(VISION[2], 2)]
    assert (round(scored.predicted), scored.measured, scored.result_id) == (120, 100.0, measured.result_id)


def other(result: m.Result, config: m.RunConfig) -> m.Result:
    return replace(result, config=config, config_key=identity.config_key(config))


def write(tmp_path: Path, *results: m.Result) -> None:
    writer = SqliteWriter(tmp_path / DATABASE)
    for result in results:
        writer.save_result(result, result.result_id, fleet.NOW_S)
    writer.close()


def test_two_input_sizes_of_a_model_never_mix(tmp_path: Path, closing: list[SqliteReader]) -> None:
    reader = hub_of(tmp_path, {(1, 0): 10.0, (2, 0): 20.0})
    large = replace(fleet.config(VISION[0]), shapes={"image": (1, 3, 896, 896)})
    write(tmp_path, other(fleet.result(1, VISION[0], fleet.vision_rows(160.0, 0.1)), large))
    found = made(reader, closing)
    assert found.chosen[VISION[0].model_id] == identity.config_key(fleet.config(VISION[0]))
    assert {key[1]: one[2] for key, one in found.measured.items()} == {
        fleet.device_id(1): 10.0,
        fleet.device_id(2): 20.0,
    }


def test_a_model_beyond_the_boards_memory_is_not_predicted(tmp_path: Path, closing: list[SqliteReader]) -> None:
    reader = hub_of(tmp_path, tokens_per_s={(1, 0): 10.0})
    huge = replace(fleet.model("huge", "huge", "gguf", "Q4_K_M", "llm"), size_bytes=40 * GIB, parameters=70_000_000_000)
    writer = SqliteWriter(tmp_path / DATABASE)
    writer.save_model(huge)
    before = made(reader, closing)
    assert pair(WRITERS[2], 2) in before.cells  # 4 GB, on a board of 8
    assert not any(model_id == huge.model_id for model_id, _ in before.cells)
    writer.save_facts(replace(fleet.facts(2), memory_limit_mib=2048.0), "rpi-4b-8", "by its device tree", "Pi 4")
    writer.close()
    after = make_predictions(fleet_of(reader))
    assert pair(WRITERS[2], 2) not in after.cells
    assert after.untold == before.untold + 1


def test_a_model_in_a_format_that_a_device_cannot_read_is_not_predicted(
    tmp_path: Path, closing: list[SqliteReader]
) -> None:
    reader = hub_of(tmp_path, STEPS)
    newer = replace(VISION[2], format="ort")
    writer = SqliteWriter(tmp_path / DATABASE)
    writer.save_model(replace(newer, model_id="0" * 64))
    writer.save_facts(fleet.facts(2), "rpi-5-8", "by its device tree", "Pi 5")
    writer.close()
    write(tmp_path, replace(fleet.result(1, VISION[2], fleet.vision_rows(40.0, 0.1)), model_id="0" * 64))
    assert ("0" * 64, fleet.device_id(2)) not in made(reader, closing).cells


def test_a_language_model_without_a_count_of_parameters_has_no_profile_prediction(
    tmp_path: Path, closing: list[SqliteReader]
) -> None:
    reader = hub_of(tmp_path)
    writer = SqliteWriter(tmp_path / DATABASE)
    unknown = replace(fleet.model("unknown", "unknown", "gguf", "Q4_K_M", "llm"), size_bytes=GIB, parameters=None)
    writer.save_model(unknown)
    writer.close()
    found = made(reader, closing).cells
    assert pair(WRITERS[0], 1) in found
    assert pair(unknown, 1) not in found


@pytest.mark.parametrize("name", ["Qwen3-30B-A3B", "Mixtral 8x7B", "OLMoE 1B-7B"])
def test_a_mixture_of_experts_is_not_predicted_by_its_bytes(
    tmp_path: Path, closing: list[SqliteReader], name: str
) -> None:
    reader = hub_of(tmp_path, tokens_per_s={(1, 0): 10.0, (1, 2): 2.5})
    mixture = replace(fleet.model(name, name, "gguf", "Q4_K_M", "llm"), size_bytes=2 * GIB, parameters=3 * GIB)
    writer = SqliteWriter(tmp_path / DATABASE)
    writer.save_model(mixture)
    writer.close()
    found = made(reader, closing).cells
    assert pair(WRITERS[1], 1) in found
    assert not any(model_id == mixture.model_id for model_id, _ in found)


def test_a_dense_models_name_is_no_mixtures() -> None:
    for name in ("SmolLM2 135M", "Llama 3.2 3B", "gemma-3-1b-it", "Alibaba 4B"):
        assert not work_of(fleet.model(name, name, "gguf")).is_sparse


def test_what_other_boards_tell_has_the_range_of_boards_that_ran_nothing(
    tmp_path: Path, closing: list[SqliteReader]
) -> None:
    reader = hub_of(tmp_path, {(1, 0): 10.0})
    writer = SqliteWriter(tmp_path / DATABASE)
    writer.save_facts(fleet.facts(2), "rpi-5-8", "by its device tree", "Raspberry Pi 5, 8 GB")
    writer.close()
    twin = made(reader, closing).cells[pair(VISION[0], 2)]
    assert twin.tier == "cold"
    assert twin.high == pytest.approx(10.0 * math.exp(COLD["tensor", "cpu"].spread))


def test_models_in_common_have_the_wider_range_too(tmp_path: Path, closing: list[SqliteReader]) -> None:
    steps = {(1, 0): 10.0, (1, 1): 20.0, (1, 2): 40.0, (2, 0): 30.0, (2, 1): 60.0}
    found = made(hub_of(tmp_path, steps), closing)
    assert ("tensor", "common models") not in found.spreads
    assert found.cells[pair(VISION[2], 2)].high == pytest.approx(120.0 * math.exp(COLD["tensor", "cpu"].spread))


def test_ranges_are_the_hubs_own_misses_once_it_has_five(tmp_path: Path, closing: list[SqliteReader]) -> None:
    factors = (1.0, 3.0, 0.5)
    steps = {(device, one): 10.0 * (one + 1) * factors[device - 1] for device in (1, 2, 3) for one in range(3)}
    found = made(hub_of(tmp_path, {**steps, (1, 3): 80.0}), closing)
    assert found.spreads["tensor", "common models"] == pytest.approx(0.0, abs=1e-9)
    one = found.cells[pair(VISION[3], 2)]
    assert one.low == pytest.approx(one.value) == pytest.approx(240.0)


def test_the_page_shows_what_is_predicted_and_how_it_came_out(open_hub: Open) -> None:
    typical = fleet.typical()
    typical.models[-1] = replace(typical.models[-1], parameters=135_000_000)
    typical.states.append(fleet.state(3, "new board"))
    typical.facts.append(fleet.facts(3))
    shown = open_hub(typical).get("/predictions").text
    assert "1 rpi-5-8 measured" in shown
    assert "0.412" in shown
    assert "Predictions of 1 measured cells" in shown
    assert "1 cells: cannot tell" in shown


def test_the_page_shows_the_last_predictions_and_makes_none_itself(
    open_hub: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    typical = fleet.typical()
    typical.states.append(fleet.state(3, "new board"))
    typical.facts.append(fleet.facts(3))
    monkeypatch.setattr(watch, "SETTLE_S", 60.0)
    monkeypatch.setattr(cells, "MAX_AT_ONCE", -1)
    client = open_hub(typical)
    assert "They are being made." in client.get("/predictions").text
    eventually(lambda: "new board" in client.get("/predictions").text)
    monkeypatch.setattr(cells, "fleet_of", Mock(side_effect=AssertionError))
    assert client.delete(f"/api/v1/devices/{fleet.device_id(3)}").status_code == 204
    shown = client.get("/predictions")
    assert (shown.status_code, "Predicted now" in shown.text, "new board" in shown.text) == (200, True, False)


def test_a_hub_without_results_has_the_page_too(open_hub: Open) -> None:
    shown = open_hub(fleet.Fleet()).get("/predictions").text
    assert "Nothing to score yet" in shown


STEPS = {(1, 0): 10.0, (1, 1): 20.0, (1, 2): 40.0, (2, 0): 30.0, (2, 1): 60.0}


def test_a_recorded_prediction_stays_when_its_measurement_comes(
    tmp_path: Path, closing: list[SqliteReader], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub_of(tmp_path, STEPS).close()
    monkeypatch.setattr(watch, "SETTLE_S", 0.01)
    wanted = pair(VISION[2], 2)
    with running(HubSettings(data=tmp_path)) as hub:
        eventually(lambda: wanted in hub.reader.predictions.recorded())
        measured = fleet.result(2, VISION[2], fleet.vision_rows(100.0, 0.1))
        hub.writer.call(lambda store: store.save_result(measured, measured.result_id, fleet.NOW_S))
        hub.events.publish([Change("result", measured.result_id)])
        eventually(lambda: wanted in current_predictions(hub.reader).measured)
        kept = hub.reader.predictions.recorded()[wanted]
        shown = predictions_page(
            current_predictions(hub.reader),
            hub.reader.predictions.recorded(),
            hub.reader.models(),
            hub.reader.devices(),
        )
    assert kept.predicted.value == pytest.approx(120.0)
    assert kept.made_s > 0
    assert shown.kept_sentence == "1 were measured later: off by 20 % at the median, 1 in their range."
    (line,) = shown.kept
    assert (line.predicted, line.measured, line.off_percent, line.held) == ("120", "100", "20 %", True)


def test_only_what_moved_is_recorded_again(tmp_path: Path, closing: list[SqliteReader]) -> None:
    found = made(hub_of(tmp_path, STEPS), closing).cells
    one = found[pair(VISION[2], 2)]
    recorded = {pair(VISION[2], 2): RecordedPrediction(predicted=one, made_s=1.0)}
    assert watch.changed_predictions({pair(VISION[2], 2): one}, recorded) == {}
    moved = msgspec.structs.replace(one, value=1.02 * one.value)
    assert watch.changed_predictions({pair(VISION[2], 2): moved}, recorded) == {pair(VISION[2], 2): moved}


def test_a_deleted_model_takes_its_predictions_with_it(tmp_path: Path, closing: list[SqliteReader]) -> None:
    reader = hub_of(tmp_path, STEPS)
    found = made(reader, closing).cells
    writer = SqliteWriter(tmp_path / DATABASE)
    writer.change(lambda db: store_predictions.save(db, found, 5.0))
    assert reader.predictions.recorded().keys() == found.keys()
    writer.delete_model(VISION[2].model_id)
    writer.change(lambda db: store_predictions.save(db, found, 6.0))
    assert pair(VISION[2], 2) not in reader.predictions.recorded()
    writer.close()
