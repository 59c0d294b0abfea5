"""What a device that has joined a hub keeps: the CA to trust, and a key with its certificate or a token of its own.

In the daemon's process, so on the standard library alone: OpenSSL checks certificates, keys are made elsewhere.
"""

import json
import ssl
import threading
import time
from pathlib import Path
from typing import Any, cast

from edgeprof.errors import EdgeprofError
from edgeprof.net import x509
from edgeprof_agent.daemon.durable import replace_durably

FOLDER = "identity"
CA, KEY, CERTIFICATE, TOKEN, HUB = "ca.pem", "device.key", "device.pem", "token", "hub.json"
RENEW_AT = 2 / 3
"""Of a certificate's life."""
_Stamp = tuple[int, ...]


class DeviceIdentity:
    """The files of one folder. They may be replaced while the agent runs: each is read again once it differs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._read: tuple[_Stamp, ssl.SSLContext, x509.Certificate | None] | None = None

    @classmethod
    def of(cls, data: Path) -> "DeviceIdentity | None":
        """That of a state folder; None where its device has joined no hub."""
        folder = data / FOLDER
        return cls(folder) if (folder / CA).exists() else None

    @property
    def token(self) -> str | None:
        """Of a board that holds no key."""
        try:
            return (self.folder / TOKEN).read_text().strip() or None
        except FileNotFoundError:
            return None

    def context(self) -> ssl.SSLContext:
        """TLS that trusts the hub's CA alone, and shows the device's certificate. Raises EdgeprofError.

        Not the system's CAs: they would cost the agent 1 MB, and none of them may speak for the hub.
        """
        context, certificate = self._current()
        if certificate is not None and certificate.not_after_s < time.time():
            raise EdgeprofError("certificate_expired", _EXPIRED.format(
                _date(certificate.not_after_s), _date(time.time()), self._join_line()))  # fmt: skip
        return context

    def certificate(self) -> x509.Certificate | None:
        """The device's own; None where it has a token."""
        return self._current()[1]

    def is_renewal_due(self, now_s: float) -> bool:
        """Whether two thirds of the certificate's life are over, and not all of it."""
        found = self.certificate()
        if found is None:
            return False
        renew_at_s = found.not_before_s + RENEW_AT * (found.not_after_s - found.not_before_s)
        return renew_at_s <= now_s < found.not_after_s

    def trust(self, ca_pem: str) -> bool:
        """Use these CAs from the next connection on. Whether they are others. Raises ValueError for what is none."""
        if ca_pem == (self.folder / CA).read_text():
            return False
        if not x509.certificates(ca_pem):
            raise ValueError("the hub names no CA")
        replace_durably(self.folder / CA, ca_pem.encode())
        return True

    def renew(self, certificate_pem: str, ca_pem: str) -> None:
        """Use another certificate of the same key, and these CAs, from the next connection on."""
        replace_durably(self.folder / CA, ca_pem.encode())
        replace_durably(self.folder / CERTIFICATE, certificate_pem.encode())

    def _current(self) -> tuple[ssl.SSLContext, x509.Certificate | None]:
        with self._lock:
            try:
                stamp = self._stamp()
                if self._read is None or self._read[0] != stamp:
                    self._read = (stamp, *self._load())
            except (OSError, ValueError) as error:  # an SSLError is an OSError
                raise EdgeprofError(
                    "identity_unusable",
                    f"Cannot use the certificate in {self.folder}: {error}. Restore the folder, or join again: "
                    f"{self._join_line()}",
                ) from error
            return self._read[1], self._read[2]

    def _load(self) -> tuple[ssl.SSLContext, x509.Certificate | None]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_verify_locations(self.folder / CA)
        if not (self.folder / CERTIFICATE).exists():
            return context, None
        context.load_cert_chain(self.folder / CERTIFICATE, self.folder / KEY)
        return context, x509.certificates((self.folder / CERTIFICATE).read_text())[0]

    def _stamp(self) -> _Stamp:
        """Of the files as they are: a renewed one is another file."""
        files = [self.folder / name for name in (CA, CERTIFICATE, KEY)]
        return tuple(number for file in files if file.exists() for number in _number(file))

    def _join_line(self) -> str:
        hub = joined_hub(self.folder.parent) or "https://HUB:8766"
        return f"edgeprof agent join --hub {hub} --data {self.folder.parent}"


def joined_hub(data: Path) -> str | None:
    """The URL of the hub that the device of this state folder has joined."""
    try:
        found: object = json.loads((data / FOLDER / HUB).read_bytes())
    except (OSError, ValueError):
        return None
    url = cast("dict[str, Any]", found).get("hub_url") if isinstance(found, dict) else None
    return url if isinstance(url, str) else None


def _number(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_mtime_ns, found.st_ino


def _date(time_s: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(time_s))


_EXPIRED = (
    "This device's certificate expired on {}; its clock says {}. Set the clock if that is wrong. Else make a join "
    "secret for it on the hub (edgeprof hub join-secret --device ID) and run: {}"
)
