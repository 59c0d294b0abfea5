"""Ed25519 verification in the standard library: it holds no secret, so it need not run in constant time.

Source: RFC 8032, sections 5.1.3 and 5.1.7, in the strict form that libsodium documents. It refuses a scalar that
is not reduced, a key that is not in its canonical form, and a key of small order.
"""

import hashlib

KEY_BYTES, SIGNATURE_BYTES = 32, 64
_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_ROOT_OF_MINUS_ONE = pow(2, (_P - 1) // 4, _P)

_Point = tuple[int, int, int, int]
"""Extended coordinates (X, Y, Z, T): x = X/Z, y = Y/Z, x*y = T/Z."""
_NEUTRAL: _Point = (0, 1, 1, 0)


def verify(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the owner of the key (32 bytes) made this signature (64 bytes) of the message.

    Example:
        verify(bytes.fromhex("d75a98..."), b"", bytes.fromhex("e55643..."))
    """
    if len(key) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    owner = _decoded(key)
    scalar = int.from_bytes(signature[32:], "little")
    if owner is None or scalar >= _ORDER or _is_of_small_order(owner):
        return False
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    challenge = int.from_bytes(digest, "little") % _ORDER
    expected = _encoded(_sum_of_products(scalar, _BASE, challenge, _negative(owner)))
    return expected == signature[:32]


def _decoded(text: bytes) -> _Point | None:
    """A point from its 32 bytes; None where they are none, or not its canonical form (RFC 8032, 5.1.3)."""
    number = int.from_bytes(text, "little")
    y, sign = number & (1 << 255) - 1, number >> 255
    if y >= _P:
        return None
    x = _x_of(y, sign)
    return None if x is None else (x, y, 1, x * y % _P)


def _x_of(y: int, sign: int) -> int | None:
    u, v = (y * y - 1) % _P, (_D * y * y + 1) % _P
    x = u * pow(v, 3, _P) * pow(u * pow(v, 7, _P), (_P - 5) // 8, _P) % _P
    if (v * x * x - u) % _P:
        x = x * _ROOT_OF_MINUS_ONE % _P
    if (v * x * x - u) % _P or (x == 0 and sign):
        return None
    return _P - x if x & 1 != sign else x


def _encoded(point: _Point) -> bytes:
    x, y, z, _ = point
    inverse = pow(z, _P - 2, _P)
    return (y * inverse % _P | (x * inverse % _P & 1) << 255).to_bytes(32, "little")


def _negative(point: _Point) -> _Point:
    x, y, z, t = point
    return (-x % _P, y, z, -t % _P)


def _add(left: _Point, right: _Point) -> _Point:
    """RFC 8032, 5.1.4. Complete: it doubles, too."""
    a = (left[1] - left[0]) * (right[1] - right[0]) % _P
    b = (left[1] + left[0]) * (right[1] + right[0]) % _P
    c = 2 * left[3] * right[3] * _D % _P
    d = 2 * left[2] * right[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % _P, g * h % _P, f * g % _P, e * h % _P)


def _sum_of_products(first: int, one: _Point, second: int, other: _Point) -> _Point:
    """first*one + second*other, with one doubling a bit for both."""
    table = (_NEUTRAL, one, other, _add(one, other))
    total = _NEUTRAL
    for bit in range(max(first.bit_length(), second.bit_length()) - 1, -1, -1):
        total = _add(total, total)
        chosen = first >> bit & 1 | (second >> bit & 1) << 1
        if chosen:
            total = _add(total, table[chosen])
    return total


def _is_of_small_order(point: _Point) -> bool:
    """Whether eight times the point is neutral: anybody can sign for such a key."""
    for _ in range(3):
        point = _add(point, point)
    x, y, z, _ = point
    return x % _P == 0 and (y - z) % _P == 0


def _base() -> _Point:
    y = 4 * pow(5, _P - 2, _P) % _P
    x = _x_of(y, 0)
    assert x is not None
    return (x, y, 1, x * y % _P)


_BASE = _base()
