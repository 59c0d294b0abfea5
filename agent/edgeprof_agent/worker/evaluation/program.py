"""Runs a program that a model wrote: in a child process with limits, a folder of its own and no network.

The limits are the kernel's (rlimits; where the system allows it, a network namespace with nothing in it). On top of
them Python itself refuses sockets, processes, and files outside the folder, by an audit hook: that stops mistakes of a
model, not an attacker, who is stopped by the account that the agent runs under.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

MEMORY_BYTES = 1 << 30
FILE_BYTES = 1 << 20
_PASSED, _REFUSED = 96, 97
_GUARD = Path(__file__).with_name("program_guard.py")


class Verdict(NamedTuple):
    """What became of a program. `not_run`: nothing is known of it, as the system refused to start it."""

    passed: bool
    reason: str = ""
    not_run: bool = False


def run_program(source: str, limit_s: float) -> Verdict:
    """Whether a program runs to its last line without an error within `limit_s` of time."""
    with tempfile.TemporaryDirectory(prefix="edgeprof-code-") as folder, tempfile.TemporaryFile() as errors:
        Path(folder, "program.py").write_text(source, encoding="utf-8", errors="replace")
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-B", str(_GUARD), *_limits(limit_s)],
                cwd=folder,
                env={"PATH": "", "HOME": folder, "TMPDIR": folder, "OPENBLAS_NUM_THREADS": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            return Verdict(False, f"{type(error).__name__}: {error}", not_run=True)
        try:
            process.wait(timeout=limit_s)
        except subprocess.TimeoutExpired:
            return Verdict(False, f"did not end within {limit_s:g} s")
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        errors.seek(0)
        return _verdict(process.returncode, errors.read(FILE_BYTES).decode(errors="replace"))


def _limits(limit_s: float) -> list[str]:
    """What the guard is told, in its order."""
    return [str(value) for value in (max(1, round(limit_s) + 1), MEMORY_BYTES, FILE_BYTES, _PASSED, _REFUSED)]


def can_run() -> str:
    """Why no program can be run here; empty where one can."""
    verdict = run_program("assert 1 + 1 == 2\n", 20.0)
    return "" if verdict.passed else verdict.reason or "Python did not start"


def _verdict(code: int, errors: str) -> Verdict:
    lines = errors.strip().splitlines()
    last = lines[-1][:200] if lines else ""
    if code == _PASSED:
        return Verdict(True)
    if code == 0:
        return Verdict(False, "it ended before its tests did")
    if code < 0:
        number = -code
        name = signal.Signals(number).name if number in {*signal.Signals} else f"signal {number}"
        return Verdict(False, f"ended by {name}{': ' + last if last else ''}")
    return Verdict(False, last or f"ended with exit code {code}")
