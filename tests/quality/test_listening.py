"""Sound on its way to a model: what a WAV file holds, features, steps, and detections out of scores."""

import io
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeprof_agent.worker.evaluation.audio import Recording, at_rate, recording, recording_of
from edgeprof_agent.worker.evaluation.base import NoAnswer
from edgeprof_agent.worker.evaluation.key_word import running_means
from edgeprof_agent.worker.evaluation.sound_features import SoundFeatures
from edgeprof_agent.worker.evaluation.streaming import Stream
from edgeprof_agent.worker.evaluation.voice_activity import SegmentRule
from edgeprof_agent.worker_protocol.adapter import InputNeed, OutputGiven, RuntimeFailure


def write(path: Path, data: bytes, width: int, channels: int = 1, rate: int = 8_000) -> Path:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(data)
    path.write_bytes(buffer.getvalue())
    return path


@pytest.mark.parametrize(
    ("width", "data"),
    [
        (1, bytes([128, 192, 0])),
        (2, np.array([0, 16_384, -32_768], "<i2").tobytes()),
        (3, b"\x00\x00\x00" + b"\x00\x00\x40" + b"\x00\x00\x80"),
        (4, np.array([0, 2**30, -(2**31)], "<i4").tobytes()),
    ],
)
def test_samples_of_every_width_come_out_alike(width: int, data: bytes, tmp_path: Path) -> None:
    found = recording(write(tmp_path / "a.wav", data, width))
    assert found.rate == 8_000
    assert found.samples.tolist() == [0.0, 0.5, -1.0]


def test_channels_are_averaged(tmp_path: Path) -> None:
    data = np.array([16_384, 0, -16_384, -16_384], "<i2").tobytes()
    assert recording(write(tmp_path / "a.wav", data, 2, channels=2)).samples.tolist() == [0.25, -0.5]


@pytest.mark.parametrize("data", [b"", b"RIFF", b"not a recording at all, only some text of length"])
def test_what_is_no_recording_is_named(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(data)
    with pytest.raises(NoAnswer, match=r"a\.wav does not decode"):
        recording(tmp_path / "a.wav")


def test_a_recording_is_as_long_as_its_item_says(tmp_path: Path) -> None:
    """An item that claims an hour makes false accepts per hour small."""
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(32_000))
    assert len(recording_of({"id": "1", "file": "a.wav", "duration_s": 1.05}, tmp_path).samples) == 16_000
    with pytest.raises(NoAnswer, match=r"lasts 1\.00 s, and its item says 3600\.00 s\. Correct duration_s"):
        recording_of({"id": "1", "file": "a.wav", "duration_s": 3600}, tmp_path)


def test_an_empty_recording_holds_no_sound(tmp_path: Path) -> None:
    with pytest.raises(NoAnswer, match="holds no sound"):
        recording(write(tmp_path / "a.wav", b"", 2))


def test_without_scipy_another_rate_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "scipy.signal", None)
    with pytest.raises(NoAnswer, match=r"8,000 Hz, the model takes 16,000 Hz\. Resample the file, or install scipy"):
        at_rate(Recording(np.zeros(8, np.float32), 8_000), 16_000)


def test_a_tone_is_loudest_in_the_mel_band_of_its_pitch() -> None:
    features = SoundFeatures({"features": "log-mel", "mels": 40, "low_hz": 0, "high_hz": 8000})
    tone = np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000).astype(np.float32)
    rows = features.of(tone)
    assert rows.shape == (98, 40)  # 25 ms frames every 10 ms in 1 s
    centre_mel = 2840.0 / 41 * (rows.mean(axis=0).argmax() + 1)  # 8 kHz is 2,840 mel; 1 kHz is 1,000
    assert centre_mel == pytest.approx(1000, abs=70)


def test_features_that_nobody_knows_are_refused() -> None:
    with pytest.raises(RuntimeFailure, match="not one of samples, log-mel, micro-frontend"):
        SoundFeatures({"features": "mfcc"})


class Heard:
    """A model that gives the sum of what it is fed and counts its steps in a state."""

    def __init__(self, shape: tuple[int, ...] = (1, 4)) -> None:
        self.fed: list[list[float]] = []
        self._shape = shape

    def needs(self) -> list[InputNeed]:
        return [InputNeed("x", "float32", self._shape), InputNeed("count", "float32", (-1, 1))]

    def gives(self) -> list[OutputGiven]:
        return [OutputGiven("count_out", "float32", ()), OutputGiven("y", "float32", ())]

    def answer(self, feeds: Any) -> dict[str, Any]:
        self.fed.append(feeds["x"].ravel().tolist())
        return {"count_out": feeds["count"] + 1, "y": feeds["x"].sum() + 100 * feeds["count"]}


def test_steps_overlap_by_their_context_and_hand_on_their_state() -> None:
    model = Heard()
    stream = Stream(model, {"rate": 10, "context": 1, "state": {"count": "count_out"}})
    for _ in range(2):  # the second recording is no continuation of the first
        model.fed.clear()
        steps = stream.steps(np.arange(1, 8, dtype=np.float32))
        scores = stream.scores(stream.ask(steps))
        assert model.fed == [[0, 1, 2, 3], [3, 4, 5, 6], [6, 7, 0, 0]]
        assert scores.ravel().tolist() == [6, 118, 213]
        assert steps.ends_s.tolist() == pytest.approx([0.3, 0.6, 0.9])


def test_a_recording_shorter_than_a_step_is_filled_up_with_silence() -> None:
    model = Heard()
    stream = Stream(model, {"state": {"count": "count_out"}})
    stream.ask(stream.steps(np.ones(2, np.float32)))
    assert model.fed == [[1, 1, 0, 0]]


def test_an_input_of_free_size_needs_a_window() -> None:
    with pytest.raises(RuntimeFailure, match="Add 'window'"):
        Stream(Heard((1, -1)), {"state": {"count": "count_out"}})


def test_a_score_that_is_no_number_is_no_answer() -> None:
    stream = Stream(Heard(), {"state": {"count": "count_out"}})
    with pytest.raises(NoAnswer, match="NaN or infinite"):
        stream.scores([np.array([np.nan])])


SCORES = np.array([0.1, 0.9, 0.4, 0.1, 0.9, 0.1], np.float32)
ENDS_S = np.arange(1, 7, dtype=np.float32)


@pytest.mark.parametrize(
    ("keys", "segments"),
    [
        ({}, [[1, 2], [4, 5]]),
        ({"end_threshold": 0.3}, [[1, 3], [4, 5]]),
        ({"min_silence_s": 2}, [[1, 5]]),
        ({"end_threshold": 0.3, "min_speech_s": 1.5}, [[1, 3]]),
        ({"pad_s": 1.5}, [[0, 3.5], [2.5, 6]]),
    ],
)
def test_segments_follow_from_scores_by_rule(keys: dict[str, float], segments: list[list[float]]) -> None:
    assert SegmentRule(keys).of(SCORES, ENDS_S, 6.0) == segments


def test_a_mean_over_steps_says_nothing_before_it_has_them() -> None:
    scores = np.array([[1.0], [0.0], [0.5], [0.5]], np.float32)
    assert running_means(scores, 2).ravel().tolist() == [0, 0.5, 0.25, 0.5]
    assert running_means(scores, 9).ravel().tolist() == [0, 0, 0, 0]
