"""Recorded machines, as facts and as folders that a test may change."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from edgeprof.wire.messages import Facts
from edgeprof_agent.machine import read_facts

MACHINES = Path(__file__).parent.parent / "machines"


@pytest.fixture
def facts_of() -> Callable[[str], Facts]:
    def facts_of(machine: str) -> Facts:
        return read_facts(
            device_id="d-1",
            session_id="s-1",
            runtimes=(),
            sensors=(),
            isolation=(),
            emulates=None,
            memory_limit_mib=None,
            root=MACHINES / machine,
        )

    return facts_of


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[str], Path]:
    def copy_of(machine: str) -> Path:
        return Path(shutil.copytree(MACHINES / machine, tmp_path / machine))

    return copy_of


@pytest.fixture
def fake_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Puts a shell script before everything else on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder), prepend=":")

    def fake_tool(name: str, script: str) -> Path:
        tool = folder / name
        tool.write_text(f"#!/bin/sh\n{script}\n")
        tool.chmod(0o755)
        return tool

    return fake_tool


@pytest.fixture
def open_root(tmp_path: Path) -> Path:
    """A root that any user may walk through."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    return tmp_path
