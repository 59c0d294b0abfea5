"""Whether the prebuilt library may be driven by its C interface here: proven once for each one, in a child process.

A verdict is kept in the cache folder under the library's SHA-256, the processor's architecture and the version of the
proof. A proof that ran out of time or that somebody ended tells nothing about the library and is not kept.
"""

import hashlib
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from edgeprof.paths import cache_dir
from edgeprof_agent.runtimes.llama.capi_library import library_path

PROOF = 3
"""Of capi_proof.py: raised where it proves more, so that what was proven before is proven again."""
_TIMEOUT_S = 120.0
_CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGABRT, signal.SIGFPE)
_ASK_PATH = "from edgeprof_agent.runtimes.llama.capi_library import library_path; print(library_path() or '')"
_MODULE = "edgeprof_agent.runtimes.llama.capi_proof"


class Layout(NamedTuple):
    """`reason` is one sentence where it is not proven. `eval_callback`: whether that may be set, too."""

    proven: bool
    reason: str = ""
    eval_callback: bool = False


def layout_of(python: str, folder: Path | None = None) -> Layout:
    """The verdict on the library that this interpreter has, from the cache (`folder`) or proven now."""
    library = _library(python)
    if library is None:
        return Layout(False, "xllamacpp is not installed")
    folder = folder or cache_dir() / "llama-capi"
    try:
        file = folder / f"{_digest(library, folder)}-{platform.machine()}-{PROOF}.json"
    except OSError as error:
        return Layout(False, f"its library cannot be read: {error}")
    known = _read(file)
    if known is not None:
        return known
    layout, keep = _proven(python)
    if keep:
        _write(file, layout._asdict())
    return layout


def _proven(python: str) -> tuple[Layout, bool]:
    """The verdict of a child process, and whether it is one about the library."""
    try:
        done = subprocess.run(
            [python, "-m", _MODULE],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_TIMEOUT_S,
            env={**os.environ, "GGML_NO_BACKTRACE": "1"},
        )
    except subprocess.TimeoutExpired:
        return Layout(False, f"its check did not end within {_TIMEOUT_S:.0f} s"), False
    except OSError as error:
        return Layout(False, f"its check could not be started: {error}"), False
    if done.returncode < 0:
        number = -done.returncode
        name = signal.Signals(number).name if number in {*signal.Signals} else f"signal {number}"
        return Layout(False, f"its check ended with {name}"), number in _CRASHES
    read = _layout(done.stdout)
    if read is None:
        return Layout(False, f"its check ended with exit code {done.returncode} and no verdict"), False
    return read, True


def _library(python: str) -> Path | None:
    if python == sys.executable:
        return library_path()
    try:
        asked = subprocess.run([python, "-c", _ASK_PATH], capture_output=True, text=True, timeout=_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return Path(asked.stdout.strip()) if asked.stdout.strip() else None


def _digest(library: Path, folder: Path) -> str:
    """The library's SHA-256, read again only where path, size or time of change differ from when it was last read."""
    stat = library.stat()
    seen = [str(library), stat.st_size, stat.st_mtime_ns, stat.st_ino]
    index = folder / "library.json"
    with suppress(OSError, ValueError, TypeError, KeyError):
        known: dict[str, Any] = json.loads(index.read_text())
        if known["seen"] == seen:
            return str(known["sha256"])
    digest = hashlib.sha256()
    with library.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    _write(index, {"seen": seen, "sha256": digest.hexdigest()})
    return digest.hexdigest()


def _read(file: Path) -> Layout | None:
    try:
        return _layout(file.read_bytes())
    except OSError:
        return None


def _layout(data: bytes) -> Layout | None:
    try:
        found: dict[str, Any] = json.loads(data)
        return Layout(bool(found["proven"]), str(found["reason"]), bool(found["eval_callback"]))
    except (ValueError, KeyError, TypeError):
        return None


def _write(file: Path, document: dict[str, Any]) -> None:
    """Whole or not at all. A cache that cannot be written costs another check next time, nothing else."""
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False) as part:
            json.dump(document, part)
        os.replace(part.name, file)
