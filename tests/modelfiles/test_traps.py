"""Known traps: the catalogue, and what recognises each, by the facts of real model files."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import trap_models as models
from edgeprof.modelfiles.weights import StoredWeights, stored_weights
from edgeprof.traps.catalogue import catalogue
from edgeprof.traps.facts import TrapFacts
from edgeprof.traps.packed import table_json
from edgeprof.traps.page import traps_markdown
from edgeprof.traps.recognise import RECOGNISERS, recognised
from edgeprof.traps.table import FILE, sentence, table
from edgeprof.wire.evidence import FoundTrap
from edgeprof.wire.formats import ModelFormat

DOCS = Path(__file__).parents[2] / "docs"
ORT = TrapFacts(runtime="onnxruntime", model_format="onnx", machine="x86_64", provider="cpu", threads=1, cores=1)
LITERT = replace(ORT, runtime="litert", model_format="tflite", delegate="XNNPACK (1 partition)")
LLAMA = replace(ORT, runtime="llama-capi", model_format="gguf")


def ids(facts: TrapFacts) -> list[str]:
    return [found.trap for found in recognised(facts)]


def of_file(facts: TrapFacts, path: Path, model_format: ModelFormat = "onnx") -> TrapFacts:
    """With what the file itself says."""
    weights: StoredWeights = stored_weights(path, model_format)
    return replace(
        facts,
        half_share=weights.half_share,
        integer_weights=weights.products,
        nbits_levels=weights.matmul_nbits,
        gguf_values=weights.gguf_values,
        gguf_type=weights.gguf_type,
    )


def test_every_trap_is_recognised_or_says_why_not() -> None:
    traps = {trap.id: trap for group in catalogue().values() for trap in group}
    assert set(RECOGNISERS) == {name for name, trap in traps.items() if trap.recognised}
    assert set(table()) == set(RECOGNISERS)
    for trap in traps.values():
        assert trap.what.endswith("."), trap.id
        assert trap.way_out.endswith("."), trap.id
        assert not trap.effect.endswith("."), trap.id


def test_the_page_and_the_packed_table_are_current() -> None:
    assert (DOCS / "traps.md").read_text() == traps_markdown(), "Run: ./scripts/docs"
    assert FILE.read_bytes() == table_json(), f"Run: python -m edgeprof.traps.packed {FILE}"


def test_every_command_of_a_figure_names_its_trap() -> None:
    for group in catalogue().values():
        for trap in group:
            commands = [figure.command for figure in trap.figures if figure.command]
            assert all(command.endswith(f"benchmarks.traps {trap.id}") for command in commands)


def test_dynamic_quantization_with_signed_weights(tmp_path: Path) -> None:
    source = models.network(tmp_path / "fp32.onnx", channels=8, pixels=8)
    ran = replace(ORT, operators={"ConvInteger": 3}, integer_kernels=3)
    signed = of_file(ran, models.dynamic(source, tmp_path / "s8.onnx", signed=True))
    assert signed.integer_weights == {"ConvInteger int8": 3}
    assert ids(signed) == ["onnx-dynamic-signed-conv"]
    assert ids(of_file(ran, models.dynamic(source, tmp_path / "u8.onnx", signed=False))) == []
    assert ids(replace(signed, machine="aarch64")) == [], "no figure from there"
    assert ids(replace(signed, provider="cuda")) == []


def test_static_quantization_with_unsigned_weights(tmp_path: Path) -> None:
    source = models.network(tmp_path / "fp32.onnx", channels=8, pixels=8)
    ran = replace(ORT, operators={"QLinearConv": 3}, integer_kernels=3)
    unsigned = of_file(ran, models.static(source, tmp_path / "u8.onnx", signed=False))
    assert unsigned.integer_weights == {"Conv uint8": 3}
    assert ids(unsigned) == ["onnx-static-unsigned-weights"]
    assert ids(replace(unsigned, integer_kernels=0)) == [], "it computed in floats: another matter"
    signed = of_file(ran, models.static(source, tmp_path / "s8.onnx", signed=True))
    assert signed.integer_weights == {"Conv int8": 3}
    assert ids(signed) == []


def test_packed_products_by_their_accuracy_level(tmp_path: Path) -> None:
    ran = replace(ORT, operators={"MatMulNBits": 1})
    assert ids(of_file(ran, models.nbits(tmp_path / "0.onnx", None, 64))) == ["onnx-nbits-accuracy-level"]
    assert ids(of_file(ran, models.nbits(tmp_path / "4.onnx", 4, 64))) == []


def test_fp16_on_a_cpu(tmp_path: Path) -> None:
    half = models.half(models.products(tmp_path / "fp32.onnx", 64, 2), tmp_path / "fp16.onnx")
    ran = of_file(replace(ORT, float_kernels=2, half_kernels=0), half)
    assert ids(ran) == ["onnx-fp16-on-cpu"]
    assert ids(replace(ran, half_kernels=2)) == [], "this runtime computed in fp16"
    assert ids(replace(ran, provider="cuda")) == []


def test_an_ort_file() -> None:
    assert ids(replace(ORT, model_format="ort")) == ["onnx-ort-format-memory"]


def test_tflite_without_a_delegate_on_zeros_and_in_fp16() -> None:
    layers = replace(LITERT, operators={"FULLY_CONNECTED": 2, "SOFTMAX": 1})
    assert ids(layers) == []
    assert ids(replace(layers, delegate=None)) == ["tflite-no-delegate"]
    assert ids(replace(LITERT, operators={"ADD": 1}, delegate=None)) == [], "nothing that XNNPACK would be faster at"
    assert ids(replace(layers, zero_inputs=("x",))) == ["tflite-hybrid-zero-input"]
    half = replace(layers, half_share=0.9, operators={"FULLY_CONNECTED": 2, "DEQUANTIZE": 2})
    assert ids(half) == ["tflite-fp16-memory"]
    assert ids(replace(half, machine="aarch64")) == [], "some Arm processors compute in fp16"


def test_gguf_types_and_threads() -> None:
    assert ids(replace(LLAMA, gguf_values={"Q4_1": 90, "F32": 10}, gguf_type="Q4_1")) == ["gguf-q4-1"]
    assert ids(replace(LLAMA, gguf_values={"Q4_0": 90, "F32": 10}, gguf_type="Q4_0")) == []
    fallen = {"Q5_0": 78, "Q8_0": 30, "Q4_K": 14, "Q6_K": 12, "F32": 1}
    assert ids(replace(LLAMA, gguf_values=fallen, gguf_type="Q4_K_M")) == ["gguf-k-fallback"]
    assert ids(replace(LLAMA, gguf_values={"Q4_K": 80, "Q6_K": 20, "F32": 1}, gguf_type="Q4_K_M")) == []
    assert ids(replace(LLAMA, threads=2, cores=1)) == ["gguf-threads-over-cores"]
    assert ids(replace(LLAMA, threads=2, cores=2)) == []


def test_what_stands_next_to_a_figure() -> None:
    text = sentence(FoundTrap(trap="gguf-q4-1", evidence="90% of its values are stored as Q4_1"))
    assert text.startswith("90% of its values are stored as Q4_1. Not repacked for the CPU, 1.3 to 2 times slower")
    assert sentence(FoundTrap(trap="of-a-newer-agent", evidence="a finding")) == "a finding."


@pytest.mark.full
@pytest.mark.parametrize(
    "trap",
    [
        *("onnx-dynamic-signed-conv", "onnx-static-unsigned-weights", "onnx-nbits-accuracy-level", "onnx-fp16-on-cpu"),
        *("onnx-ort-format-memory", "tflite-hybrid-zero-input", "tflite-no-delegate"),
    ],
)
def test_the_trap_is_live_on_this_machine(trap: str, tmp_path: Path) -> None:
    """Loosely: the figures and their machine are in docs/traps.md."""
    from benchmarks.traps import TRAPS

    found = TRAPS[trap](tmp_path)
    print(f"{trap}: {found.value:.2f} ({found.what})")
    assert found.value > 1.25
