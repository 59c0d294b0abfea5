"""`edgeprof divergence` reads texts with a source model; a variant is compared with what it wrote."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from edgeprof.cli import edgeprof
from edgeprof.errors import EdgeprofError
from edgeprof.quality.sets.folder import read_set
from tests.agent.gguf_models import tiny_llama


def texts(folder: Path, task: str = "perplexity") -> Path:
    folder.mkdir()
    facts = {"name": "texts", "task": task, "domain": "language", "language": "en"}
    (folder / "set.json").write_text(json.dumps(facts))
    items = [{"id": str(place), "text": f"A text of its own, number {place}."} for place in range(2)]
    (folder / "items.jsonl").write_text("".join(f"{json.dumps(item)}\n" for item in items))
    return folder


def run(*arguments: object) -> str:
    done = CliRunner().invoke(edgeprof, ["divergence", *map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_the_same_source_makes_the_same_set(tmp_path: Path) -> None:
    model, source = tiny_llama(tmp_path / "tiny.gguf"), texts(tmp_path / "texts")
    ids: list[str] = []
    for name in ("one", "two"):
        said = run(model, "--set", source, "--out", tmp_path / name, "--top", 4, "--threads", 1)
        ids.append(read_set(tmp_path / name).set_id)
        assert ids[-1][:12] in said
    assert ids[0] == ids[1]
    made = read_set(tmp_path / "one")
    assert (made.facts.task, made.facts.preparation["top"], len(made.files)) == ("divergence", 4, 2)


def test_a_set_without_texts_and_a_model_without_words_are_refused(tmp_path: Path) -> None:
    model, source = tiny_llama(tmp_path / "tiny.gguf"), texts(tmp_path / "texts")
    with pytest.raises(EdgeprofError, match="Use one of perplexity: it has texts"):
        run(model, "--set", "capitals-en", "--out", tmp_path / "out")
    other = tmp_path / "model.onnx"
    other.write_bytes(
        (Path(__file__).parents[2] / "model_exports/edgeprof_exports/bundled/digits-cnn-fp32.onnx").read_bytes()
    )
    with pytest.raises(EdgeprofError, match="not a GGUF model"):
        run(other, "--set", source, "--out", tmp_path / "out")
    with pytest.raises(EdgeprofError, match="shows no logits"):
        run(model, "--set", source, "--out", tmp_path / "out", "--runtime", "xllamacpp")
    assert not (tmp_path / "out").exists()
