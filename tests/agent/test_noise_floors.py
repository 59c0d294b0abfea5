"""Noise floors are kept by machine and found again."""

from dataclasses import replace
from pathlib import Path

import pytest

from edgeprof.errors import EdgeprofError
from edgeprof.wire.evidence import NoiseFloor
from edgeprof_agent import noise_floors
from tests.agent.measuring import BUNDLED, request_for

FLOOR = NoiseFloor(
    floor=0.03,
    expected=0.02,
    low=0.01,
    high=0.05,
    within_run=0.001,
    runs=10,
    date="2026-11-25T10:00:00+00:00",
    device_id="bench",
    model_name="a.onnx",
    config_key="0123",
    series="latency",
    model_id="a",
)


def find(file: Path, model_id: str = "a", key: str = "0123", series: str = "latency") -> NoiseFloor | None:
    return noise_floors.find("d-1", model_id, key, [series], file, "m1").get(series)


def test_a_floor_is_found_as_of_the_device_that_asks(tmp_path: Path) -> None:
    file = tmp_path / "state" / "floors.json"
    noise_floors.keep([FLOOR], file, "m1")
    assert find(file) == replace(FLOOR, device_id="d-1")


def test_the_own_set_up_goes_before_a_newer_one_of_another(tmp_path: Path) -> None:
    file = tmp_path / "floors.json"
    newer = replace(FLOOR, model_id="b", date="2026-11-26T10:00:00+00:00")
    noise_floors.keep([FLOOR, newer], file, "m1")
    found = [find(file, model) for model in ("a", "b", "c")]
    assert [floor.model_id if floor else None for floor in found] == ["a", "b", "b"]


def test_another_series_or_machine_has_no_floor(tmp_path: Path) -> None:
    file = tmp_path / "floors.json"
    noise_floors.keep([FLOOR], file, "m2")
    assert find(file) is None
    noise_floors.keep([FLOOR], file, "m1")
    assert find(file, series="inter_token") is None


def test_a_new_calibration_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    file = tmp_path / "floors.json"
    noise_floors.keep([FLOOR], file, "m1")
    noise_floors.keep([FLOOR], file, "m2")
    noise_floors.keep([replace(FLOOR, floor=0.5)], file, "m1")
    found = find(file)
    assert found is not None
    assert found.floor == 0.5
    assert file.read_text().count('"machine"') == 2


@pytest.mark.parametrize("content", ["{", "[1]", '[{"machine": "m1"}]'])
def test_a_broken_file_costs_no_run_and_is_not_written_over(tmp_path: Path, content: str) -> None:
    file = tmp_path / "floors.json"
    file.write_text(content)
    assert find(file) is None
    with pytest.raises(EdgeprofError, match="Delete it"):
        noise_floors.keep([FLOOR], file, "m1")
    with pytest.raises(EdgeprofError, match="Delete it"):
        noise_floors.check_file(file)
    assert file.read_text() == content


def test_a_machine_is_told_by_its_id_and_nobody_learns_that(tmp_path: Path) -> None:
    ids = ("8f" * 16, "7e" * 16)
    keys: list[str] = []
    for name in ids:
        (tmp_path / name / "etc").mkdir(parents=True)
        (tmp_path / name / "etc/machine-id").write_text(name + "\n")
        keys.append(noise_floors.machine_key(tmp_path / name))
    assert keys[0] != keys[1]
    assert keys[0] == noise_floors.machine_key(tmp_path / ids[0])
    assert not any(part in key for key in keys for part in ids)
    assert noise_floors.machine_key(tmp_path / "none") == noise_floors.machine_key(tmp_path / "neither")


def test_a_run_gets_the_floor_of_its_series_and_an_emulated_one_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEPROF_STATE", str(tmp_path))
    noise_floors.keep([FLOOR, replace(FLOOR, series="inter_token", floor=0.07), replace(FLOOR, series="ttft")])
    run = request_for(BUNDLED / "digits-cnn-int8.onnx")
    text = replace(run, model=replace(run.model, format="gguf"))
    found = [noise_floors.for_run(one) for one in (run, text, replace(run, emulated=True))]
    assert [one.lead.floor if one.lead else None for one in found] == [0.03, 0.07, None]
    assert [[floor.series for floor in one.others] for one in found] == [[], ["ttft"], []]
    assert noise_floors.file_of_floors().is_relative_to(tmp_path)
