"""The command that searches for the version between two runs of one cell. Pure."""

import re
import shlex

PACKAGES = {
    "onnxruntime": "onnxruntime",
    "litert": "ai-edge-litert",
    "tflite-runtime": "tflite-runtime",
    "llama-capi": "xllamacpp",
    "llama-cpp-python": "llama-cpp-python",
    "xllamacpp": "xllamacpp",
}
"""The package that brings a runtime, as edgeprof_agent's table of runtimes has it; a test compares the two."""
_VERSION = re.compile(r"\d+(\.\d+)*")


def search_command(runtime: str, model_name: str, good: str, bad: str, threads: int = 0) -> str | None:
    """What to type on the device. None where the package is not known, or the bad version is not the newer one.

    >>> search_command("onnxruntime", "cnn.onnx", "1.18.0", "1.23.0", 2)
    'edgeprof bisect cnn.onnx --package onnxruntime --good 1.18.0 --bad 1.23.0 -t 2'
    """
    package = PACKAGES.get(runtime)
    older, newer = good.partition("+")[0], bad.partition("+")[0]
    if package is None or not _VERSION.fullmatch(older) or not _VERSION.fullmatch(newer):
        return None
    if [*map(int, older.split("."))] >= [*map(int, newer.split("."))]:
        return None
    parts = ["edgeprof", "bisect", model_name, "--package", package, "--good", older, "--bad", newer]
    if runtime != next(name for name, brings in PACKAGES.items() if brings == package):
        parts += ["--runtime", runtime]
    return shlex.join([*parts, *(["-t", str(threads)] if threads else [])])
