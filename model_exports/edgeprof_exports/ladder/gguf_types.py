"""GGUF with its weights in other types, by ggml's own functions in the library of xllamacpp.

The mix is a plan of patterns, not llama.cpp's own rule, which the library does not export: a file made here has other
tensors in other types than the stock file of the same label.
"""

from pathlib import Path

from edgeprof_exports import quantize_gguf
from edgeprof_exports.ladder.step import Settings

MIN_SAVED = 0.02
"""A file that saves less of its source is not kept: its weights have lost something for nothing."""


def make(source: Path, target: Path, settings: Settings, inputs: Path | None) -> None:
    """`types`: patterns of tensor names with a type each; `file_type`: llama.cpp's number of the label."""
    types = [(str(pattern), str(kind)) for pattern, kind in settings["types"]]
    quantize_gguf.quantize(source, target, settings["file_type"], types)
    if target.stat().st_size > (1 - MIN_SAVED) * source.stat().st_size:
        target.unlink()
        raise ValueError("the file would be no smaller than its source")
