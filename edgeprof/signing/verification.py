"""Whether a signature is right: by PyNaCl where it is installed, which is 50 times as fast, else by our own code."""

from importlib import import_module
from typing import Protocol, cast

from edgeprof.signing import ed25519


class _VerifyKey(Protocol):
    def verify(self, smessage: bytes, signature: bytes) -> bytes: ...


class _Nacl(Protocol):
    def VerifyKey(self, key: bytes) -> _VerifyKey: ...


def is_signed_by(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the owner of this Ed25519 key (32 bytes) signed the message."""
    if len(key) != ed25519.KEY_BYTES or len(signature) != ed25519.SIGNATURE_BYTES:
        return False
    try:
        nacl = cast(_Nacl, import_module("nacl.signing"))
    except ImportError:
        return ed25519.verify(key, message, signature)
    try:
        nacl.VerifyKey(key).verify(message, signature)
    except Exception:  # BadSignatureError; another of its errors is no proof either
        return False
    return True
