"""The hub's certificate authority: its keys and certificates as files of the data folder.

`DATA/identity/` holds what must never leave the hub's machine. `ca.pem` may hold several CAs: the first one signs, all
are trusted and each has its revocation list, so that one can follow another without a device losing its hub.
"""

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from edgeprof.errors import EdgeprofError
from edgeprof_hub import private_file
from edgeprof_hub.identity import certificates
from edgeprof_hub.identity.certificates import Ca, PublicKey
from edgeprof_hub.identity.ledger import Ledger

CA_KEY, CA_PEM = "ca.key", "ca.pem"
SERVER_KEY, SERVER_PEM = "server.key", "server.pem"
CRL_PEM = "crl.pem"
LEDGER = "ledger.sqlite"
K = TypeVar("K")
RENEW_SERVER_WITHIN = certificates.SERVER_LIFE / 3


class Authority:
    """Safe from any thread: what changes is in the ledger, and each file is replaced whole."""

    def __init__(self, folder: Path, ca: Ca, trusted: tuple[x509.Certificate, ...]) -> None:
        self.folder = folder
        self.ledger = Ledger(folder / LEDGER)
        self._ca = ca
        self._trusted = trusted

    @classmethod
    def open(cls, folder: Path) -> "Authority":
        """The authority of this folder; it is made at the first call. Raises EdgeprofError for damaged files."""
        if not (folder / LEDGER).exists():  # it comes last: without it nothing was ever signed
            _make(folder)
        try:
            trusted = tuple(x509.load_pem_x509_certificates((folder / CA_PEM).read_bytes()))
            ca_key = _private_key(folder / CA_KEY, ec.EllipticCurvePrivateKey)
            if trusted[0].public_key() != ca_key.public_key():
                raise ValueError(f"{CA_KEY} is not the key of the first certificate of {CA_PEM}")
        except (OSError, ValueError, IndexError) as error:
            raise EdgeprofError(
                "identity_damaged",
                f"Cannot read the hub's certificate authority in {folder}: {error}. Restore the folder from a copy. "
                "Without one, remove it and let every device join again.",
            ) from error
        return cls(folder, Ca(ca_key, trusted[0]), trusted)

    @property
    def ca_pem(self) -> str:
        """Every CA that devices are to trust, the one that signs first."""
        return "".join(map(certificates.pem_of, self._trusted))

    @property
    def ca_key_sha256(self) -> str:
        """SHA-256 of the signing CA's SubjectPublicKeyInfo in DER, in hexadecimal."""
        return certificates.key_sha256(self._ca.key.public_key())

    def issue_device(self, csr_pem: str, device_id: str) -> str:
        """A device's certificate in PEM. Raises UsageError for a request that cannot be signed."""
        return self.issue_for(certificates.requested_key(csr_pem), device_id)

    def issue_for(self, key: PublicKey, device_id: str) -> str:
        """A device's certificate for a key whose holder has been checked."""
        made = certificates.device_certificate(self._ca, key, device_id, _now())
        self.ledger.add_certificate(
            device_id,
            f"{made.serial_number:x}",
            certificates.key_sha256(key),
            _now().timestamp(),
            made.not_valid_after_utc.timestamp(),
        )
        return certificates.pem_of(made)

    def issue_server(self, names: Iterable[str]) -> None:
        """Write a new key and certificate of the hub's own listeners for these host names and addresses."""
        key = certificates.new_key()
        made = certificates.server_certificate(self._ca, key.public_key(), names, _now())
        private_file.replace(self.folder / SERVER_KEY, certificates.private_pem(key))
        private_file.replace(self.folder / SERVER_PEM, certificates.pem_of(made))

    def keep_server(self, names: Iterable[str]) -> bool:
        """Issue the server's certificate where it is missing, nears its end or lacks a name. Whether it did."""
        wanted = list(names)
        try:
            found = x509.load_pem_x509_certificate((self.folder / SERVER_PEM).read_bytes())
            key = _private_key(self.folder / SERVER_KEY, ec.EllipticCurvePrivateKey)
            is_good = (
                found.not_valid_after_utc - _now() > RENEW_SERVER_WITHIN
                and set(wanted) <= set(certificates.names_in(found))
                and found.issuer == self._ca.certificate.subject
                and found.public_key() == key.public_key()
            )
        except (OSError, ValueError, x509.ExtensionNotFound):
            is_good = False
        if not is_good:
            self.issue_server(wanted)
        return not is_good

    def revoke(self, device_id: str) -> int:
        """Void everything that this device was given, and write the revocation list. How many certificates, tokens."""
        count = self.ledger.revoke(device_id, _now().timestamp())
        self.write_crl()
        return count

    @property
    def crl_pem(self) -> str:
        """The revocation list in force."""
        return (self.folder / CRL_PEM).read_text()

    def write_crl(self) -> None:
        """Renew the revocation list, which is good for `CRL_LIFE`."""
        revoked = [
            (int(serial, 16), dt.datetime.fromtimestamp(since_s, dt.UTC))
            for serial, since_s in self.ledger.revoked_certificates()
        ]
        private_file.replace(self.folder / CRL_PEM, certificates.revocation_list(self._ca, revoked, _now()).decode())


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    ca = certificates.new_ca(_now())
    private_file.replace(folder / CA_PEM, certificates.pem_of(ca.certificate))
    private_file.replace(folder / CA_KEY, certificates.private_pem(ca.key))


def _private_key(file: Path, kind: type[K]) -> K:
    key = serialization.load_pem_private_key(file.read_bytes(), None)
    if not isinstance(key, kind):
        raise ValueError(f"{file.name} holds another kind of key")
    return key


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
