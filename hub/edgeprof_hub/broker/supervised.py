"""A broker process that is kept alive: when it ends, or no longer answers, it is started again on the same port."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

log = logging.getLogger(__name__)

CHECK_S = 0.2
MAX_PAUSE_S = 10.0
ASK_EVERY_S = 10.0
ANSWER_WITHIN_S = 10.0
MAX_SILENCES = 3
"""In a row: about a minute. A broker that was only stopped for a while, or is busy, keeps its connections."""


class Process(Protocol):
    """A broker that runs in a process of its own."""

    def is_running(self) -> bool: ...
    def stop(self) -> None: ...


class Supervisor:
    """Watches one process. `start` makes a new one and returns when it answers, or raises."""

    def __init__(self, name: str, start: Callable[[], Process], answers: Callable[[], bool]) -> None:
        """`answers` asks it over its own protocol; a False costs ANSWER_WITHIN_S at most."""
        self._name = name
        self._start = start
        self._answers = answers
        self._asked_s = 0.0
        self._silences = 0
        self._stopping = threading.Event()
        self._process: Process | None = None
        self._thread = threading.Thread(target=self._watch, name="broker-supervisor", daemon=True)

    def start(self) -> None:
        """Start the process and the watch. What goes wrong at the first start is raised."""
        self._process = self._start()
        self._asked_s = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """End the watch, then the process."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._process:
            self._process.stop()

    def _watch(self) -> None:
        while not self._stopping.wait(CHECK_S):
            if self._process is None or not self._process.is_running():
                # Ctrl-C in a terminal reaches the broker, too: then the hub is about to stop it anyway.
                if self._stopping.wait(CHECK_S):
                    return
                log.warning("broker.died name=%s; starting it again", self._name)
                self._restart()
            elif self._is_silent():
                log.warning("broker.silent name=%s; starting it again", self._name)
                self._restart()

    def _is_silent(self) -> bool:
        """A process may run and answer nobody: it hangs, or its disk does."""
        if time.monotonic() - self._asked_s < ASK_EVERY_S:
            return False
        self._silences = 0 if self._answers() else self._silences + 1
        self._asked_s = time.monotonic()
        return self._silences >= MAX_SILENCES

    def _restart(self) -> None:
        if self._process:
            self._process.stop()  # where it has ended, this lets go of its pipes
        self._silences = 0
        pause_s = CHECK_S
        while not self._stopping.is_set():
            try:
                self._process = self._start()
                return
            except Exception as error:
                log.error("broker.restart_failed name=%s error=%s", self._name, error)
            self._stopping.wait(pause_s)
            pause_s = min(2 * pause_s, MAX_PAUSE_S)
