"""The hub's connection to its broker, with more files open than `select` can wait for."""

import os
import resource
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from edgeprof.wire import messages as m
from tests.hub import fleet
from tests.hub.fake_agent import FakeAgent
from tests.hub.live import serving

MAX_SELECT = 1_024


@contextmanager
def every_low_descriptor_taken() -> Generator[None]:
    """Whatever is opened within has a number that `select` refuses."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    held = [os.open(os.devnull, os.O_RDONLY)]
    while held[-1] < MAX_SELECT:
        held.append(os.open(os.devnull, os.O_RDONLY))
    try:
        yield
    finally:
        for each in held:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_hub_with_many_open_files_reaches_its_broker_and_stores_a_result(tmp_path: Path) -> None:
    with ExitStack() as stack:
        with every_low_descriptor_taken():
            live = stack.enter_context(serving(tmp_path / "data"))
        agent = stack.enter_context(FakeAgent(live.hub.endpoint.port))
        model = fleet.model("digits", "digits")
        live.hub.writer.call(lambda store: store.save_model(model))
        agent.post(fleet.result(1, model, fleet.vision_rows(1.0, 0.1)))
        agent.wait_until_empty()
        assert [receipt.status for receipt in agent.got(m.Receipt)] == ["stored"]
