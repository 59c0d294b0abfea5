"""The models and settings of fit_limits.py: those that constants were chosen on, and those that are scored."""

from pathlib import Path
from typing import NamedTuple

from benchmarks import fit_files as made
from edgeprof.modelfiles import ModelFile, inspect
from edgeprof.wire.messages import RunConfig
from edgeprof_exports import catalogue, fetch

_BUNDLED = Path(fetch.__file__).parent / "bundled"


class FitCell(NamedTuple):
    """A model and how it is run. `is_scored` False: constants were chosen on it."""

    name: str
    file: ModelFile
    config: RunConfig
    is_scored: bool


def cells_in(folder: Path) -> list[FitCell]:
    """All of them; made files lie in `folder`, fetched ones in edgeprof's cache."""
    folder.mkdir(parents=True, exist_ok=True)
    return [*_tensor_cells(folder), *_text_cells(folder)]


def _tensor_cells(folder: Path) -> list[FitCell]:
    def onnx(name: str, path: Path, scored: bool, **axes: dict[str, int]) -> FitCell:
        return FitCell(name, inspect(path), RunConfig(runtime="onnxruntime", threads=1, **axes), scored)  # pyright: ignore[reportArgumentType]

    def tflite(name: str, path: Path, scored: bool) -> FitCell:
        return FitCell(name, inspect(path), RunConfig(runtime="litert", threads=1), scored)

    return [
        onnx("digits int8", _BUNDLED / "digits-cnn-int8.onnx", False),
        onnx("magika", _recipe("magika"), False),
        onnx("products fp32 64 MiB", made.onnx_products(folder / "p64.onnx", 1024, 16), False),
        onnx("convolutions 128", made.onnx_convolutions(folder / "c128.onnx", 128, 32, 6), False),
        tflite("digits int8, LiteRT", _BUNDLED / "digits-cnn-int8.tflite", False),
        tflite("products 16 MiB, LiteRT", made.tflite_products(folder / "p16.tflite", 1024, 4), False),
        onnx("digits fp32", _BUNDLED / "digits-cnn-fp32.onnx", True),
        onnx("rawi int8", _recipe("rawi-v2-int8"), True, dims={"batch": 1, "seq": 128}),
        onnx("silero fp16", _recipe("silero-vad-fp16"), True, dims={"sequence": 512, "batch": 1}),
        onnx("products fp32 16 MiB", made.onnx_products(folder / "p16.onnx", 512, 16), True),
        onnx("products fp32 192 MiB", made.onnx_products(folder / "p192.onnx", 2048, 12), True),
        onnx("products fp16 48 MiB", made.onnx_products(folder / "h48.onnx", 1024, 24, "fp16"), True),
        onnx("products int8 64 MiB", made.onnx_products(folder / "q64.onnx", 2048, 16, "int8"), True),
        onnx("convolutions 320", made.onnx_convolutions(folder / "c320.onnx", 320, 32, 4), True),
        onnx("convolutions 224", made.onnx_convolutions(folder / "c224.onnx", 224, 16, 8), True),
        tflite("digits fp32, LiteRT", _BUNDLED / "digits-cnn-fp32.tflite", True),
        tflite("hand landmark, LiteRT", _recipe("hand-landmark-lite"), True),
        tflite("products 32 MiB, LiteRT", made.tflite_products(folder / "p32.tflite", 1024, 8), True),
        tflite("products 64 MiB, LiteRT", made.tflite_products(folder / "p64.tflite", 2048, 4), True),
        tflite("products 128 MiB, LiteRT", made.tflite_products(folder / "p128.tflite", 2048, 8), True),
    ]


def _text_cells(folder: Path) -> list[FitCell]:
    def text(name: str, path: Path, scored: bool, depth: int = 0) -> FitCell:
        config = RunConfig(runtime="llama-capi", threads=1, prompt_tokens=32, decode_tokens=4, depth_tokens=depth)
        return FitCell(name, inspect(path), config, scored)

    f16 = made.gguf(folder / "f16.gguf", "f16", 512, 8)
    small = made.gguf(folder / "small.gguf", "f16", 256, 8)
    return [
        text("llama f16", f16, False),
        text("SmolLM2 Q4_0", _recipe("smollm2-135m-q4-0"), False),
        text("SmolLM2 Q4_0, 1,032 tokens", _recipe("smollm2-135m-q4-0"), False, 1000),
        text("llama q8_0", made.gguf(folder / "q8.gguf", "q8_0", 1024, 8), True),
        text("llama q4_0", made.gguf(folder / "q4.gguf", "q4_0", 1024, 16), True),
        text("llama f32", made.gguf(folder / "f32.gguf", "f32", 512, 6, words=32_000), True),
        text("small llama f16, 2,032 tokens", small, True, 2000),
        text("small llama f16, 6,032 tokens", small, True, 6000),
        text("SmolLM2 Q4_1", _recipe("smollm2-135m-q4-1"), True),
        text("SmolLM2 Q4_K_M", _recipe("smollm2-135m-q4-k-m"), True, 512),
    ]


def _recipe(name: str) -> Path:
    return fetch.ensure(catalogue.load_recipes()[name], print)
