"""Ed25519 verification against published vectors, and against signatures of another implementation."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edgeprof.signing import ed25519
from edgeprof.signing.verification import is_signed_by
from tests.signing import vectors

ORDER = 2**252 + 27742317777372353535851937790883648493
KEY, MESSAGE, SIGNATURE = (bytes.fromhex(text) for text in vectors.RFC_8032[1])


@pytest.mark.parametrize(("key", "message", "signature"), vectors.RFC_8032)
def test_the_vectors_of_the_standard_hold(key: str, message: str, signature: str) -> None:
    parts = bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature)
    assert ed25519.verify(*parts)
    assert is_signed_by(*parts)


@pytest.mark.parametrize(("message", "signature"), vectors.WYCHEPROOF_VALID)
def test_published_valid_signatures_hold(message: str, signature: str) -> None:
    assert ed25519.verify(bytes.fromhex(vectors.WYCHEPROOF_KEY), bytes.fromhex(message), bytes.fromhex(signature))


@pytest.mark.parametrize("signature", vectors.WYCHEPROOF_INVALID)
def test_published_special_values_are_refused(signature: str) -> None:
    assert not ed25519.verify(bytes.fromhex(vectors.WYCHEPROOF_KEY), b"\x3f", bytes.fromhex(signature))


@pytest.mark.parametrize("at", [0, 31, 32, 63])
def test_one_changed_bit_is_enough(at: int) -> None:
    changed = bytearray(SIGNATURE)
    changed[at] ^= 1
    assert not ed25519.verify(KEY, MESSAGE, bytes(changed))
    assert not ed25519.verify(KEY, MESSAGE + b"\0", SIGNATURE)


@pytest.mark.parametrize("length", [0, 63, 65, 128])
def test_a_signature_of_another_length_is_refused(length: int) -> None:
    sized = (SIGNATURE * 2)[:length]
    assert not ed25519.verify(KEY, MESSAGE, sized)
    assert not is_signed_by(KEY, MESSAGE, sized)
    assert not is_signed_by(KEY[:-1], MESSAGE, SIGNATURE)


def test_a_scalar_that_is_not_reduced_is_refused() -> None:
    scalar = int.from_bytes(SIGNATURE[32:], "little") + ORDER
    assert not ed25519.verify(KEY, MESSAGE, SIGNATURE[:32] + scalar.to_bytes(32, "little"))


@pytest.mark.parametrize(
    "key",
    [
        (2**255 - 19 + 3).to_bytes(32, "little"),  # y is not reduced
        (2).to_bytes(32, "little"),  # no point has this y
        (1).to_bytes(32, "little"),  # the neutral element: of small order
        (1 | 1 << 255).to_bytes(32, "little"),  # x is zero, and its sign is set
    ],
)
def test_a_key_that_is_no_key_is_refused(key: bytes) -> None:
    assert not ed25519.verify(key, MESSAGE, SIGNATURE)


def test_what_the_hubs_library_signs_is_verified() -> None:
    for number in range(8):
        key = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
        message = bytes(range(number * 30))
        public = key.public_key().public_bytes_raw()
        assert ed25519.verify(public, message, key.sign(message))
        assert not ed25519.verify(public, message + b"x", key.sign(message))
