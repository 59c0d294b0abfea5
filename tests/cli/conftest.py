"""The command line as a person has it: arguments in; exit code, output and errors out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edgeprof import cli
from tests.hub.fake_agent import FakeAgent
from tests.hub.live import Live, eventually, serving


@dataclass(frozen=True)
class Ended:
    """What a command left."""

    code: int
    out: str
    err: str

    def refused_with(self, code: str) -> bool:
        """Whether it said one sentence with this code, and nothing else."""
        return self.err.startswith("edgeprof: ") and self.err.endswith(f" [{code}]\n") and self.err.count("\n") == 1


Run = Callable[..., Ended]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """`edgeprof ARGUMENTS` in this process, with state and cache of its own."""
    monkeypatch.setenv("EDGEPROF_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("EDGEPROF_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("EDGEPROF_TOKEN", raising=False)

    def call(*arguments: str) -> Ended:
        monkeypatch.setattr("sys.argv", ["edgeprof", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return Ended(int(ended.value.code or 0), said.out, said.err)

    return call


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    """A hub that `EDGEPROF_HUB` names."""
    with serving(tmp_path / "hub") as live:
        monkeypatch.setenv("EDGEPROF_HUB", live.url)
        yield live


@pytest.fixture
def agent(hub: Live) -> Iterator[FakeAgent]:
    """One device, `agent-1`, that is online and runs nothing by itself."""
    with FakeAgent(hub.hub.endpoint.port) as fake:
        eventually(lambda: any(item.online and item.facts for item in hub.client.devices()))
        yield fake
