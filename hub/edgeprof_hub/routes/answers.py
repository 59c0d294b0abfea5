"""How API routes answer: wire documents as bytes, written by the codec that the clients read them with."""

from typing import Annotated

import msgspec
from fastapi import Depends, Path, Response

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


_FRESH = {"cache-control": "no-store"}
