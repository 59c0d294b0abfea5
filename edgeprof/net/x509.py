"""What a client must know of a certificate before it trusts anything: its public key's hash, and its dates.

Read with the standard library, as the agent's process loads no cryptography package. The fields of X.509 are walked
in their order (RFC 5280, 4.1); nothing is verified here, that is OpenSSL's part.
"""

import calendar
import hashlib
import re
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass

_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_UTC_TIME, _LONG_TIME, _VERSION = 0x17, 0x18, 0xA0


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """Times in seconds since 1970. `key_sha256`: of the SubjectPublicKeyInfo in DER, in hexadecimal."""

    pem: str
    key_sha256: str
    not_before_s: float
    not_after_s: float


def certificates(pem: str) -> list[Certificate]:
    """Every certificate of a PEM text, in its order. Raises ValueError for one that cannot be read."""
    return [_certificate(found.group()) for found in _BLOCK.finditer(pem)]


def _certificate(pem: str) -> Certificate:
    try:
        der = ssl.PEM_cert_to_DER_cert(pem)
        (_, whole), *_ = _parts(der)
        (_, signed), *_ = _parts(whole)
        fields = [field for field in _parts(signed) if field[0] != _VERSION]
        _serial, _algorithm, _issuer, validity, _subject, key, *_ = fields
        begins, ends = _parts(validity[1])
    except (ValueError, IndexError) as error:
        raise ValueError(f"not an X.509 certificate ({error})") from error
    return Certificate(
        pem=pem + "\n",
        key_sha256=hashlib.sha256(_encoded(*key)).hexdigest(),
        not_before_s=_time(*begins),
        not_after_s=_time(*ends),
    )


def _parts(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each element in a row of them (X.690, 8.1). Raises IndexError for one that is cut off."""
    at = 0
    while at < len(der):
        tag, size = der[at], der[at + 1]
        at += 2
        if size & 0x80:
            digits = size & 0x7F
            size = int.from_bytes(der[at : at + digits], "big")
            at += digits
        if at + size > len(der):
            raise IndexError("cut off")
        yield tag, der[at : at + size]
        at += size


def _encoded(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(digits)]) + digits + content


def _time(tag: int, content: bytes) -> float:
    """RFC 5280, 4.1.2.5: two digits of a year mean 1950 to 2049."""
    text = content.decode("ascii")
    if tag == _UTC_TIME:
        text = ("20" if int(text[:2]) < 50 else "19") + text
    elif tag != _LONG_TIME:
        raise ValueError(f"a time has the tag {tag:#x}")
    return float(calendar.timegm(time.strptime(text, "%Y%m%d%H%M%SZ")))
