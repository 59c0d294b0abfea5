"""`edgeprof evaluate --endpoint`: a served model by its name or its document, with the key from the environment."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edgeprof.modelfiles import served_file
from edgeprof.modelfiles.served_file import Served
from edgeprof.quality.evaluation_set import SetFacts
from edgeprof.quality.sets.folder import write_set
from edgeprof.wire.messages import Result
from tests.agent.odd_endpoint import WORD, OddEndpoint, odd_endpoint


@pytest.fixture
def odd() -> Iterator[OddEndpoint]:
    with odd_endpoint() as server:
        server.key = "sk-of-a-test"
        yield server


def _set(folder: Path) -> Path:
    facts = SetFacts(
        name="words", task="exact-match", domain="language", template="{question}", preparation={"max_tokens": 3}
    )
    right = (WORD * 3).strip()
    items = [{"id": str(n), "question": "Say it.", "target": (right, "other")[n % 2]} for n in range(4)]
    write_set(folder, facts, items)
    return folder


def _evaluate(model: object, odd: OddEndpoint, folder: Path, *options: object) -> "subprocess.CompletedProcess[str]":
    words = ["evaluate", model, "--set", folder / "set", "--endpoint", odd.url, *options]
    return subprocess.run(
        [sys.executable, "-m", "edgeprof", *map(str, words)],
        env={**os.environ, "EDGEPROF_CACHE": str(folder / "cache"), "THE_KEY": odd.key},
        capture_output=True,
        text=True,
        timeout=150,
    )


def test_a_name_is_as_good_as_its_document_and_the_key_is_stored_nowhere(odd: OddEndpoint, tmp_path: Path) -> None:
    _set(tmp_path / "set")
    document = tmp_path / "odd-1.served"
    document.write_bytes(served_file.written(Served(edgeprof_served=1, model="odd-1")))
    found: list[Result] = []
    for place, model in enumerate(("odd-1", document)):
        saved = tmp_path / f"saved{place}"
        done = _evaluate(model, odd, tmp_path, "--endpoint-key-env", "THE_KEY", "--save", saved)
        assert done.returncode == 0, done.stderr
        assert "50.00 %" in done.stdout
        (file,) = saved.glob("*/001.json")
        found.append(msgspec.json.decode(file.read_bytes(), type=Result))
        written = b"".join(path.read_bytes() for path in saved.rglob("*") if path.is_file())
        assert b"sk-of-a-test" not in written + done.stdout.encode() + done.stderr.encode()
    assert found[0].model_id == found[1].model_id
    assert found[0].device_id == odd.url.split("/")[2]
    assert {body["messages"][0]["content"] for body in odd.bodies[-4:]} == {"Say it."}


def test_a_key_without_an_endpoint_and_a_missing_key_are_one_sentence(odd: OddEndpoint, tmp_path: Path) -> None:
    _set(tmp_path / "set")
    done = _evaluate("odd-1", odd, tmp_path, "--endpoint-key-env", "NO_SUCH_KEY")
    assert (done.returncode, odd.bodies) == (2, [])
    assert "[key_missing]" in done.stderr
