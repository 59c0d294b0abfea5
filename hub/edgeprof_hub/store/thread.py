"""The one thread that changes the database: callers hand it functions and get futures."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

from edgeprof.errors import EdgeprofError
from edgeprof_hub.store.writer import SqliteWriter

T = TypeVar("T")
log = logging.getLogger(__name__)


class WriterThread:
    """Runs functions over the write store, one after the other, in the order in which they came."""

    def __init__(self, file: Path) -> None:
        """Opens the database, so that its errors reach the caller."""
        self._store = SqliteWriter(file)
        self._refusal: EdgeprofError | None = None
        self.on_error: Callable[[Exception], EdgeprofError | None] = lambda _: None
        """Told of what nobody waits for; returns what it means for a person, None for a bug."""
        self._queue: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="hub-writer", daemon=True)
        self._thread.start()

    def post(self, change: Callable[[SqliteWriter], object]) -> None:
        """Queue a change that nobody waits for; what goes wrong with it is in the log."""
        if self._refusal is None:
            self.submit(change).add_done_callback(self._say_failure)

    def refuse(self, error: EdgeprofError) -> None:
        """Write nothing more: from now on, what was queued fails with this error, too. Reading goes on."""
        self._refusal = error

    def submit(self, change: Callable[[SqliteWriter], T]) -> "Future[T]":
        """Queue a change; its future ends when it is committed."""
        future: Future[T] = Future()

        def run() -> None:
            try:
                if self._refusal is not None:
                    raise self._refusal
                future.set_result(change(self._store))
            except BaseException as error:
                future.set_exception(error)

        self._queue.put(run)
        return future

    def call(self, change: Callable[[SqliteWriter], T]) -> T:
        """The same, waited for. Never from the writer's own thread."""
        return self.submit(change).result()

    def finish(self) -> None:
        """End after what is queued. The database stays open, so that whoever reads it can close first."""
        self._queue.put(None)
        self._thread.join()

    def stop(self) -> None:
        """The same, and close the database."""
        self.finish()
        self._store.close()

    def _say_failure(self, future: "Future[object]") -> None:
        error = future.exception()
        if error is None or error is self._refusal:
            return
        known = self.on_error(error) if isinstance(error, Exception) else None
        log.error("writer.change_failed error=%s", error, exc_info=None if known else error)

    def _work(self) -> None:
        while (run := self._queue.get()) is not None:
            run()


class RefusingWriter(WriterThread):
    """In the place of a writer while the database must not be changed: every change fails with the same error."""

    def __init__(self, error: EdgeprofError) -> None:
        self._error = error

    def post(self, change: Callable[[SqliteWriter], object]) -> None:
        """Nobody waits for it, and the start has said why nothing is written."""

    def submit(self, change: Callable[[SqliteWriter], T]) -> "Future[T]":
        future: Future[T] = Future()
        future.set_exception(self._error)
        return future

    def finish(self) -> None: ...
    def stop(self) -> None: ...
