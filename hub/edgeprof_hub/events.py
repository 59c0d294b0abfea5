"""What changed, sent to every open page at once (server-sent events). A page that does not keep up is dropped."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from edgeprof_hub.store.rows import to_json

HEARTBEAT_S = 15.0
MAX_WAITING = 200
MAX_LISTENERS = 100


@dataclass(frozen=True)
class Change:
    """One thing that changed."""

    kind: Literal[
        "device", "group", "model", "campaign", "job", "result", "evaluation_set", "gate", "family", "rollout"
    ]
    id: str


class Events:
    """The listeners. `publish` may be called from any thread; all else runs in the server's event loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listeners: set[asyncio.Queue[bytes | None]] = set()
        self._closed = False
        self._taps: list[Callable[[Sequence[Change]], object]] = []

    def tap(self, listener: Callable[[Sequence[Change]], object]) -> None:
        """Call this with all changes, too, in the thread that publishes them: it must not wait."""
        self._taps.append(listener)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Name the event loop that serves the listeners."""
        self._loop = loop

    def publish(self, changes: Iterable[Change]) -> None:
        """Notify every listener."""
        sent = list(changes)
        for listener in self._taps:
            listener(sent)
        if not self._listeners:
            return
        lines = [f"event: changed\ndata: {to_json(change)}\n\n".encode() for change in sent]
        if lines and self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._deliver, lines)

    def has_room(self) -> bool:
        """Whether one more listener is taken."""
        return not self._closed and len(self._listeners) < MAX_LISTENERS

    async def stream(self, is_welcome: Callable[[], bool] = lambda: True) -> AsyncGenerator[bytes]:
        """One listener's stream: a line at once, then changes, and a comment when there are none.

        It ends before the first line for which its listener is no longer welcome.
        """
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(MAX_WAITING)
        self._listeners.add(queue)
        try:
            yield b"retry: 2000\n\n"
            while (line := await _next(queue)) is not None and is_welcome():
                yield line
        finally:
            self._listeners.discard(queue)

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        self._closed = True
        for queue in list(self._listeners):
            self._drop(queue)

    def _deliver(self, lines: list[bytes]) -> None:
        for queue in list(self._listeners):
            try:
                for line in lines:
                    queue.put_nowait(line)
            except asyncio.QueueFull:
                self._drop(queue)

    def _drop(self, queue: "asyncio.Queue[bytes | None]") -> None:
        self._listeners.discard(queue)
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(None)


async def _next(queue: "asyncio.Queue[bytes | None]") -> bytes | None:
    try:
        return await asyncio.wait_for(queue.get(), HEARTBEAT_S)
    except TimeoutError:
        return b": still here\n\n"
