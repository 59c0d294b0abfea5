"""Published models on small sets made here: the whole path answers what the model says. Needs a package index."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from PIL import Image, ImageDraw, ImageFont

from edgeprof.quality.evaluation_set import Item, SetFacts
from edgeprof_exports import catalogue, fetch
from tests.agent.evaluating import evaluated
from tests.agent.test_evaluation_tensor import wav

pytestmark = pytest.mark.full

LINES = ("emergency exit", "platform 7 departs at 12:45", "caution wet floor", "open daily from nine until five")


def model(name: str) -> Path:
    return fetch.ensure(catalogue.load_recipes()[name], print)


def drawn(text: str) -> bytes:
    font = ImageFont.load_default(28)
    image = Image.new("RGB", (int(font.getlength(text)) + 20, 44), "white")
    ImageDraw.Draw(image).text((10, 4), text, fill="black", font=font)
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def test_a_reader_of_ten_mib_reads_printed_lines(tmp_path: Path) -> None:
    path = model("ppocr-v4-rec")
    facts = SetFacts(name="lines", task="ocr", domain="vision", language="en", preparation={"ignore": ["spaces"]})
    items: list[Item] = [{"id": text, "file": f"files/{n}.png", "text": text} for n, text in enumerate(LINES)]
    run = evaluated(tmp_path, path, facts, items, {f"files/{n}.png": drawn(text) for n, text in enumerate(LINES)})
    assert run.result.status == "measured", run.result.failure
    assert run.figures["character_error_rate_percent"] < 3


def test_a_listener_hears_what_its_own_loop_says(tmp_path: Path) -> None:
    """Silero VAD over a sound whose loudness comes and goes; a step is speech above the median of its own scores."""
    path = model("silero-vad-fp32")
    source = np.random.default_rng(1)
    time_s = np.arange(16_000 * 4) / 16_000
    voice = sum(np.sin(2 * np.pi * 130 * harmonic * time_s) / harmonic for harmonic in range(1, 20))
    sound = 0.1 * voice * (np.sin(2 * np.pi * 0.7 * time_s) > 0) * (1 + np.sin(2 * np.pi * 4 * time_s)) / 2
    data = wav(np.clip(sound + source.normal(0, 0.003, len(time_s)), -1, 1))
    samples = np.frombuffer(data[44:], "<i2").astype(np.float32) / 32_768
    session: Any = onnxruntime.InferenceSession(str(path))
    state, context, scores = np.zeros((2, 1, 128), np.float32), np.zeros(64, np.float32), list[float]()
    for at in range(0, len(samples), 512):
        step = samples[at : at + 512]
        given = np.concatenate([context, step])[None]
        score, state = session.run(None, {"input": given, "state": state})
        context = step[-64:]
        scores.append(float(score[0, 0]))
    threshold = (sorted(scores)[len(scores) // 2 - 1] + sorted(scores)[len(scores) // 2]) / 2
    bare = tmp_path / "silero.onnx"  # without the smoothing that the recipe asks for
    bare.write_bytes(path.read_bytes())
    preparation = {"context": 64, "state": {"state": "stateN"}, "threshold": threshold}
    facts = SetFacts(name="sound", task="voice-activity", domain="audio", preparation=preparation)
    item: Item = {"id": "1", "file": "files/1.wav", "duration_s": 4.0, "segments": []}
    run = evaluated(tmp_path, bare, facts, [item], {"files/1.wav": data})
    heard = [any(start <= (step + 0.5) * 0.032 < end for start, end in run.outcomes["1"].answer) for step in range(125)]
    assert heard == [score >= threshold for score in scores]
