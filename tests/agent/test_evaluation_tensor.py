"""Every pipeline of a tensor model from end to end: a set on disk, a real runtime in a real worker, the figures."""

import io
import json
import wave
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from edgeprof.quality.evaluation_set import Item, SetFacts
from edgeprof_agent.worker.evaluation.model_keys import with_model_keys
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure
from tests.agent import answering_models, tflite_models
from tests.agent.evaluating import evaluated

RATE = 16_000


def png(pixels: Any) -> bytes:
    data = io.BytesIO()
    Image.fromarray(np.asarray(pixels, np.uint8)).save(data, "PNG")
    return data.getvalue()


def wav(samples: Any, rate: int = RATE, width: int = 2, channels: int = 1) -> bytes:
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(np.rint(np.asarray(samples) * 32_767).astype("<i2").tobytes())
    return data.getvalue()


DETECTORS: dict[str, tuple[dict[str, Any], str]] = {
    "yolo": ({"head": np.array([[[8.0], [16.0], [8.0], [8.0], [0.1], [0.8]] * 1])}, "head"),
    "xyxy-score-label": ({"rows": [[[4, 12, 12, 20, 0.8, 1]]]}, "rows"),
    "boxes-labels-scores": ({"boxes": [[4, 12, 12, 20]], "labels": [1], "scores": [0.8]}, "scores"),
    "ssd": (
        {
            "boxes": [[[12 / 32, 4 / 32, 20 / 32, 12 / 32], [0, 0, 1, 1]]],
            "classes": [[1, 0]],
            "scores": [[0.8, 0.9]],
            "count": [1],
        },
        "scores",
    ),
}


@pytest.mark.parametrize("form", sorted(DETECTORS))
def test_a_detector_of_each_format_finds_the_box_in_the_pixels_of_the_image(form: str, tmp_path: Path) -> None:
    """A frame of 32 x 32 holds an image of 40 x 80 in its middle rows: 8 to 24, at 0.4 of its size."""
    outputs, scores = DETECTORS[form]
    if form == "yolo":  # boxes are many, values few
        outputs = {"head": np.concatenate([outputs["head"], np.zeros((1, 6, 20))], axis=2)}
    model = answering_models.detector(tmp_path / "detector.onnx", outputs, scores)
    facts = SetFacts(
        name="boxes",
        task="object-detection",
        domain="vision",
        classes=("cat", "dog"),
        preparation={"format": form, "fit": "letterbox", "pad": 0, "scale": 1 / 255, "min_score": 0.3},
    )
    white, black = np.full((40, 80, 3), 255), np.zeros((40, 80, 3))
    there: Item = {"id": "white", "file": "files/white.png", "objects": [{"box": [10, 10, 20, 20], "label": 1}]}
    nothing: Item = {"id": "black", "file": "files/black.png", "objects": []}
    run = evaluated(
        tmp_path, model, facts, [there, nothing], {"files/white.png": png(white), "files/black.png": png(black)}
    )
    assert run.result.status == "measured", run.result.failure
    ((label, score, *box),) = run.outcomes["white"].answer
    assert (label, score) == (1, pytest.approx(0.8, abs=1e-5))
    assert box == pytest.approx([10, 10, 20, 20], abs=0.01)
    if form != "xyxy-score-label":  # there the label follows the image, too
        assert run.outcomes["black"].answer == []
    assert run.figures["map_50_95_percent"] == pytest.approx(100)
    assert set(run.outcomes["white"].parts_ns) == {"decode", "prepare", "model", "finish"}
    assert run.outcomes["white"].pipeline_ns == sum(run.outcomes["white"].parts_ns.values())


def text_image(places: list[int], outputs: int) -> bytes:
    """Two columns of each place's grey, one of black between."""
    greys = [grey for place in places for grey in (place, place, 0)]
    row = np.rint(np.array(greys) * 255 / (outputs - 1))
    return png(np.tile(row, (8, 1)))


@pytest.mark.parametrize("width", ["width", 24])
def test_a_reader_spells_out_its_columns(width: int | str, tmp_path: Path) -> None:
    model = answering_models.reader(tmp_path / "reader.onnx", 6, width)
    preparation = {"characters": ["a", "b", "c", "d"], "scale": 1 / 255, "channels": 1, "min_width": 1}
    facts = SetFacts(name="lines", task="ocr", domain="vision", preparation=preparation)
    texts = {"one": "abba", "two": "da", "three": "a b"}
    places = {"a": 1, "b": 2, "c": 3, "d": 4, " ": 5}
    items: list[Item] = [{"id": name, "file": f"files/{name}.png", "text": text} for name, text in texts.items()]
    items[1] = {**items[1], "text": "dab"}
    files = {f"files/{name}.png": text_image([places[each] for each in text], 6) for name, text in texts.items()}
    run = evaluated(tmp_path, model, facts, items, files)
    assert run.result.status == "measured", run.result.failure
    assert {name: outcome.answer for name, outcome in run.outcomes.items()} == texts
    assert run.figures["character_error_rate_percent"] == pytest.approx(10)  # one of ten characters is missing


def test_a_reader_without_its_characters_is_told_what_to_add(tmp_path: Path) -> None:
    model = answering_models.reader(tmp_path / "reader.onnx", 6)
    facts = SetFacts(name="lines", task="ocr", domain="vision", preparation={"channels": 1})
    item: Item = {"id": "1", "file": "files/1.png", "text": "a"}
    run = evaluated(tmp_path, model, facts, [item], {"files/1.png": text_image([1], 6)})
    assert run.result.failure is not None
    assert (run.result.failure.code, "'characters'" in run.result.failure.message) == ("bad_set", True)


def test_a_preparation_with_a_word_for_a_number_is_a_bad_set(tmp_path: Path) -> None:
    model = answering_models.listener(tmp_path / "listener.onnx")
    preparation = {"state": {"state": "state_out"}, "constants": {"gain": 1}, "threshold": "high"}
    facts = SetFacts(name="speech", task="voice-activity", domain="audio", preparation=preparation)
    item: Item = {"id": "1", "file": "files/1.wav", "duration_s": 0.1, "segments": []}
    run = evaluated(tmp_path, model, facts, [item], {"files/1.wav": wav(np.zeros(1600))})
    assert run.result.failure is not None
    assert run.result.failure.code == "bad_set"
    assert "'high'" in run.result.failure.message


def test_the_models_own_keys_come_before_those_of_the_set(tmp_path: Path) -> None:
    """The set asks for no threshold that silence could reach; the model brings its state, its constants and 0.3."""
    model = answering_models.listener(tmp_path / "listener.onnx")
    own = {"state": {"state": "state_out"}, "constants": {"gain": 1}, "threshold": 0.3}
    (tmp_path / "listener.preparation.json").write_text(json.dumps(own))
    facts = SetFacts(name="speech", task="voice-activity", domain="audio", preparation={"threshold": 0.95})
    item: Item = {"id": "1", "file": "files/1.wav", "duration_s": 0.1, "segments": [[0.0, 0.1]]}
    run = evaluated(tmp_path, model, facts, [item], {"files/1.wav": wav(np.full(1600, 0.5))})
    assert run.outcomes["1"].answer == [[0.0, 0.1]]


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "Cannot read"), ("[]", "is not a JSON object"), ('{"tolerance_s": 9}', "has tolerance_s")],
)
def test_a_models_keys_of_no_use_are_named(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "m.preparation.json"
    path.write_text(text)
    with pytest.raises(RuntimeFailure, match=message):
        with_model_keys(SetFacts(name="s", task="key-word", domain="audio"), [path])


def test_speech_lasts_as_long_as_the_state_says_and_no_recording_hears_the_one_before(tmp_path: Path) -> None:
    """Steps of 10 ms; loudness 0.8 fades to 0.4, 0.2: one step more is above 0.3."""
    model = answering_models.listener(tmp_path / "listener.onnx")
    preparation = {"state": {"state": "state_out"}, "constants": {"gain": 1, "sr": RATE}, "threshold": 0.3}
    facts = SetFacts(name="speech", task="voice-activity", domain="audio", preparation=preparation)
    loud = np.concatenate([np.zeros(1600), np.full(1600, 0.8)])
    items: list[Item] = [
        {"id": "speech", "file": "files/speech.wav", "duration_s": 0.3, "segments": [[0.1, 0.2]]},
        {"id": "cut", "file": "files/cut.wav", "duration_s": 0.2, "segments": [[0.1, 0.2]]},
        {"id": "silence", "file": "files/silence.wav", "duration_s": 0.1, "segments": []},
        {"id": "broken", "file": "files/broken.wav", "duration_s": 0.1, "segments": []},
    ]
    files = {
        "files/speech.wav": wav(np.concatenate([loud, np.zeros(1600)])),
        "files/cut.wav": wav(loud),
        "files/silence.wav": wav(np.zeros(1600)),
        "files/broken.wav": b"RIFF and nothing else",
    }
    run = evaluated(tmp_path, model, facts, items, files)
    assert run.result.status == "measured", run.result.failure
    assert run.outcomes["speech"].answer == [[0.1, 0.21]]
    assert run.outcomes["silence"].answer == []
    assert "broken.wav does not decode" in run.outcomes["broken"].problem
    assert run.figures["recall_percent"] == 100
    assert run.figures["precision_percent"] == pytest.approx(100 * 20 / 21)


def test_a_set_that_leaves_inputs_open_names_them(tmp_path: Path) -> None:
    model = answering_models.listener(tmp_path / "listener.onnx")
    facts = SetFacts(name="speech", task="voice-activity", domain="audio")
    item: Item = {"id": "1", "file": "files/1.wav", "duration_s": 0.1, "segments": []}
    run = evaluated(tmp_path, model, facts, [item], {"files/1.wav": wav(np.zeros(1600))})
    assert run.result.failure is not None
    assert run.result.failure.code == "input_unsupported"
    assert "sound, state, gain" in run.result.failure.message


def test_variables_in_a_tflite_model_start_anew_with_each_recording(tmp_path: Path) -> None:
    """The model sums what it hears, 0.5 a sample: the fourth sample exceeds 1.6, in every recording."""
    model = tflite_models.running_sum(tmp_path / "sum.tflite")
    preparation = {"rate": 100, "threshold": 1.6, "refractory_s": 10}
    facts = SetFacts(name="words", task="key-word", domain="audio", classes=("hey",), preparation=preparation)
    word = {"label": 0, "start_s": 0.0, "end_s": 0.04}
    items: list[Item] = [
        {"id": str(place), "file": f"files/{place}.wav", "duration_s": 0.05, "words": [word]} for place in range(3)
    ]
    files = {f"files/{place}.wav": wav(np.full(5, 0.5), rate=100) for place in range(3)}
    run = evaluated(tmp_path, model, facts, items, files, "litert")
    assert run.result.status == "measured", run.result.failure
    times = [outcome.answer[0][1] for outcome in run.outcomes.values()]
    assert times == [0.04, 0.04, 0.04]
    assert run.figures["f1_percent"] == 100


def test_a_recording_of_another_rate_is_resampled(tmp_path: Path) -> None:
    model = answering_models.listener(tmp_path / "listener.onnx")
    preparation = {"state": {"state": "state_out"}, "constants": {"gain": 1}, "threshold": 0.3}
    facts = SetFacts(name="speech", task="voice-activity", domain="audio", preparation=preparation)
    time_s = np.arange(16_000) / 32_000
    sound = np.where(time_s < 0.25, 0.9 * np.sin(2 * np.pi * 400 * time_s), 0)
    item: Item = {"id": "1", "file": "files/1.wav", "duration_s": 0.5, "segments": [[0.0, 0.25]]}
    run = evaluated(tmp_path, model, facts, [item], {"files/1.wav": wav(sound, rate=32_000)})
    ((start_s, end_s),) = run.outcomes["1"].answer
    assert (start_s, end_s) == (0, pytest.approx(0.26, abs=0.011))


WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "cats", "dogs", "purr", "bark", "loudly", "at", "night")


def test_a_query_finds_the_documents_that_share_its_words(tmp_path: Path) -> None:
    model = answering_models.encoder(tmp_path / "encoder.onnx", len(WORDS))
    documents = {"purr": "cats purr", "bark": "dogs bark loudly", "night": "dogs bark at night"}
    preparation = {"documents": documents, "tokenizer": "files/vocab.txt"}
    facts = SetFacts(name="pets", task="retrieval", domain="language", language="en", preparation=preparation)
    items: list[Item] = [
        {"id": "1", "text": "Cats purr loudly", "relevance": {"purr": 1}},
        {"id": "2", "text": "bark at night", "relevance": {"night": 2, "bark": 1}},
    ]
    run = evaluated(tmp_path, model, facts, items, {"files/vocab.txt": "\n".join(WORDS).encode()})
    assert run.result.status == "measured", run.result.failure
    assert [outcome.answer[0] for outcome in run.outcomes.values()] == ["purr", "night"]
    assert run.figures["ndcg_at_10_percent"] == pytest.approx(100)
    assert run.figures["recall_at_10_percent"] == 100


def test_an_encoder_brings_its_tokenizer(tmp_path: Path) -> None:
    model = answering_models.encoder(tmp_path / "encoder.onnx", len(WORDS))
    (tmp_path / "encoder.vocab.txt").write_text("\n".join(WORDS))
    facts = SetFacts(
        name="p", task="retrieval", domain="language", preparation={"documents": {"a": "cats", "b": "dogs"}}
    )
    run = evaluated(tmp_path, model, facts, [{"id": "1", "text": "dogs bark", "relevance": {"b": 1}}])
    assert run.outcomes["1"].answer == ["b", "a"]


def test_an_encoder_without_a_tokenizer_is_told_what_to_add(tmp_path: Path) -> None:
    model = answering_models.encoder(tmp_path / "encoder.onnx", 4)
    facts = SetFacts(name="pets", task="retrieval", domain="language", preparation={"documents": {"a": "cats"}})
    run = evaluated(tmp_path, model, facts, [{"id": "1", "text": "cats", "relevance": {"a": 1}}])
    assert run.result.failure is not None
    assert "MODEL.tokenizer.json" in run.result.failure.message


def test_a_file_that_the_preparation_names_outside_the_set_is_not_read(tmp_path: Path) -> None:
    model = answering_models.encoder(tmp_path / "encoder.onnx", 4)
    (tmp_path / "vocab.txt").write_text("\n".join(WORDS))
    preparation = {"documents": {"a": "cats"}, "tokenizer": "../vocab.txt"}
    facts = SetFacts(name="pets", task="retrieval", domain="language", preparation=preparation)
    run = evaluated(tmp_path, model, facts, [{"id": "1", "text": "cats", "relevance": {"a": 1}}])
    assert run.result.failure is not None
    assert run.result.failure.code == "bad_set"


def test_json_of_an_answer_holds_no_numpy(tmp_path: Path) -> None:
    form = "boxes-labels-scores"
    model = answering_models.detector(tmp_path / "detector.onnx", *DETECTORS[form])
    preparation = {"format": form, "scale": 1 / 255}
    facts = SetFacts(name="b", task="object-detection", domain="vision", classes=("a", "b"), preparation=preparation)
    item: Item = {"id": "1", "file": "files/1.png", "objects": []}
    run = evaluated(tmp_path, model, facts, [item], {"files/1.png": png(np.full((32, 32, 3), 255))})
    answer: npt.ArrayLike = run.outcomes["1"].answer
    assert json.dumps(answer) == "[[1, 0.8, 4.0, 12.0, 8.0, 8.0]]"
