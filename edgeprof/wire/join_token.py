"""The join token: what a new device needs to know of its hub, on one line that a person can paste.

`ep1.<SHA-256 of the CA's public key>.<secret>`. The hash comes first into force: the device checks the hub with it
before it sends the secret (as k3s and kubeadm do).
"""

import re
import secrets
from dataclasses import dataclass

from edgeprof.errors import UsageError

PREFIX = "ep1"
SECRET_BYTES = 24
_TOKEN = re.compile(rf"{PREFIX}\.([0-9a-f]{{64}})\.([A-Za-z0-9_-]{{20,80}})")


@dataclass(frozen=True)
class JoinToken:
    """`ca_key_sha256`: of the CA's SubjectPublicKeyInfo in DER, in hexadecimal. `secret` works once."""

    ca_key_sha256: str
    secret: str

    def __str__(self) -> str:
        return f"{PREFIX}.{self.ca_key_sha256}.{self.secret}"

    def __repr__(self) -> str:
        """Without the secret: it may end up in a log."""
        return f"JoinToken({self.ca_key_sha256[:8]}...)"


def new_secret() -> str:
    """192 random bits: nobody guesses it, so that one fast hash of it is enough to store."""
    return secrets.token_urlsafe(SECRET_BYTES)


def parse(text: str) -> JoinToken:
    """A pasted token. Raises UsageError, which does not repeat the text.

    >>> parse(f"ep1.{'0' * 64}.{'s' * 32}").secret[:3]
    'sss'
    """
    found = _TOKEN.fullmatch(text.strip())
    if found is None:
        raise UsageError(
            "bad_join_token",
            "This is not a join token. It begins with ep1. and has three parts. "
            "Make one on the hub: edgeprof hub join-secret",
        )
    return JoinToken(*found.groups())
