"""Who may speak for a device, from its join to its revocation: the authority, its ledger and the broker in one."""

import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.wire import topics
from edgeprof.wire.join_token import JoinToken, new_secret
from edgeprof_hub.identity import certificates, tokens
from edgeprof_hub.identity.authority import Authority
from edgeprof_hub.identity.certificates import PublicKey

log = logging.getLogger(__name__)

DEFAULT_TTL_S = 15 * 60.0
MAX_TTL_S = 24 * 3600.0
MIN_TTL_S = 1.0
MAX_A_DAY = 10
"""Certificates of a device. An agent looks four times a day, and at each start."""
RENEW_CRL_EVERY_S = 86_400.0
DEVICE_PREFIX = "d-"
"""Of every id that an agent makes; no name of the hub's own (`hub`, `edgeprof-hub`) begins with it."""


class DeviceGate(Protocol):
    """The broker's side: what it checks devices by."""

    def refresh(self) -> None:
        """Read the revocation list, the passwords and the server's certificate again. Nobody is disconnected."""
        ...

    def cut(self, device_id: str) -> bool:
        """End a device's connection, if it has one. False where the broker did not answer."""
        ...


@dataclass(frozen=True, kw_only=True)
class Joined:
    """What a device gets for its join secret: a certificate, or a token where it has no key."""

    certificate_pem: str | None
    token: str | None


@dataclass(frozen=True, kw_only=True)
class Revoked:
    """How many certificates and tokens are void now; whether the device's connection was ended, too."""

    count: int
    is_cut: bool


class Identities:
    """Safe from any thread."""

    def __init__(self, authority: Authority, gate: DeviceGate, names: Callable[[], list[str]]) -> None:
        """`names`: of this machine, now."""
        self.authority = authority
        self._gate = gate
        self._names = names
        self.on_server: Callable[[], None] = lambda: None
        """Called when the server's certificate is another one."""
        self._lock = threading.Lock()
        self._crl_s = time.monotonic()

    def new_join_token(self, ttl_s: float = DEFAULT_TTL_S, device_id: str | None = None) -> tuple[JoinToken, float]:
        """A token for one device (for this one where it is named), and when it expires. Raises UsageError."""
        if not MIN_TTL_S <= ttl_s <= MAX_TTL_S:
            raise UsageError("bad_ttl", f"A join secret is good for {MIN_TTL_S:.0f} s to {MAX_TTL_S / 3600:.0f} h.")
        if device_id is not None:
            check_device_id(device_id)
        secret, now_s = new_secret(), time.time()
        self.authority.ledger.add_secret(secret, device_id, now_s, now_s + ttl_s)
        return JoinToken(self.authority.ca_key_sha256, secret), now_s + ttl_s

    def enrol(self, secret: str, device_id: str, csr_pem: str | None) -> Joined:
        """Let a device in. Raises JoinRefused, or UsageError for a bad id or request, which costs no secret."""
        check_device_id(device_id)
        key = None if csr_pem is None else certificates.requested_key(csr_pem)
        key_sha256 = None if key is None else certificates.key_sha256(key)
        ledger = self.authority.ledger
        with self._lock:
            ledger.redeem(secret, device_id, key_sha256, time.time())
            replaced = ledger.revoke(device_id, time.time(), but_key_sha256=key_sha256)
            joined = self._given(device_id, key)
        if replaced or joined.token:
            self._shut_out(device_id, must_cut=bool(replaced))
        log.info("device.joined device=%s by=%s", device_id, "token" if joined.token else "certificate")
        return joined

    def renew(self, device_id: str, serial: str, key: object) -> str:
        """A new certificate for a key that has just proved itself in a TLS handshake with the one of this serial.

        Raises EdgeprofError `device_revoked` where that one was revoked since, `renewed_too_often`.
        """
        with self._lock:
            shown = self.authority.ledger.certificate(serial)
            if shown is None or shown.revoked_s is not None:
                raise EdgeprofError("device_revoked", f"Device {device_id} was revoked, so it gets no certificate.")
            if self.authority.ledger.issued_since(device_id, time.time() - 86_400.0) >= MAX_A_DAY:
                raise EdgeprofError(
                    "renewed_too_often", f"Device {device_id} got {MAX_A_DAY} certificates within a day. Try tomorrow."
                )
            made = self.authority.issue_for(certificates.usable_key(key), device_id)
        log.info("device.renewed device=%s", device_id)
        return made

    def revoke(self, device_id: str) -> Revoked:
        """Void what a device has, keep it out, and end its connection."""
        with self._lock:
            count = self.authority.revoke(device_id)
        log.warning("device.revoked device=%s credentials=%d", device_id, count)
        return Revoked(count=count, is_cut=self._shut_out(device_id, must_cut=True))

    def look_after(self) -> None:
        """From time to time: a revocation list that does not run out, a certificate that fits this machine's names."""
        is_new = self.authority.keep_server(self._names())
        is_due = time.monotonic() - self._crl_s >= RENEW_CRL_EVERY_S
        if is_due:
            self._crl_s = time.monotonic()
            with self._lock:
                self.authority.write_crl()
        if is_new:
            log.warning("server.certificate_renewed names=%s", ",".join(self._names()))
            self.on_server()
        if is_new or is_due:
            self._gate.refresh()

    def _given(self, device_id: str, key: PublicKey | None) -> Joined:
        if key is not None:
            return Joined(certificate_pem=self.authority.issue_for(key, device_id), token=None)
        token = tokens.new_token()
        serial = f"t{secrets.token_hex(8)}"
        self.authority.ledger.add_token(device_id, serial, token, tokens.broker_hash(token), time.time())
        return Joined(certificate_pem=None, token=token)

    def _shut_out(self, device_id: str, *, must_cut: bool) -> bool:
        """First what keeps it out, then the cut: it comes back at once, and finds the door closed."""
        if must_cut:
            self.authority.write_crl()
        self._gate.refresh()
        return self._gate.cut(device_id) if must_cut else True


def check_device_id(device_id: str) -> None:
    """Raises UsageError for an id that no agent makes: it could be a wildcard, or a name of the hub's own."""
    if not (topics.is_name(device_id) and device_id.startswith(DEVICE_PREFIX)):
        raise UsageError(
            "bad_device_id", f"A device id begins with {DEVICE_PREFIX} and must match {topics.NAME_PATTERN}."
        )
