"""The sum where no runtime can be asked: from what the file says and constants of each runtime. Pure.

The constants were fitted on the models that benchmarks/fit_limits.py names as chosen-on, on x86-64 by the packages of
November 2026. Its score on the other models is public in docs/fit.md.
"""

from typing import NamedTuple

from edgeprof.fit.estimate import Estimate
from edgeprof.fit.verdict import Part
from edgeprof.modelfiles.memory_facts import LanguageFacts, MemoryFacts

_MIB = 1024 * 1024
_BYTES_F16, _BYTES_F32 = 2, 4
_UBATCH, _CELLS = 512, 256
"""Tokens that llama.cpp computes at once (n_ubatch), and the step of its cache's size."""


class RuntimeCost(NamedTuple):
    """What a process holds with the runtime imported and no model, MiB: resident, and what must stay."""

    mib: float
    held_mib: float


RUNTIME_COSTS: dict[str, RuntimeCost] = {
    "onnxruntime": RuntimeCost(61.0, 26.0),
    "litert": RuntimeCost(52.0, 21.0),
    "tflite-runtime": RuntimeCost(52.0, 21.0),
    "llama-capi": RuntimeCost(32.0, 14.5),
    "llama-cpp-python": RuntimeCost(75.0, 45.0),
    "xllamacpp": RuntimeCost(60.0, 40.0),
}
_VOCABULARY_BYTES = 480.0
"""Of a word of a vocabulary in llama.cpp: its text, its score and its place in two tables."""


def formula_estimate(facts: MemoryFacts, runtime: str, context_tokens: int = 0) -> Estimate | None:
    """None for a runtime without constants. `context_tokens`: of a language model's longest request."""
    cost = RUNTIME_COSTS.get(runtime)
    if cost is None:
        return None
    base = Part(
        name="Python and runtime",
        mib=cost.mib,
        held_mib=cost.held_mib,
        method="formula",
        how=f"{runtime} with no model, on x86-64",
    )
    if facts.language is not None:
        parts = _language(facts, facts.language, context_tokens)
        return Estimate(method="formula", parts=(base, *parts), missing=_missing_cache(facts.language))
    missing = _open_inputs(facts)
    parts = _tflite(facts) if facts.format == "tflite" else _onnx(facts)
    return Estimate(method="formula", parts=(base, *parts), missing=missing)


def context_cells(tokens: int) -> int:
    """Cells of llama.cpp's cache for a context: rounded up.

    >>> context_cells(128), context_cells(300)
    (256, 512)
    """
    return -(-max(1, tokens) // _CELLS) * _CELLS


def kv_cache_mib(facts: LanguageFacts, tokens: int) -> float:
    """Keys and values in fp16, of every layer."""
    return facts.layers * facts.kv_values * context_cells(tokens) * _BYTES_F16 / _MIB


def _language(facts: MemoryFacts, model: LanguageFacts, tokens: int) -> list[Part]:
    batch = min(_UBATCH, max(1, tokens))
    rows = 2 * model.feed_forward + 8 * model.width
    compute = batch * (rows * _BYTES_F32 + 2 * context_cells(tokens)) / _MIB
    parts = [
        _held("vocabulary", model.vocabulary * _VOCABULARY_BYTES / _MIB, f"{model.vocabulary:,} words"),
        Part(name="weights, mapped", mib=facts.weights_mib, method="formula", how="tensors in the file"),
    ]
    if model.repacked_mib:
        parts.append(_held("weights, repacked", model.repacked_mib, "Q4_0, Q4_K, Q2_K and IQ4_NL, once more"))
    return [
        *parts,
        _held("KV cache", kv_cache_mib(model, tokens), f"fp16, {context_cells(tokens):,} tokens"),
        _held("compute buffers", compute, f"{batch} tokens at once"),
    ]


def _onnx(facts: MemoryFacts) -> list[Part]:
    """ONNX Runtime reads the file, keeps a copy of the weights, and packs those of matrix products once more."""
    weights = facts.weights_mib + facts.widened_mib
    parts = [_held("weights", weights * _ONNX_WEIGHTS, "as stored, with what packing adds")]
    if facts.widened_mib:
        parts.append(_held("passing peak", facts.weights_mib, "fp16 and fp32 side by side while loading"))
    return [
        *parts,
        _held("activations", _ONNX_ACTIVATIONS_MIB + _ONNX_INPUTS * facts.input_mib, "an allowance by input"),
    ]


_ONNX_WEIGHTS = 1.35
_ONNX_ACTIVATIONS_MIB, _ONNX_INPUTS = 4.0, 6.0
_PACKED_WEIGHTS = 1.05


def _tflite(facts: MemoryFacts) -> list[Part]:
    """LiteRT maps the file, and XNNPACK packs the weights into memory of its own."""
    packed = (facts.weights_mib + facts.widened_mib) * _PACKED_WEIGHTS
    return [
        Part(name="weights, mapped", mib=facts.file_mib, method="formula", how="the file"),
        _held("weights, packed", packed, "by XNNPACK, fp16 as fp32"),
        _held("activations", facts.arena_mib or 0.0, "tensors that are needed at the same time"),
    ]


def _missing_cache(model: LanguageFacts) -> str:
    if model.layers > 0 and model.kv_values > 0:
        return ""
    lacking = "number of layers" if model.layers <= 0 else "width of keys and values"
    return f"the file's head states no {lacking}, which the size of the KV cache follows from."


def _open_inputs(facts: MemoryFacts) -> str:
    if not facts.open_inputs:
        return ""
    names = ", ".join(facts.open_inputs[:3])
    return f"the file leaves the size of {names} open. Give it with --input-shape."


def _held(name: str, mib: float, how: str) -> Part:
    return Part(name=name, mib=mib, held_mib=mib, method="formula", how=how)
