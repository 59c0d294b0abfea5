"""A recipe's file that is made here: quantized from another recipe's file, and compared with the recipe's hash."""

import json
import os
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from edgeprof.errors import EdgeprofError, MissingPartError
from edgeprof.wire.identity import file_sha256
from edgeprof_exports.recipe import QuantizedFile

_LIMIT_S = 1800


def make_quantized(source: QuantizedFile, original: Path, target: Path) -> None:
    """Writes `target`. Raises EdgeprofError where the bytes are not those of the recipe."""
    installed = _installed(source)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".quantize-") as folder:
        part = Path(folder) / source.file
        plan = json.dumps({"file_type": source.file_type, "types": source.types})
        command = [sys.executable, "-m", "edgeprof_exports.quantize_gguf", str(original), str(part)]
        done = subprocess.run(command, input=plan, capture_output=True, text=True, errors="replace", timeout=_LIMIT_S)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
            raise EdgeprofError("quantize_failed", f"Cannot quantize {original.name}: {last}.")
        with part.open("rb") as file:
            digest = file_sha256(file)
        if digest != source.sha256:
            raise EdgeprofError(
                "hash_mismatch",
                f"{source.file} as quantized here differs from the recipe's file, which {source.package} "
                f"{source.version} made on x86-64. This is {source.package} {installed}.",
            )
        os.replace(part, target)


def _installed(source: QuantizedFile) -> str:
    try:
        return version(source.package)
    except PackageNotFoundError as error:
        raise MissingPartError(
            "runtime_missing",
            f"{source.file} is quantized by {source.package}, which is not installed. "
            "Install it: pip install 'edgeprof[llama-wheel]'",
        ) from error
