"""Which known traps a run has walked into, each with what shows it. Pure: one function a trap, one table."""

from collections.abc import Callable

from edgeprof.traps.facts import TrapFacts
from edgeprof.wire.evidence import FoundTrap

_MOSTLY = 0.5
_X86 = ("x86_64", "AMD64", "i686")
_LEVEL_OF_INTEGERS = 4
_LITERT = ("litert", "tflite-runtime")
_PRODUCTS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "BATCH_MATMUL", "TRANSPOSE_CONV")
_FLOATS = ("F32", "F16", "BF16", "F64", "I8", "I16", "I32")


def recognised(facts: TrapFacts) -> tuple[FoundTrap, ...]:
    """In the order of the table below.

    >>> facts = TrapFacts(runtime="onnxruntime", model_format="ort", machine="aarch64")
    >>> recognised(facts)[0].trap
    'onnx-ort-format-memory'
    """
    found = ((trap, check(facts)) for trap, check in RECOGNISERS.items())
    return tuple(FoundTrap(trap=trap, evidence=evidence) for trap, evidence in found if evidence is not None)


def _dynamic_signed_conv(facts: TrapFacts) -> str | None:
    signed = facts.integer_weights.get("ConvInteger int8", 0)
    if not signed or not _on_x86_cpu(facts) or not facts.operators.get("ConvInteger"):
        return None
    return f"{signed} ConvInteger {_nodes(signed)} with signed int8 weights"


def _static_unsigned(facts: TrapFacts) -> str | None:
    counts = {name: count for name, count in facts.integer_weights.items() if name.endswith(" uint8")}
    static = sum(count for name, count in counts.items() if not name.startswith(("ConvInteger", "MatMulInteger")))
    if not static or not _on_x86_cpu(facts) or not facts.integer_kernels:
        return None
    return f"{static} quantized {_nodes(static)} with unsigned int8 weights"


def _nbits_level(facts: TrapFacts) -> str | None:
    low = sum(count for level, count in facts.nbits_levels.items() if level != _LEVEL_OF_INTEGERS)
    if not low or not _on_cpu(facts) or not facts.operators.get("MatMulNBits"):
        return None
    return f"{low} MatMulNBits {_nodes(low)} without accuracy level 4"


def _fp16_on_cpu(facts: TrapFacts) -> str | None:
    if not _on_cpu(facts) or facts.half_share is None or facts.half_share < _MOSTLY:
        return None
    if facts.half_kernels != 0 or not facts.float_kernels:
        return None
    return f"{facts.half_share:.0%} of the weights are stored in fp16, and no kernel computed in fp16"


def _ort_format(facts: TrapFacts) -> str | None:
    return "the model is an .ort file" if facts.model_format == "ort" else None


def _zero_input(facts: TrapFacts) -> str | None:
    if facts.runtime not in _LITERT or not facts.zero_inputs:
        return None
    return f"the input {facts.zero_inputs[0]!r} was all zero"


def _no_delegate(facts: TrapFacts) -> str | None:
    products = sum(facts.operators.get(name, 0) for name in _PRODUCTS)
    if facts.runtime not in _LITERT or facts.delegate is not None or not products:
        return None
    return f"no delegate took a node; {products} convolutions or products ran on builtin kernels"


def _fp16_tflite(facts: TrapFacts) -> str | None:
    if facts.runtime not in _LITERT or facts.half_share is None or facts.half_share < _MOSTLY:
        return None
    unpacked = facts.operators.get("DEQUANTIZE", 0)
    if not unpacked or facts.half_kernels or not _on_x86_cpu(facts):
        return None
    return (
        f"{facts.half_share:.0%} of the weights are fp16, and DEQUANTIZE unpacks them ({unpacked} {_nodes(unpacked)})"
    )


def _q4_1(facts: TrapFacts) -> str | None:
    share = _share(facts, lambda kind: kind == "Q4_1")
    return f"{share:.0%} of its values are stored as Q4_1" if share >= _MOSTLY and _on_cpu(facts) else None


def _k_fallback(facts: TrapFacts) -> str | None:
    if "_K" not in facts.gguf_type:
        return None
    values = {kind: count for kind, count in facts.gguf_values.items() if kind not in _FLOATS}
    total = sum(values.values())
    share = sum(count for kind, count in values.items() if kind.endswith("_K")) / total if total else 1.0
    return f"called {facts.gguf_type}, and {share:.0%} of its values are in K types" if share < _MOSTLY else None


def _threads_over_cores(facts: TrapFacts) -> str | None:
    if facts.model_format != "gguf" or not 0 < facts.cores < facts.threads:
        return None
    return f"{facts.threads} threads on {facts.cores} core{'' if facts.cores == 1 else 's'}"


RECOGNISERS: dict[str, Callable[[TrapFacts], str | None]] = {
    # id: what shows the trap in this run, or None
    "onnx-dynamic-signed-conv": _dynamic_signed_conv,
    "onnx-static-unsigned-weights": _static_unsigned,
    "onnx-nbits-accuracy-level": _nbits_level,
    "onnx-fp16-on-cpu": _fp16_on_cpu,
    "onnx-ort-format-memory": _ort_format,
    "tflite-hybrid-zero-input": _zero_input,
    "tflite-no-delegate": _no_delegate,
    "tflite-fp16-memory": _fp16_tflite,
    "gguf-q4-1": _q4_1,
    "gguf-k-fallback": _k_fallback,
    "gguf-threads-over-cores": _threads_over_cores,
}


def _share(facts: TrapFacts, is_wanted: Callable[[str], bool]) -> float:
    total = sum(facts.gguf_values.values())
    return sum(count for kind, count in facts.gguf_values.items() if is_wanted(kind)) / total if total else 0.0


def _on_cpu(facts: TrapFacts) -> bool:
    return facts.provider.lower().startswith("cpu")


def _on_x86_cpu(facts: TrapFacts) -> bool:
    return _on_cpu(facts) and facts.machine in _X86


def _nodes(count: int) -> str:
    return "node" if count == 1 else "nodes"
