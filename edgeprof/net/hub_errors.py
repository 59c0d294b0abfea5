"""The error document with which a hub refuses a request, as both its clients read it."""

import msgspec

from edgeprof.wire.error_document import ErrorBody, ErrorDocument


def error_in(body: bytes) -> ErrorBody | None:
    """None where the body is not a hub's: a proxy's page, or another program on that port."""
    try:
        return msgspec.json.decode(body, type=ErrorDocument).error
    except msgspec.MsgspecError:
        return None
