"""What results carry themselves in a comparison: the device's noise floor, and the marks of the trust badge."""

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from edgeprof.errors import EdgeprofError
from edgeprof.wire import messages as m
from edgeprof.wire.evidence import NoiseFloor, Trust, TrustCause, TrustMark
from edgeprof_agent import noise_floors
from tests.hub import fleet
from tests.statistics.test_compare_command import FP32, kept, run, vision

FLOOR = NoiseFloor(
    floor=0.04,
    expected=0.03,
    low=0.02,
    high=0.06,
    within_run=0.002,
    runs=20,
    date="2026-11-20T10:00:00+00:00",
    device_id=fleet.device_id(1),
    model_name=FP32.name,
    config_key=vision(10).config_key,
    series="latency",
    model_id=FP32.model_id,
)


def marked(around_ms: float, *causes: TrustCause, seed: int = 1) -> m.Result:
    marks = tuple(TrustMark(cause=cause, reason=f"Found {cause}.") for cause in causes)
    return vision(around_ms, seed, trust=Trust(marks=marks))


def outcome(tmp_path: Path, a: m.Result, b: m.Result, *options: str | Path) -> str:
    return run(kept(tmp_path / "a.json", a), kept(tmp_path / "b.json", b), *options)


def test_the_floor_that_results_carry_is_used(tmp_path: Path) -> None:
    a, b = vision(10, noise_floor=FLOOR), vision(10.8, 2)
    report = json.loads(outcome(tmp_path, a, b, "--json"))
    assert (report["verdict"]["outcome"], report["verdict"]["basis"]) == ("slower", "calibration")
    assert report["verdict"]["floor"] == pytest.approx(0.04)
    assert not report["warnings"]
    assert outcome(tmp_path, a, vision(10.3, 2)).startswith("No difference shown")


def test_the_newest_floor_counts_and_one_that_is_given_comes_first(tmp_path: Path) -> None:
    newer = replace(FLOOR, floor=0.20, date="2026-11-24T10:00:00+00:00")
    a, b = vision(10, noise_floor=newer), vision(10.8, 2, noise_floor=FLOOR)
    assert "Noise floor used: 20.0%" in outcome(tmp_path, a, b)
    assert "Noise floor used: 20.0%" in outcome(tmp_path, b, a)
    file = tmp_path / "floor"
    file.write_bytes(msgspec.json.encode(replace(FLOOR, floor=0.05)))
    assert "Noise floor used: 5.0%" in outcome(tmp_path, a, b, "--floor", file)


@pytest.mark.parametrize("other", [{"device_id": "d-other"}, {"series": "decode"}])
def test_a_carried_floor_of_another_device_or_series_is_not_used(tmp_path: Path, other: dict[str, str]) -> None:
    a = vision(10, noise_floor=replace(FLOOR, **other))
    assert outcome(tmp_path, a, vision(10.8, 2)).startswith("No verdict")


def test_a_carried_floor_does_not_hold_between_devices(tmp_path: Path) -> None:
    a, b = vision(10, noise_floor=FLOOR), vision(10.8, 2, device_id="d-other")
    assert outcome(tmp_path, a, b).startswith("No verdict")


OTHER = replace(FLOOR, model_id="another", model_name="llm")


@pytest.mark.parametrize("alien", [OTHER, replace(FLOOR, config_key="f" * 16)], ids=["model", "configuration"])
def test_a_small_floor_of_another_set_up_claims_no_more_than_no_floor(tmp_path: Path, alien: NoiseFloor) -> None:
    a = vision(10, noise_floor=alien)
    text = outcome(tmp_path, a, vision(10.8, 2))
    assert text.startswith("No verdict")
    assert f"warning: the noise floor was measured on another set-up ({alien.model_name})" in text
    assert "Noise floor used: 25.0%" in text


def test_a_large_floor_of_another_set_up_takes_the_place_of_the_default(tmp_path: Path) -> None:
    a = vision(10, noise_floor=replace(OTHER, floor=0.4))
    text = outcome(tmp_path, a, vision(13.5, 2))
    assert text.startswith("No difference shown")
    assert "Noise floor used: 40.0%" in text


@pytest.mark.parametrize(("share", "said"), [(0.001, "B is slower"), (0.4, "No difference shown")])
def test_a_floor_of_another_set_up_can_only_widen_what_repeats_tell(tmp_path: Path, share: float, said: str) -> None:
    for number in range(3):
        kept(tmp_path / "a" / f"{number}.json", vision(10, number, noise_floor=replace(OTHER, floor=share)))
        kept(tmp_path / "b" / f"{number}.json", vision(11.5, number + 5))
    text = run(tmp_path / "a", tmp_path / "b")
    assert text.startswith(said)
    assert "warning: the noise floor was measured on another set-up (llm)" in text


def test_of_two_set_ups_with_their_own_floors_the_larger_one_counts(tmp_path: Path) -> None:
    other = replace(FLOOR, floor=0.06, model_id="m-b", date="2026-11-01T10:00:00+00:00")
    a, b = vision(10, noise_floor=FLOOR), vision(10.8, 2, model_id="m-b", noise_floor=other)
    for text in (outcome(tmp_path, a, b), outcome(tmp_path, b, a)):
        assert "Noise floor used: 6.0%" in text
        assert "another set-up" not in text
    half = outcome(tmp_path, a, replace(b, noise_floor=None))
    assert "Noise floor used: 25.0%" in half
    assert "another set-up" in half


def test_the_floor_of_the_series_that_is_compared_is_picked(tmp_path: Path) -> None:
    lead = replace(FLOOR, series="inter_token")
    a = vision(10, noise_floor=lead, noise_floors=(replace(FLOOR, series="ttft"), FLOOR))
    assert "Noise floor used: 4.0% (calibration)" in outcome(tmp_path, a, vision(10.8, 2))


def test_what_calibrate_prints_and_keeps_can_be_given(tmp_path: Path) -> None:
    floors = [replace(FLOOR, series="ttft"), replace(FLOOR, floor=0.05)]
    printed, stored = tmp_path / "printed", tmp_path / "stored"
    printed.write_bytes(msgspec.json.encode(floors))
    noise_floors.keep(floors, stored, "some machine")
    for file in (printed, stored):
        assert "Noise floor used: 5.0%" in outcome(tmp_path, vision(10), vision(10.8, 2), "--floor", file)


def test_a_learned_floor_is_the_wires_own(tmp_path: Path) -> None:
    for number in range(6):
        kept(tmp_path / "aa" / f"{number}.json", vision(10 + number / 50, number))
    run(tmp_path / "aa", "--learn-floor", tmp_path / "floor.json")
    learned = msgspec.json.decode((tmp_path / "floor.json").read_bytes(), type=NoiseFloor)
    assert (learned.device_id, learned.model_name, learned.series) == (fleet.device_id(1), FP32.name, "latency")
    assert learned.runs == 6
    assert 0 < learned.low < learned.expected < learned.floor < learned.high


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"{}", "not_a_floor"),
        (b"\xff", "not_a_floor"),
        (b"[]", "not_a_floor"),
        (b"[1]", "not_a_floor"),
        (None, "no_such_file"),
    ],
)
def test_a_floor_that_cannot_be_read_is_told(tmp_path: Path, content: bytes | None, code: str) -> None:
    if content is not None:
        (tmp_path / "floor").write_bytes(content)
    with pytest.raises(EdgeprofError) as caught:
        outcome(tmp_path, vision(10), vision(11), "--floor", tmp_path / "floor")
    assert caught.value.code == code


@pytest.mark.parametrize("cause", ["throttled", "under_voltage", "swapping"])
def test_a_marked_run_keeps_its_verdict_with_a_warning(tmp_path: Path, cause: TrustCause) -> None:
    text = outcome(tmp_path, replace(marked(10), noise_floor=FLOOR), marked(11, cause, seed=2))
    assert text.startswith("B is slower")
    assert f"warning: B is marked {cause.replace('_', ' ')}: Found {cause}\n" in text
    assert "A is marked" not in text


def test_every_cause_is_one_line_and_says_in_how_many_runs(tmp_path: Path) -> None:
    for number, causes in enumerate([("busy", "noisy"), ("busy",), ()]):
        kept(tmp_path / "a" / f"{number}.json", marked(10, *causes, seed=number))  # type: ignore[arg-type]
        kept(tmp_path / "b" / f"{number}.json", marked(12, seed=number + 5))
    lines = [line.strip() for line in run(tmp_path / "a", tmp_path / "b").splitlines() if "warning" in line]
    assert lines == [
        "warning: A is marked busy in 2 of 3 runs: Found busy",
        "warning: A is marked noisy in 1 of 3 runs: Found noisy",
    ]


def test_a_side_marked_emulated_is_never_ranked(tmp_path: Path) -> None:
    text = outcome(tmp_path, replace(marked(10), noise_floor=FLOOR), marked(30, "emulated", seed=2))
    assert text.startswith("No verdict on A and B: B is emulated, and times of an emulated device are never ranked")
    assert "warning: B is marked emulated: Found emulated" in text


def test_a_run_from_before_there_were_badges_tells_of_throttling_by_its_device(tmp_path: Path) -> None:
    state = replace(fleet.device_state(80), throttled=True)
    text = outcome(tmp_path, vision(10, after=state), vision(11, 2))
    assert "warning: A is marked throttled: the device reported it" in text
    assert "throttled" not in outcome(tmp_path, vision(10, after=state, trust=Trust()), vision(11, 2))
