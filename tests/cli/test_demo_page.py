"""`edgeprof demo --page` as a person starts it: the page is there, marked, and gone with its folder at the end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import Run
from tests.hub.live import PATIENCE_S
from tests.ports import free_port


def test_the_page_opens_over_recorded_results_and_leaves_nothing(tmp_path: Path) -> None:
    port = free_port()
    hidden = {"DISPLAY", "WAYLAND_DISPLAY"}  # a browser of the person who runs the tests
    environment = {name: value for name, value in os.environ.items() if name not in hidden} | {"TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "edgeprof", "demo", "--page", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        try:
            ready = process.stdout.readline()
            assert f"http://127.0.0.1:{port}/" in ready
            assert "recorded results, read-only" in ready
            assert "Measured on 20" in process.stdout.readline()
            assert list(tmp_path.iterdir())
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE_S)
    assert not list(tmp_path.iterdir())


def test_it_takes_a_port_and_nothing_else(run: Run) -> None:
    assert run("demo", "--page", "--once").refused_with("bad_usage")
    assert run("demo", "--page", "--data", "x").refused_with("bad_usage")
