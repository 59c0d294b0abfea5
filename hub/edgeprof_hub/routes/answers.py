"""How API routes answer: wire documents as bytes, written by the codec that the clients read them with."""

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Annotated

import msgspec
from fastapi import Depends, Path, Response
from fastapi.responses import StreamingResponse
from starlette.types import Send

from edgeprof_hub.context import HubContext, hub_of

HubOf = Annotated[HubContext, Depends(hub_of)]
Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]

NO_CONTENT = 204


def document(value: object, status: int = 200) -> Response:
    """A wire document."""
    return encoded(msgspec.json.encode(value), status)


def encoded(content: bytes, status: int = 200) -> Response:
    """A wire document that was encoded before."""
    return Response(content, status, media_type="application/json", headers=_FRESH)


class Stream(StreamingResponse):
    """Pieces that are read from the database while they go out. Damage in them is remembered, and cuts the answer off.

    The status has gone out by then. HTTP knows one sign that an answer is not whole: that it does not end.
    """

    def __init__(
        self, hub: HubContext, pieces: Iterator[bytes], *, media_type: str, headers: Mapping[str, str]
    ) -> None:
        super().__init__(pieces, media_type=media_type, headers=headers)
        self._hub = hub

    async def stream_response(self, send: Send) -> None:
        try:
            await super().stream_response(send)
        except sqlite3.Error as error:
            if self._hub.trouble(error) is None:
                raise


_FRESH = {"cache-control": "no-store"}
