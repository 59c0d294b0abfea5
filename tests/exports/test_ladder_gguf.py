"""The ladder of GGUF: weights in other types, from floats and from quantized ones, by ggml itself."""

from pathlib import Path

import pytest

from edgeprof.modelfiles import inspect
from edgeprof_exports.ladder.making import make, steps_for
from edgeprof_exports.quantize_gguf import TYPES, fitting_type
from tests.agent.gguf_models import tiny_llama


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_llama(tmp_path_factory.mktemp("source") / "tiny.gguf")


def elements_of(path: Path) -> dict[str, int]:
    """Weights by type."""
    contents = inspect(path).gguf
    assert contents is not None
    names = {number: name for name, number in TYPES.items()}
    return {names[number]: count for number, count in contents.elements.items()}


def test_a_float_file_gets_the_types_of_the_plan_and_keeps_its_norms(source: Path, tmp_path: Path) -> None:
    (step,) = steps_for("gguf", ("gguf-q8-0",))
    variant = make(step, source, tmp_path, None)
    assert variant.path is not None, variant.reason
    before, after = elements_of(source), elements_of(variant.path)
    assert set(before) == {"F32"}
    assert set(after) == {"F32", "Q8_0"}
    assert sum(after.values()) == before["F32"]
    assert after["Q8_0"] > 10 * after["F32"]  # norms are vectors, and stay
    made = variant.manifest
    assert made is not None
    assert not made.requantized
    assert variant.path.stat().st_size < 0.4 * source.stat().st_size


def test_a_quantized_source_is_named_so_and_grows_into_no_file(source: Path, tmp_path: Path) -> None:
    eight, four = (steps_for("gguf", (f"gguf-{name}",))[0] for name in ("q8-0", "q4-0"))
    base = make(eight, source, tmp_path, None).path
    assert base is not None
    smaller = make(four, base, tmp_path, None)
    assert smaller.manifest is not None
    assert smaller.manifest.requantized
    assert make(eight, base, tmp_path, None).reason == "the file would be no smaller than its source"
    assert not list(tmp_path.glob("*q8-0-gguf-q8-0*"))


def test_rows_that_no_block_fits_take_the_type_that_llama_cpp_gives_them() -> None:
    assert [fitting_type(kind, 576) for kind in ("Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "Q4_0", None)] == [
        *("IQ4_NL", "IQ4_NL", "Q5_0", "Q5_1", "Q8_0", "Q4_0", None)
    ]
    assert fitting_type("Q4_K", 2048) == "Q4_K"
    assert fitting_type("Q4_0", 100) is None
