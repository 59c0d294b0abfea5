"""An agent at a hub that lists no words: what is newer than such hubs does not reach them as it is."""

import threading
from pathlib import Path

import pytest

from edgeprof.errors import EdgeprofError
from edgeprof_agent.daemon.jobs import Started
from edgeprof_agent.worker_protocol.progress import OnProgress
from tests.agent import pieces
from tests.agent.agent_process import Measured, Start
from tests.agent.minimal_hub import MinimalHub, eventually

pytestmark = pytest.mark.mosquitto
CONTENTS = {"model.onnx": b"tiny" * 100}


def test_a_failure_code_that_the_first_hubs_do_not_know_arrives_as_one_that_they_do(
    hub: MinimalHub, start: Start
) -> None:
    def refused(begun: Started, folder: Path, on_progress: OnProgress, cancelled: threading.Event) -> Measured:
        on_progress("load", None, "")
        raise EdgeprofError("partial_delegation", "Two operators ran elsewhere.")

    model = pieces.model("tiny", CONTENTS)
    hub.offer(model, CONTENTS)
    agent = start(refused)
    hub.send(agent.device_id, pieces.job(model))
    eventually(lambda: len(hub.results) == 1)
    failure = hub.decoded()[0].failure
    assert failure is not None
    assert (failure.code, failure.stage) == ("load_error", "load")
    assert failure.message == "partial_delegation: Two operators ran elsewhere."
