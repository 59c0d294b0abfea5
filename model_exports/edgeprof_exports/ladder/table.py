"""Every step of the ladder. A new one is a file of its own and a line here."""

from edgeprof_exports.ladder.step import Step

_ORT = ("onnxruntime", "onnx", "numpy")
_LITERT = ("ai-edge-quantizer", "ai-edge-litert", "numpy")
_HERE = "edgeprof_exports.ladder"


def _static(name: str, title: str, **settings: str) -> Step:
    return Step(
        name=name,
        title=title,
        format="onnx",
        quantization="int8",
        make=f"{_HERE}.onnx_static:make",
        tools=_ORT,
        settings={"layout": "QDQ", "calibration": "MinMax", **settings},
        needs_inputs=True,
    )


_EMBEDDINGS = r"(token_embd|output)\.weight"
_SENSITIVE = r"blk\.\d+\.(attn_v|ffn_down)\.weight"
"""Tensors whose loss shows most: llama.cpp's own mixes give them more bits, too."""
_NAMES = {_EMBEDDINGS: "embeddings", _SENSITIVE: "attn_v and ffn_down"}


def _gguf(kind: str, file_type: int, *mix: tuple[str, str]) -> Step:
    others = ", ".join(f"{_NAMES[pattern]} in {other}" for pattern, other in mix)
    title = f"{kind}, {others or 'all matrices'}"
    return Step(
        name=f"gguf-{kind.lower().replace('_', '-')}",
        title=title,
        format="gguf",
        quantization=kind,
        make=f"{_HERE}.gguf_types:make",
        tools=("xllamacpp",),
        settings={"file_type": file_type, "types": [list(pair) for pair in (*mix, (".*", kind))]},
    )


STEPS: tuple[Step, ...] = (
    Step(
        name="fp16",
        title="fp16, inputs and outputs in fp32",
        format="onnx",
        quantization="fp16",
        make=f"{_HERE}.onnx_fp16:make",
        tools=_ORT,
    ),
    Step(
        name="dynamic-u8",
        title="dynamic int8, unsigned weights",
        format="onnx",
        quantization="int8",
        make=f"{_HERE}.onnx_dynamic:make",
        tools=_ORT,
        settings={"weights": "QUInt8"},
    ),
    Step(
        name="dynamic-s8",
        title="dynamic int8, signed weights (the tool's default)",
        format="onnx",
        quantization="int8",
        make=f"{_HERE}.onnx_dynamic:make",
        tools=_ORT,
        settings={"weights": "QInt8"},
    ),
    _static("static-minmax", "static int8, per channel, QDQ, MinMax"),
    _static("static-entropy", "static int8, per channel, QDQ, Entropy", calibration="Entropy"),
    _static("static-percentile", "static int8, per channel, QDQ, Percentile", calibration="Percentile"),
    _static("static-qoperator", "static int8, per channel, QOperator, MinMax", layout="QOperator"),
    Step(
        name="int4-fp32",
        title="int4 weights of MatMul, blocks of 32, computed in fp32",
        format="onnx",
        quantization="int4",
        make=f"{_HERE}.onnx_int4:make",
        tools=_ORT,
        settings={"accuracy_level": 1},
    ),
    Step(
        name="int4-int8",
        title="int4 weights of MatMul, blocks of 32, computed in int8",
        format="onnx",
        quantization="int4",
        make=f"{_HERE}.onnx_int4:make",
        tools=_ORT,
        settings={"accuracy_level": 4},
    ),
    Step(
        name="unstructured-half",
        title="half of all weights set to 0",
        format="onnx",
        quantization="fp32",
        make=f"{_HERE}.onnx_zeroed:make",
        tools=("onnx", "numpy"),
        settings={"share": 0.5},
        is_on_request=True,
    ),
    Step(
        name="tflite-dynamic",
        title="dynamic int8",
        format="tflite",
        quantization="int8",
        make=f"{_HERE}.tflite_quantized:make",
        tools=_LITERT,
        settings={"recipe": "dynamic_wi8_afp32"},
    ),
    Step(
        name="tflite-static",
        title="static int8, inputs and outputs too",
        format="tflite",
        quantization="int8",
        make=f"{_HERE}.tflite_quantized:make",
        tools=_LITERT,
        settings={"recipe": "static_wi8_ai8"},
        needs_inputs=True,
    ),
    Step(
        name="tflite-16x8",
        title="static, int8 weights, int16 activations",
        format="tflite",
        quantization="int16x8",
        make=f"{_HERE}.tflite_quantized:make",
        tools=_LITERT,
        settings={"recipe": "static_wi8_ai16"},
        needs_inputs=True,
    ),
    _gguf("Q8_0", 7),
    _gguf("Q6_K", 18),
    _gguf("Q5_K", 16, (_EMBEDDINGS, "Q6_K")),
    _gguf("Q4_K", 14, (_EMBEDDINGS, "Q6_K")),
    _gguf("Q4_0", 2, (_EMBEDDINGS, "Q6_K")),
    _gguf("Q3_K", 12, (_EMBEDDINGS, "Q6_K"), (_SENSITIVE, "Q4_K")),
    _gguf("Q2_K", 10, (_EMBEDDINGS, "Q6_K"), (_SENSITIVE, "Q3_K")),
)
