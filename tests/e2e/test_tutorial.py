"""docs/tutorial.md, run as it stands: every command works, and its output looks as the page shows it."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e.farm import free_port

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"
FIRST, LAST = "## 2. Start the hub", "## Two real boards"
BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STAYS = ("edgeprof hub serve", "edgeprof agent run")
STARTS_S, COMMAND_S = 60.0, 400.0


class Step(NamedTuple):
    """Commands of one block, and the first line of the output that the page shows (empty: it shows none)."""

    commands: str
    shown: str


def steps() -> list[Step]:
    """The page without its installation, and without what takes two real boards."""
    page = PAGE.read_text()
    blocks = BLOCK.findall(page[page.index(FIRST) : page.index(LAST)])
    after = [*blocks[1:], ("sh", "")]
    return [
        Step(text, following.splitlines()[0] if kind == "text" else "")
        for (block, text), (kind, following) in zip(blocks, after, strict=True)
        if block == "sh"
    ]


def skeleton(text: str) -> str:
    """What stays from run to run: no figures, no ids, no widths."""
    return " ".join(re.sub(r"d-[0-9a-f]{16}|[\d.,]+", "#", text).split())


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    """The environment of its terminals: this Python's `edgeprof`, a state of its own, no token."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EDGEPROF_")}
    own = {"EDGEPROF_STATE": str(tmp_path / "state"), "EDGEPROF_CACHE": str(tmp_path / "cache"), "COLUMNS": "100"}
    return {**kept, **own, "PATH": f"{Path(sys.executable).parent}:{kept['PATH']}"}


@contextmanager
def running(command: str, folder: Path, shell: dict[str, str], ready: str) -> Generator[None]:
    """A command that stays, from its ready line to Ctrl-C."""
    log = folder / f"{len(list(folder.iterdir()))}.log"
    with log.open("w") as output:
        process = subprocess.Popen(["sh", "-c", f"exec {command}"], cwd=folder, env=shell, stdout=output, stderr=output)
    try:
        deadline_s = time.monotonic() + STARTS_S
        while ready not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline_s, log.read_text()
            time.sleep(0.1)
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


@pytest.mark.full
@pytest.mark.timeout(900)
def test_every_command_of_the_tutorial_works_and_prints_what_the_page_shows(
    tmp_path: Path, shell: dict[str, str]
) -> None:
    port = free_port()
    ran = steps()
    assert len(ran) >= 8
    shell["EDGEPROF_HUB"] = f"http://127.0.0.1:{port}"
    with ExitStack() as stack:
        for step in ran:
            commands = step.commands.replace("127.0.0.1:8765", f"127.0.0.1:{port}").strip()
            if commands.startswith(STAYS):
                is_hub = commands.startswith("edgeprof hub")
                command = f"{commands} --port {port}" if is_hub else commands
                stack.enter_context(running(command, tmp_path, shell, "is ready" if is_hub else "link.online"))
                continue
            done = subprocess.run(
                ["sh", "-ec", commands], cwd=tmp_path, env=shell, capture_output=True, text=True, timeout=COMMAND_S
            )
            assert done.returncode == 0, f"{commands}\n{done.stdout}{done.stderr}"
            assert skeleton(step.shown) in skeleton(done.stdout + done.stderr), commands
    assert (tmp_path / "decision.md").read_text().count("digits-cnn-int8-tflite") >= 2
