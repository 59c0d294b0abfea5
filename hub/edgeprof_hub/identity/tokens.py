"""Tokens of devices that cannot hold a key: how they look, and how the broker stores them."""

import base64
import hashlib
import secrets

PREFIX = "epd1."
_ROUNDS = 101
"""mosquitto's own default. The token is 256 random bits: rounds slow nobody down who has to guess it."""
_SALT_BYTES = 12


def new_token() -> str:
    """Recognised by its beginning, so that no other text is looked up as one."""
    return PREFIX + secrets.token_urlsafe(32)


def is_token(text: str) -> bool:
    """Whether a bearer's text may be a device's token."""
    return text.startswith(PREFIX)


def broker_hash(token: str) -> str:
    """As mosquitto 2 stores passwords: `$7$rounds$salt$hash` of PBKDF2 with SHA-512, both in base 64."""
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = hashlib.pbkdf2_hmac("sha512", token.encode(), salt, _ROUNDS)
    return f"$7${_ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"
