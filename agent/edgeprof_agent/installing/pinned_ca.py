"""The hub's CA, trusted by the hash of its key: the join token brings that hash from the hub's own page."""

import base64
import binascii
import hashlib
import hmac
import re
import ssl

from edgeprof.errors import EdgeprofError

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)
_SEQUENCE, _VERSION = 0x30, 0xA0
_FIELDS_BEFORE_KEY = 5
"""Serial number, signature algorithm, issuer, validity, subject (RFC 5280, 4.1)."""


def trusted(ca_pem: bytes, key_sha256: str) -> ssl.SSLContext:
    """TLS that accepts this hub alone. Raises EdgeprofError `wrong_ca` unless a certificate has the expected key.

    Only the certificates with that key are trusted, whatever else the file holds.
    """
    matching = [der for der in _certificates(ca_pem) if hmac.compare_digest(key_hash(der), key_sha256)]
    if not matching:
        raise EdgeprofError(
            "wrong_ca",
            "The hub's certificate authority is not the one of the join token. Something between this device and the "
            "hub answers in its place, or the token is of another hub. Make a new token on the page Add a device.",
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for der in matching:
        context.load_verify_locations(cadata=der)
    return context


def key_hash(certificate: bytes) -> str:
    """Hex SHA-256 of the SubjectPublicKeyInfo of a DER certificate. Empty where it is not one."""
    try:
        inside = _content(certificate, 0, _SEQUENCE)  # Certificate
        inside = _content(certificate, inside, _SEQUENCE)  # TBSCertificate
        if certificate[inside] == _VERSION:
            inside = _end(certificate, inside)
        for _ in range(_FIELDS_BEFORE_KEY):
            inside = _end(certificate, inside)
        return hashlib.sha256(certificate[inside : _end(certificate, inside)]).hexdigest()
    except (IndexError, ValueError):
        return ""


def _certificates(pem: bytes) -> list[bytes]:
    try:
        return [base64.b64decode(b"".join(body.split()), validate=True) for body in _PEM.findall(pem)]
    except binascii.Error:
        return []


def _header(data: bytes, at: int) -> tuple[int, int]:
    """Where the content of a DER element begins, and how long it is (X.690, 8.1.3)."""
    first = data[at + 1]
    if first < 0x80:
        return at + 2, first
    size = first & 0x7F
    if not 1 <= size <= 3:
        raise ValueError("a length that no certificate has")
    return at + 2 + size, int.from_bytes(data[at + 2 : at + 2 + size], "big")


def _content(data: bytes, at: int, tag: int) -> int:
    if data[at] != tag:
        raise ValueError("another element")
    return _header(data, at)[0]


def _end(data: bytes, at: int) -> int:
    begin, length = _header(data, at)
    if begin + length > len(data):
        raise ValueError("cut off")
    return begin + length
