"""How long the hub's certificates and its revocation list are good, for who looks after a hub."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from edgeprof.errors import EdgeprofError
from edgeprof_hub.identity.authority import CA_PEM, CRL_PEM, SERVER_PEM

STALE_AFTER = dt.timedelta(days=2)
"""A hub that runs renews the list each day, so an older one means that it does not run, or cannot."""


@dataclass(frozen=True, kw_only=True)
class Validity:
    """The last day of each."""

    ca: dt.datetime
    server: dt.datetime
    crl: dt.datetime
    is_stale: bool
    """The revocation list has not been renewed for `STALE_AFTER`."""

    def lines(self, now: dt.datetime) -> list[str]:
        """For a terminal."""
        left = round((self.crl - now).total_seconds() / 86_400)
        found = [
            f"Certificates: CA until {self.ca:%Y-%m-%d}, server until {self.server:%Y-%m-%d}",
            f"Revocation list: until {self.crl:%Y-%m-%d} ({left} days)",
        ]
        if self.is_stale:
            found.append("  The hub renews it daily while it runs, and this one is older. Beyond its date no device")
            found.append("  gets in. Start the hub with --tls, or look at its log for hub.ticker_failed.")
        return found


def validity_of(folder: Path, now: dt.datetime) -> Validity | None:
    """Of the authority in this folder; None where the hub never served TLS. Raises EdgeprofError."""
    if not (folder / CA_PEM).exists():
        return None
    try:
        ca = x509.load_pem_x509_certificates((folder / CA_PEM).read_bytes())[0]
        server = x509.load_pem_x509_certificate((folder / SERVER_PEM).read_bytes())
        crl = x509.load_pem_x509_crl((folder / CRL_PEM).read_bytes())
    except (OSError, ValueError) as error:
        raise EdgeprofError(
            "identity_damaged",
            f"Cannot read the certificates in {folder}: {error}. Restore the folder from a copy.",
        ) from error
    made = dt.datetime.fromtimestamp((folder / CRL_PEM).stat().st_mtime, dt.UTC)
    return Validity(
        ca=ca.not_valid_after_utc,
        server=server.not_valid_after_utc,
        crl=crl.next_update_utc or now,
        is_stale=now - made > STALE_AFTER,
    )
