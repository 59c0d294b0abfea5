"""`edgeprof hub serve` as a process: its ready line, its refusals, its end."""

import http.client
import os
import platform
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from edgeprof.client.http_client import HubClient
from edgeprof.errors import MissingPartError
from edgeprof_hub import config
from edgeprof_hub.commands import hub as cli
from edgeprof_hub.commands import parts
from tests.hub.live import eventually, free_port

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("EDGEPROF_")}


@contextmanager
def started(*arguments: str) -> Generator[tuple[subprocess.Popen[str], list[str]]]:
    """The process, and the two lines that it prints when it is ready."""
    command = [sys.executable, "-m", "edgeprof", "hub", "serve", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT
    ) as process:
        assert process.stdout is not None
        try:
            yield process, [process.stdout.readline(), process.stdout.readline()]
        finally:
            process.terminate()


def refused(*arguments: str) -> tuple[int, str]:
    """The exit code and the one line of a hub that does not start."""
    command = [sys.executable, "-m", "edgeprof", "hub", "serve", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=ENVIRONMENT)
    assert done.stdout == ""
    assert done.stderr.startswith("edgeprof: ")
    assert done.stderr.count("\n") == 1
    return done.returncode, done.stderr


def test_a_hub_says_where_it_is_answers_and_ends_when_told(tmp_path: Path) -> None:
    port = free_port()
    with started("--data", str(tmp_path), "--port", str(port)) as (process, lines):
        assert f"http://127.0.0.1:{port}/" in lines[0]
        assert "embedded (this machine only" in lines[1]
        assert HubClient(f"http://127.0.0.1:{port}").devices() == []
        listener = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        listener.request("GET", "/api/v1/events")
        stream = listener.getresponse()
        assert stream.readline() == b"retry: 2000\n"
        process.send_signal(signal.SIGTERM)
        assert stream.read().strip() == b""
        listener.close()
        assert process.wait(20) == 0
        assert process.stdout is not None
        assert process.stdout.read() == ""


def test_an_upload_that_stands_still_does_not_keep_a_hub_from_ending_nor_fill_its_log(tmp_path: Path) -> None:
    port = free_port()
    with started("--data", str(tmp_path), "--port", str(port)) as (process, _):
        with socket.create_connection(("127.0.0.1", port)) as upload:
            head = f"PUT /api/v1/blobs/{'0' * 64} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc"
            upload.sendall(head.encode())
            eventually(lambda: list(tmp_path.glob("blobs/incoming/*")))
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        assert process.stdout is not None
        assert process.stdout.read() == ""


def test_a_second_hub_on_the_same_folder_or_port_is_refused(tmp_path: Path) -> None:
    port = free_port()
    with started("--data", str(tmp_path), "--port", str(port)):
        code, line = refused("--data", str(tmp_path), "--port", str(free_port()))
        assert (code, "[data_in_use]" in line) == (1, True)
        code, line = refused("--data", str(tmp_path / "other"), "--port", str(port))
        assert (code, "[port_in_use]" in line, "--port" in line) == (2, True, True)


def test_another_address_needs_a_token_and_is_told_how_to_make_one(tmp_path: Path) -> None:
    code, line = refused("--data", str(tmp_path), "--host", "0.0.0.0")
    assert (code, "[token_needed]" in line, "--new-token" in line) == (2, True, True)


@pytest.mark.mosquitto
def test_with_a_new_token_a_hub_serves_other_machines_over_mosquitto(tmp_path: Path) -> None:
    port = free_port()
    arguments = ("--data", str(tmp_path), "--host", "0.0.0.0", "--port", str(port), "--mqtt-port", str(free_port()))
    with started(*arguments, "--new-token") as (process, lines):
        assert str(tmp_path / "token") in lines[0]
        assert "(token required)" in lines[1]
        assert process.stdout is not None
        assert "mosquitto" in process.stdout.readline()
        assert HubClient(f"http://127.0.0.1:{port}", config.find_token(tmp_path, None)).devices() == []
        broker = Path("/proc", (tmp_path / "broker" / "mosquitto.pid").read_text().strip())
        assert broker.exists()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert not broker.exists()


def test_an_old_python_gets_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "MIN_PYTHON", (99, 0))
    done = CliRunner().invoke(cli.hub, ["serve"])
    assert isinstance(done.exception, MissingPartError)
    assert f"needs Python 99.0 or newer; this is {platform.python_version()}." in done.exception.message


def test_the_command_is_importable_without_the_hubs_packages() -> None:
    """So that its refusal reaches a person whose Python or whose installation cannot run it."""
    code = (
        "import sys; import edgeprof_hub.commands.hub; "
        "print(sorted(set(sys.modules) & {'fastapi', 'uvicorn', 'iotcore'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
