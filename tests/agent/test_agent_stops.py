"""A signal ends the agent whichever of its threads the kernel gives it to."""

import signal
import threading
import time
from pathlib import Path

from edgeprof_agent.daemon.agent import STOP_POLL_S
from tests.agent import agent_process


def test_a_signal_that_another_thread_receives_ends_the_agent(tmp_path: Path) -> None:
    """As when two come at once: the second wakes another thread, which takes both (seen with Ctrl-C and SIGTERM)."""
    agent = agent_process.make(agent_process.settings("http://127.0.0.1:9", tmp_path / "agent"))
    sent_s: list[float] = []

    def send() -> None:
        time.sleep(0.3)
        sent_s.append(time.monotonic())
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)

    def stop(_number: int, _frame: object) -> None:
        agent.stop()

    before = signal.signal(signal.SIGUSR1, stop)
    sender = threading.Thread(target=send)
    sender.start()
    try:
        agent.run()
        assert time.monotonic() - sent_s[0] < STOP_POLL_S + 5
    finally:
        signal.signal(signal.SIGUSR1, before)
        sender.join()
