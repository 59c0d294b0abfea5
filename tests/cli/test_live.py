"""A campaign's progress, on a terminal and in a file."""

import io
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
import pytest

from edgeprof.client.http_client import HubClient, HubError
from edgeprof.commands.live import LiveBoard, job_line, watch
from edgeprof.wire import rest
from edgeprof.wire.messages import RunConfig, RunProtocol
from tests.hub.live import eventually
from tests.ports import free_port

JOB = rest.JobRecord(
    job_id="j1",
    campaign_id="c",
    attempt=1,
    device_id="d",
    model_id="m",
    config=RunConfig(runtime="onnxruntime"),
    config_key="k",
    protocol=RunProtocol(),
    state="queued",
    stage="",
    fraction=None,
    note="",
    result_id=None,
    created_s=0.0,
    updated_s=0.0,
)
RUNNING = replace(JOB, state="running", stage="measure", note="at least 20 runs and 2 s")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def name_of(job: rest.JobRecord) -> str:
    return f"device  {job.job_id}"


@pytest.mark.parametrize(
    ("job", "line"),
    [
        (JOB, "x  queued"),
        (RUNNING, "x  running: measure  at least 20 runs and 2 s"),
        (replace(JOB, state="running"), "x  running: starting"),
        (replace(JOB, state="failed", note="The agent cannot evaluate."), "x  failed  The agent cannot evaluate."),
        (replace(JOB, state="running", stage="fetch", fraction=0.5), "x  ██████······ fetch"),
        (replace(JOB, state="failed", stage="load", note="truncated"), "x  failed: load  truncated"),
        (replace(JOB, state="measured", stage="done"), "x  measured"),
    ],
)
def test_a_job_is_one_line(job: rest.JobRecord, line: str) -> None:
    assert job_line(job, "x") == line


def test_a_terminal_line_never_wraps_so_that_it_can_be_redrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    terminal = Terminal()
    board = LiveBoard(name_of, terminal)
    board.update([RUNNING])
    board.update([RUNNING])
    first, erased, second = terminal.getvalue().partition("\x1b[1F\x1b[J")
    assert erased
    assert first == second == f"{'   … device  j1  running: measure  at least'[:39]}\n"


def test_an_ended_job_is_said_once_and_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    terminal = Terminal()
    board = LiveBoard(name_of, terminal)
    ended = replace(JOB, state="measured")
    board.update([ended, replace(RUNNING, job_id="j2")])
    board.update([ended, replace(ended, job_id="j2")])
    assert terminal.getvalue().count("[1/2] device  j1  measured") == 1
    assert terminal.getvalue().endswith("\x1b[1F\x1b[J  [2/2] device  j2  measured\n")


def test_a_file_gets_a_line_for_each_stage_and_no_control_characters() -> None:
    file = io.StringIO()
    board = LiveBoard(name_of, file)
    for stage in ("load", "load", "measure"):
        board.update([replace(RUNNING, stage=stage)])
    assert file.getvalue() == "   … device  j1  load\n   … device  j1  measure\n"


@contextmanager
def answering(port: int, job: rest.JobRecord) -> Generator[None]:
    """A hub that knows one campaign."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = msgspec.json.encode(rest.Campaign(campaign_id="c", created_s=0.0, jobs=(job,)))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Answer)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_hub_that_is_started_again_is_waited_for() -> None:
    port = free_port()
    client, file = HubClient(f"http://127.0.0.1:{port}"), io.StringIO()
    ended: list[rest.Campaign] = []
    watching = threading.Thread(target=lambda: ended.append(watch(client, "c", LiveBoard(name_of, file))))
    with answering(port, RUNNING):
        watching.start()
        eventually(lambda: "measure" in file.getvalue())
    eventually(lambda: "The hub does not answer." in file.getvalue())
    with answering(port, replace(JOB, state="measured")):
        watching.join(10)
    assert [job.state for job in ended[0].jobs] == ["measured"]
    assert file.getvalue().count("The hub answers again.") == 1


def test_a_hub_that_stays_away_is_given_up() -> None:
    client = HubClient(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(HubError) as found:
        watch(client, "c", LiveBoard(name_of, io.StringIO()), max_away_s=0.1)
    assert found.value.code == "hub_unreachable"
