"""Certificates as values: how the hub's CA, its server, its devices and its revocation list look. Nothing is stored.

P-256 everywhere: every TLS library in the field has it. Dates and extensions follow RFC 5280; from Python 3.13 on
clients are strict about it.
"""

import datetime as dt
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edgeprof.errors import UsageError

CA_LIFE = dt.timedelta(days=20 * 365)
DEVICE_LIFE = dt.timedelta(days=365)
"""A board may lie in a drawer for months; one that is not trusted any more is revoked, which works within seconds."""
SERVER_LIFE = dt.timedelta(days=397)
"""The longest that browsers take."""
CRL_LIFE = dt.timedelta(days=30)
"""Beyond it mosquitto lets nobody in: a hub that runs renews it daily, one that starts renews it first."""
CLOCK_BEHIND = dt.timedelta(days=30)
"""A board without a clock of its own wakes up with the time of its last shutdown."""
MIN_RSA_BITS = 2048

PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey


@dataclass(frozen=True)
class Ca:
    """A certificate authority with its private key."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


def new_key() -> ec.EllipticCurvePrivateKey:
    """A private key."""
    return ec.generate_private_key(ec.SECP256R1())


def new_ca(now: dt.datetime) -> Ca:
    """A CA that signs itself. Its name holds a part of its key's hash: two CAs of one hub differ in it."""
    key = new_key()
    name = _name(f"edgeprof hub CA {key_sha256(key.public_key())[:12]}")
    builder = (
        _builder(key.public_key(), name, name, now - CLOCK_BEHIND, now + CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    return Ca(key, builder.sign(key, hashes.SHA256()))


def device_certificate(ca: Ca, key: PublicKey, device_id: str, now: dt.datetime) -> x509.Certificate:
    """Its common name is the device's id; it is good as a client's certificate alone."""
    builder = _leaf(ca, key, device_id, now, now + DEVICE_LIFE, ExtendedKeyUsageOID.CLIENT_AUTH)
    return builder.sign(ca.key, hashes.SHA256())


def server_certificate(ca: Ca, key: PublicKey, names: Iterable[str], now: dt.datetime) -> x509.Certificate:
    """For these host names and addresses, the first of which it shows as its own."""
    listed = list(dict.fromkeys(names))
    ends = now - CLOCK_BEHIND + SERVER_LIFE
    builder = _leaf(ca, key, listed[0][:64], now, ends, ExtendedKeyUsageOID.SERVER_AUTH)
    return builder.add_extension(
        x509.SubjectAlternativeName([_general_name(name) for name in listed]), critical=False
    ).sign(ca.key, hashes.SHA256())


def revocation_list(ca: Ca, revoked: Iterable[tuple[int, dt.datetime]], now: dt.datetime) -> bytes:
    """In PEM; (serial number, since when) of each certificate that is not good any more."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ca.certificate.subject)
        .last_update(now - dt.timedelta(days=1))
        .next_update(now + CRL_LIFE)
        .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key()), critical=False)
    )
    for serial, since in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since).build()
        )
    return builder.sign(ca.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def requested_key(csr_pem: str) -> PublicKey:
    """The public key of a certificate request, which only the holder of its private key can have made.

    Raises UsageError. Whatever else the request names is ignored: the hub alone says who a device is.
    """
    try:
        request = x509.load_pem_x509_csr(csr_pem.encode())
        key = request.public_key()
        is_signed = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm, InvalidSignature) as error:
        raise _bad_request("it cannot be read") from error
    if not is_signed:
        raise _bad_request("its signature does not fit its key")
    return usable_key(key)


def usable_key(key: object) -> PublicKey:
    """A public key of a kind and size that the hub signs. Raises UsageError."""
    is_usable = isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size >= 256
    is_usable = is_usable or isinstance(key, ed25519.Ed25519PublicKey)
    is_usable = is_usable or (isinstance(key, rsa.RSAPublicKey) and key.key_size >= MIN_RSA_BITS)
    if not is_usable:
        raise _bad_request(f"its key must be P-256, Ed25519, or RSA of {MIN_RSA_BITS} bits and more")
    return key  # type: ignore[return-value]


def key_sha256(key: PublicKey) -> str:
    """SHA-256 of the SubjectPublicKeyInfo in DER, in hexadecimal: what a join token holds of the CA."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))
    return digest.finalize().hex()


def pem_of(certificate: x509.Certificate) -> str:
    """A certificate as text."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def private_pem(key: ec.EllipticCurvePrivateKey) -> str:
    """A private key as text, without a password: the file's rights guard it."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def names_in(certificate: x509.Certificate) -> list[str]:
    """The host names and addresses that a server's certificate is good for."""
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [*found.get_values_for_type(x509.DNSName), *map(str, found.get_values_for_type(x509.IPAddress))]


def _leaf(
    ca: Ca, key: PublicKey, name: str, now: dt.datetime, ends: dt.datetime, use: x509.ObjectIdentifier
) -> x509.CertificateBuilder:
    return (
        _builder(key, _name(name), ca.certificate.subject, now - CLOCK_BEHIND, ends)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key()), critical=False)
    )


def _builder(
    key: PublicKey, subject: x509.Name, issuer: x509.Name, begins: dt.datetime, ends: dt.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _bad_request(reason: str) -> UsageError:
    return UsageError("bad_certificate_request", f"The certificate request is refused: {reason}.")
