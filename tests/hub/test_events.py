"""The stream of changes: told from any thread, quiet when nothing happens, and rid of those who do not keep up."""

import asyncio
import threading

import pytest

from edgeprof_hub import events
from edgeprof_hub.events import Change, Events

CHANGE = Change("device", "d-1")
LINE = b'event: changed\ndata: {"kind":"device","id":"d-1"}\n\n'


def test_every_listener_is_told_from_another_thread() -> None:
    async def listen() -> list[bytes]:
        told = Events()
        told.attach(asyncio.get_running_loop())
        streams = [told.stream(), told.stream()]
        first = [await anext(stream) for stream in streams]
        publisher = threading.Thread(target=told.publish, args=([CHANGE],))
        publisher.start()
        got = [await anext(stream) for stream in streams]
        publisher.join()
        for stream in streams:
            await stream.aclose()
        return first + got

    assert asyncio.run(listen()) == [b"retry: 2000\n\n"] * 2 + [LINE] * 2


def test_a_quiet_stream_shows_that_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.01)

    async def listen() -> bytes:
        stream = Events().stream()
        await anext(stream)
        return await anext(stream)

    assert asyncio.run(listen()).startswith(b":")


def test_a_listener_that_does_not_keep_up_is_let_go_and_the_others_are_not() -> None:
    async def listen() -> tuple[int, int]:
        told = Events()
        told.attach(asyncio.get_running_loop())
        slow, quick = told.stream(), told.stream()
        await anext(slow)
        await anext(quick)
        heard = 0
        for _ in range(events.MAX_WAITING + 1):
            told.publish([CHANGE])
            heard += await anext(quick) == LINE
        return len([line async for line in slow]), heard

    assert asyncio.run(listen()) == (0, events.MAX_WAITING + 1)


def test_closing_ends_every_stream_and_takes_no_more() -> None:
    async def listen() -> tuple[list[bytes], bool]:
        told = Events()
        told.attach(asyncio.get_running_loop())
        stream = told.stream()
        await anext(stream)
        told.close()
        return [line async for line in stream], told.has_room()

    assert asyncio.run(listen()) == ([], False)
