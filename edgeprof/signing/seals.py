"""How a device knows that a receipt or a cancel is its hub's: HMAC-SHA256 with a key that only the two have.

Not a signature, as jobs carry: a device that drains 10,000 results checks as many receipts, and Ed25519 in Python takes
milliseconds for each. The hub hands the key over by TLS, in its bootstrap document, which no broker sees or changes.
The key is another one for each device and for each start of the hub. So a seal proves nothing for another device, and
what a broker recorded before the hub's last start proves nothing after it. Pure.
"""

import hashlib
import hmac
from dataclasses import replace

from edgeprof.wire.messages import Cancel, Receipt

KEY_BYTES = 32
_KEY_CONTEXT, _RECEIPT_CONTEXT, _CANCEL_CONTEXT = b"edgeprof seal key 1", b"edgeprof receipt 1", b"edgeprof cancel 1"


def device_key(secret: bytes, hub_session: str, device_id: str) -> bytes:
    """The key of one device (32 bytes) during one start of the hub that holds the secret."""
    return hmac.digest(secret, _framed(_KEY_CONTEXT, hub_session.encode(), device_id.encode()), hashlib.sha256)


def sealed(message: Receipt | Cancel, key: bytes) -> Receipt | Cancel:
    """The message with its seal."""
    return replace(message, seal=_seal(message, key))


def is_sealed(message: Receipt | Cancel, key: bytes) -> bool:
    """Whether whoever has the key has sent exactly this. False without a seal."""
    return message.seal is not None and hmac.compare_digest(message.seal.encode(), _seal(message, key).encode())


def _seal(message: Receipt | Cancel, key: bytes) -> str:
    if isinstance(message, Receipt):
        reason = [] if message.reason is None else [message.reason]
        parts = [_RECEIPT_CONTEXT, *_utf8(message.result_id, message.sha256, message.status, *reason)]
    else:
        attempt = [] if message.attempt is None else [str(message.attempt)]
        parts = [_CANCEL_CONTEXT, *_utf8(message.job_id, *attempt)]
    return hmac.digest(key, _framed(*parts), hashlib.sha256).hex()


def _utf8(*texts: str) -> list[bytes]:
    """A lone surrogate has bytes, too: whoever sends one is refused, not crashed into."""
    return [text.encode("utf-8", "surrogatepass") for text in texts]


def _framed(*parts: bytes) -> bytes:
    """Each part after its length: no two lists of parts become the same bytes."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
