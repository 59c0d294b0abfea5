"""The hub's certificate authority: its keys and certificates as files of the data folder.

`DATA/identity/` holds what must never leave the hub's machine. Each CA is one file with its key and its certificate;
`signing` names the one that signs, then the former ones. All are trusted and each has its revocation list, so that one
can follow another without a device losing its hub (`rotation.py`).
"""

import datetime as dt
import sqlite3
import threading
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

SIGNING = "signing"
CA_FILES = "ca-*.key"
CA_PEM = "ca.pem"
"""Made of the others at each start, for the broker and for whoever fetches it."""
SERVER_KEY, SERVER_PEM = "server.key", "server.pem"
CRL_PEM = "crl.pem"
LEDGER = "ledger.sqlite"
K = TypeVar("K")
RENEW_SERVER_WITHIN = certificates.SERVER_LIFE / 3


class Authority:
    """Safe from any thread: what changes is in the ledger, and each file is replaced whole."""

    def __init__(self, folder: Path, signing: Ca, others: tuple[Ca, ...]) -> None:
        self.folder = folder
        self.ledger = Ledger(folder / LEDGER)
        self._crl_lock = threading.Lock()
        self._ca = signing
        self._all = (signing, *others)

    @classmethod
    def open(cls, folder: Path) -> "Authority":
        """The authority of this folder; it is made at the first call. Raises EdgeprofError for damaged files.

        One that has lost a file is never replaced: no device would find its hub, or a revoked one would come back.
        """
        try:
            if not (folder / SIGNING).exists() and _has_given_nothing(folder):
                _make(folder)
            if not (folder / LEDGER).exists():
                raise ValueError(f"{LEDGER} is missing")
            authority = cls(folder, *read_cas(folder))
        except (OSError, ValueError, sqlite3.DatabaseError) as error:
            raise EdgeprofError(
                "identity_damaged",
                f"Cannot read the hub's certificate authority in {folder}: {error}. Restore the folder from a copy. "
                "Without one, remove it and let every device join again.",
            ) from error
        private_file.replace(folder / CA_PEM, authority.ca_pem)
        return authority

    @property
    def ca_pem(self) -> str:
        """Every CA that devices are to trust, the one that signs first."""
        return "".join(certificates.pem_of(ca.certificate) for ca in self._all)

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
        count = self.ledger.keep_out(device_id, _now().timestamp())
        self.write_crl()
        return count

    @property
    def crl_pem(self) -> str:
        """The revocation list in force."""
        return (self.folder / CRL_PEM).read_text()

    def write_crl(self) -> None:
        """Renew the revocation list of each CA, which is good for `CRL_LIFE`; all are in one file.

        Serial numbers are random: one that another CA gave stands in a list without harm.
        """
        with self._crl_lock:  # else a list that was read earlier could replace a newer one
            revoked = [
                (int(serial, 16), dt.datetime.fromtimestamp(since_s, dt.UTC))
                for serial, since_s in self.ledger.revoked_certificates()
            ]
            lists = [certificates.revocation_list(ca, revoked, _now()).decode() for ca in self._all]
            private_file.replace(self.folder / CRL_PEM, "".join(lists))


def read_cas(folder: Path) -> tuple[Ca, tuple[Ca, ...]]:
    """The CA that signs, and the others. Raises OSError and ValueError."""
    found = [_read_ca(file) for file in folder.glob(CA_FILES)]
    name = names(folder)[0]
    signing = [ca for ca in found if name_of(ca) == name]
    if not signing:
        raise ValueError(f"the CA {name} is missing")
    return signing[0], tuple(sorted((ca for ca in found if name_of(ca) != name), key=name_of))


def names(folder: Path) -> list[str]:
    """Of the CA that signs, then of those that did before it. Raises OSError, and ValueError for an empty file."""
    found = (folder / SIGNING).read_text().split()
    if not found:
        raise ValueError(f"{SIGNING} is empty")
    return found


def name_of(ca: Ca) -> str:
    """The beginning of its key's hash, as in its file's name and in its own."""
    return certificates.key_sha256(ca.key.public_key())[:12]


def add_ca(folder: Path) -> Ca:
    """Make a CA, which is trusted from the next start on. It does not sign yet."""
    ca = certificates.new_ca(_now())
    text = certificates.private_pem(ca.key) + certificates.pem_of(ca.certificate)
    private_file.replace(folder / f"ca-{name_of(ca)}.key", text)
    return ca


def _make(folder: Path) -> None:
    """What names the CA comes last: a start that is cut off before begins anew."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for cut_off in folder.glob(CA_FILES):
        cut_off.unlink()
    Ledger(folder / LEDGER).close()
    ca = add_ca(folder)
    private_file.replace(folder / SIGNING, f"{name_of(ca)}\n")


def _has_given_nothing(folder: Path) -> bool:
    if not (folder / LEDGER).exists():
        return True
    ledger = Ledger(folder / LEDGER)
    try:
        return ledger.is_empty()
    finally:
        ledger.close()


def _read_ca(file: Path) -> Ca:
    key = _private_key(file, ec.EllipticCurvePrivateKey)
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    if certificate.public_key() != key.public_key():
        raise ValueError(f"key and certificate in {file.name} do not fit")
    return Ca(key, certificate)


def _private_key(file: Path, kind: type[K]) -> K:
    key = serialization.load_pem_private_key(file.read_bytes(), None)
    if not isinstance(key, kind):
        raise ValueError(f"{file.name} holds another kind of key")
    return key


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
