"""What a command's start and its help load: the rest comes when it runs. `benchmarks.start_cost` has the figures."""

import subprocess
import sys

import pytest

HEAVY = (
    "msgspec",
    "pathlib",
    "edgeprof.client",
    "edgeprof.modelfiles",
    "edgeprof.wire.evidence",
    "edgeprof.wire.messages",
    "edgeprof_agent.measuring",
    "edgeprof_agent.sensors",
    "edgeprof_agent.series",
)


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["profile", "--help"]], ids=" ".join)
def test_help_loads_nothing_of_a_run(arguments: list[str]) -> None:
    code = (
        "import sys\n"
        "before = set(sys.modules)\n"  # an environment may load some of them for itself
        "from edgeprof.cli import edgeprof\n"
        f"edgeprof.main({arguments!r}, standalone_mode=False)\n"
        f"print('loaded:', [name for name in {HEAVY!r} if name in set(sys.modules) - before])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "loaded: []", done.stderr
