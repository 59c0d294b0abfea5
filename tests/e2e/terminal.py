"""A terminal in a folder of its own, in which the commands of a page are typed as they stand there."""

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

READY_S, COMMAND_S = 60.0, 120.0


class Terminal:
    """Its `edgeprof` is this Python's, its state is its own. `typed` holds every command as the page has it."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.typed: list[str] = []
        plain = {name: value for name, value in os.environ.items() if not name.startswith("EDGEPROF_")}
        own = {"EDGEPROF_STATE": str(folder / "state"), "EDGEPROF_CACHE": str(folder / "cache"), "COLUMNS": "100"}
        path = f"{Path(sys.executable).parent}:{plain['PATH']}"
        self.environment = {**plain, **own, **environment, "HOME": str(folder), "PATH": path}

    def run(
        self,
        command: str,
        also: str = "",
        *,
        typed: str = "",
        code: int = 0,
        words: Mapping[str, str] | None = None,
        **more: str,
    ) -> str:
        """What it prints. `words`, `more`: what stands in place of words; `also`: more options; `typed`: answers."""
        line = self._line(command, also, {**(words or {}), **more})
        done = subprocess.run(
            ["sh", "-ec", line],
            input=typed,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_S,
            check=False,
        )
        assert done.returncode == code, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    @contextmanager
    def stays(
        self, command: str, also: str = "", *, ready: str, words: Mapping[str, str] | None = None, **more: str
    ) -> Generator[str]:
        """A command that runs until its end here. Gives what it has printed once it is ready."""
        line = self._line(command, also, {**(words or {}), **more})
        log = self.folder / f"{len(self.typed)}.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                ["sh", "-c", f"exec {line}"], cwd=self.folder, env=self.environment, stdout=output, stderr=output
            )
        try:
            deadline_s = time.monotonic() + READY_S
            while ready not in log.read_text():
                assert process.poll() is None, f"{line}\n{log.read_text()}"
                assert time.monotonic() < deadline_s, f"{line}\n{log.read_text()}"
                time.sleep(0.05)
            yield log.read_text()
        finally:
            process.terminate()
            process.wait(30)

    def _line(self, command: str, also: str, words: Mapping[str, str]) -> str:
        self.typed.append(command)
        for word, stands_for in words.items():
            command, count = re.subn(rf"(?<![A-Z_]){re.escape(word)}(?![A-Z_])", stands_for, command)
            assert count, f"{word} is not in {command}"
        return f"{command} {also}".strip()


def quoted(path: Path) -> str:
    """A path as a word of a command."""
    return shlex.quote(str(path))
