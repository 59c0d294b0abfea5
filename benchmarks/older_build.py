"""Commands of this working tree and of an earlier commit's, in one Python: what both sides of a comparison run.

The earlier tree is a checkout, as `git worktree add DIR COMMIT` makes it. Both trees share this environment's packages,
so that a difference comes from edgeprof alone.
"""

import os
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, CompletedProcess, Popen, run
from time import perf_counter

ROOMS = (".", "agent", "hub", "model_exports", "device_profiles")
HERE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Build:
    """edgeprof as one working tree has it."""

    tree: Path

    def timed(self, arguments: Sequence[str]) -> tuple[float, CompletedProcess[str]]:
        """Seconds of one command, and its ended process with what it printed."""
        start_s = perf_counter()
        done = run(self._command(arguments), capture_output=True, text=True, check=False, cwd=self.tree, env=self._env)
        return perf_counter() - start_s, done

    def started(self, arguments: Sequence[str]) -> "Popen[bytes]":
        """A command that goes on, silent."""
        return Popen(self._command(arguments), stdout=DEVNULL, stderr=DEVNULL, cwd=self.tree, env=self._env)

    def _command(self, arguments: Sequence[str]) -> list[str]:
        return [sys.executable, "-m", "edgeprof", *arguments]

    @property
    def import_path(self) -> str:
        """PYTHONPATH of what runs as a part of this build."""
        return os.pathsep.join(str(self.tree / room) for room in ROOMS)

    @property
    def _env(self) -> dict[str, str]:
        """Imports come from this tree and not from where edgeprof is installed; workers inherit that.

        Bytecode is kept, as an installed package has it: without it every start compiles every module.
        """
        environment = {**os.environ, "PYTHONPATH": self.import_path}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        return environment


def add_baseline(parser: ArgumentParser, *, required: bool) -> None:
    """The option that names the earlier tree."""
    parser.add_argument("--baseline", type=_checkout, required=required, help="working tree of the earlier commit")


def builds(baseline: Path) -> dict[str, Build]:
    """`this` and `baseline`."""
    return {"this": Build(HERE), "baseline": Build(baseline)}


def _checkout(path: str) -> Path:
    tree = Path(path).resolve()
    if not (tree / "edgeprof" / "__main__.py").is_file():
        raise ArgumentTypeError(f"{path} is not a working tree of edgeprof")
    return tree
