"""What the hub has given out: join secrets and devices' certificates and tokens, each stored by its hash alone.

A database of its own beside the CA's key. A copy of the hub's results that somebody restores brings no revoked device
back, and a damaged one shuts no device out.
"""

import hashlib
import sqlite3
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edgeprof.errors import EdgeprofError
from edgeprof_hub import private_file

FORGET_SECRETS_AFTER_S = 30 * 86_400.0
BUSY_S = 10.0
_TABLES = """
CREATE TABLE IF NOT EXISTS join_secret (
    secret_sha256 TEXT PRIMARY KEY, device_id TEXT, created_s REAL NOT NULL, expires_s REAL NOT NULL,
    used_s REAL, used_by TEXT, used_key_sha256 TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS credential (
    serial TEXT PRIMARY KEY, device_id TEXT NOT NULL, kind TEXT NOT NULL, key_sha256 TEXT, token_sha256 TEXT UNIQUE,
    broker_hash TEXT, issued_s REAL NOT NULL, expires_s REAL, revoked_s REAL
) STRICT;
CREATE INDEX IF NOT EXISTS credential_device ON credential (device_id);
"""
Kind = Literal["certificate", "token"]


@dataclass(frozen=True, kw_only=True)
class Credential:
    """A certificate (`serial` is its own, in hexadecimal) or a token that a device was given."""

    serial: str
    device_id: str
    kind: Kind
    expires_s: float | None
    revoked_s: float | None


class JoinRefused(EdgeprofError):
    """This secret lets nobody in, or not this device. `is_guess`: nobody was ever given such a secret."""

    def __init__(self, code: str, message: str, *, is_guess: bool = False) -> None:
        super().__init__(code, message)
        self.is_guess = is_guess


class Ledger:
    """Safe from any thread: one connection, one at a time."""

    def __init__(self, file: Path) -> None:
        private_file.touch(file)
        self._lock = threading.Lock()
        self._db = sqlite3.connect(file, BUSY_S, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(_TABLES)
        if (found := self._db.execute("PRAGMA quick_check(1)").fetchone()) != ("ok",):
            raise sqlite3.DatabaseError(f"{file.name} is damaged: {found[0]}")

    def close(self) -> None:
        """The file is whole without this, too."""
        with self._lock:
            self._db.close()

    def is_empty(self) -> bool:
        """Whether nothing was ever given out."""
        with self._lock:
            found = self._db.execute("SELECT (SELECT count(*) FROM join_secret) + (SELECT count(*) FROM credential)")
            return found.fetchone() == (0,)

    def add_secret(self, secret: str, device_id: str | None, now_s: float, expires_s: float) -> None:
        """A join secret, for one named device or for any. Those that ended long ago are forgotten."""
        with self._changing():
            self._db.execute("DELETE FROM join_secret WHERE expires_s < ?", (now_s - FORGET_SECRETS_AFTER_S,))
            self._db.execute(
                "INSERT INTO join_secret (secret_sha256, device_id, created_s, expires_s) VALUES (?, ?, ?, ?)",
                (_hash(secret), device_id, now_s, expires_s),
            )

    def redeem(self, secret: str, device_id: str, key_sha256: str | None, now_s: float) -> None:
        """Use a join secret up. Raises JoinRefused.

        The same key may come again until the secret expires: its first answer was lost on the way.
        """
        with self._changing():
            row = self._db.execute(
                "SELECT device_id, expires_s, used_by, used_key_sha256 FROM join_secret WHERE secret_sha256 = ?",
                (_hash(secret),),
            ).fetchone()
            self._check(row, device_id, key_sha256, now_s)
            self._db.execute(
                "UPDATE join_secret SET used_s = ?, used_by = ?, used_key_sha256 = ? WHERE secret_sha256 = ?",
                (now_s, device_id, key_sha256, _hash(secret)),
            )

    def _check(
        self,
        row: tuple[str | None, float, str | None, str | None] | None,
        device_id: str,
        key_sha256: str | None,
        now_s: float,
    ) -> None:
        if row is None:
            raise JoinRefused("join_secret_wrong", f"The hub never made this join secret. {_NEW}", is_guess=True)
        meant_for, expires_s, used_by, used_key = row
        if now_s > expires_s:
            minutes = (now_s - expires_s) / 60
            raise JoinRefused("join_secret_expired", f"This join secret expired {minutes:.0f} min ago. {_NEW}")
        if used_by is not None:
            if key_sha256 is not None and (used_by, used_key) == (device_id, key_sha256):
                return
            raise JoinRefused("join_secret_used", f"Device {used_by} has used this join secret. {_NEW}")
        if meant_for not in (None, device_id):
            raise JoinRefused("join_secret_used", f"This join secret is for device {meant_for}. {_NEW}")
        if meant_for is None and self._is_known(device_id):
            raise JoinRefused(
                "device_enrolled",
                f"Device {device_id} has joined before. Only a join secret made for it lets it join again: "
                f"edgeprof hub join-secret --device {device_id}",
            )

    def add_certificate(self, device_id: str, serial: str, key_sha256: str, issued_s: float, expires_s: float) -> None:
        """A certificate that was signed."""
        with self._changing():
            self._db.execute(
                "INSERT INTO credential (serial, device_id, kind, key_sha256, issued_s, expires_s) "
                "VALUES (?, ?, 'certificate', ?, ?, ?)",
                (serial, device_id, key_sha256, issued_s, expires_s),
            )

    def add_token(self, device_id: str, serial: str, token: str, broker_hash: str, issued_s: float) -> None:
        """A token of a device, with the hash by which the broker checks it."""
        with self._changing():
            self._db.execute(
                "INSERT INTO credential (serial, device_id, kind, token_sha256, broker_hash, issued_s) "
                "VALUES (?, ?, 'token', ?, ?, ?)",
                (serial, device_id, _hash(token), broker_hash, issued_s),
            )

    def revoke(self, device_id: str, now_s: float, *, but_key_sha256: str | None = None) -> int:
        """Void what a device has; with `but_key_sha256` all but the certificates of that key. How many."""
        with self._changing():
            return self._db.execute(
                "UPDATE credential SET revoked_s = ? WHERE device_id = ? AND revoked_s IS NULL AND key_sha256 IS NOT ?",
                (now_s, device_id, but_key_sha256 or ""),
            ).rowcount

    def keep_out(self, device_id: str, now_s: float) -> int:
        """Void what a device has, and each join secret that it used or that was made for it. How many credentials."""
        with self._changing():
            self._db.execute("DELETE FROM join_secret WHERE used_by = ? OR device_id = ?", (device_id, device_id))
            return self._db.execute(
                "UPDATE credential SET revoked_s = ? WHERE device_id = ? AND revoked_s IS NULL", (now_s, device_id)
            ).rowcount

    def certificate(self, serial: str) -> Credential | None:
        """By its serial number in hexadecimal, as OpenSSL writes it or with other zeros before it."""
        return self._credential("serial = ? AND kind = 'certificate'", serial.lower().lstrip("0"))

    def token(self, token: str) -> Credential | None:
        """By the token itself."""
        return self._credential("token_sha256 = ?", _hash(token))

    def credentials(self, device_id: str) -> list[Credential]:
        """Everything that a device was ever given, the newest first."""
        with self._lock:
            rows = self._db.execute(f"{_SELECT} WHERE device_id = ? ORDER BY issued_s DESC", (device_id,)).fetchall()
        return [_credential(row) for row in rows]

    def issued_since(self, device_id: str, since_s: float) -> int:
        """How many certificates a device was given since then."""
        with self._lock:
            found = self._db.execute(
                "SELECT count(*) FROM credential WHERE device_id = ? AND kind = 'certificate' AND issued_s > ?",
                (device_id, since_s),
            )
            return int(found.fetchone()[0])

    def revoked_certificates(self) -> list[tuple[str, float]]:
        """(serial number in hexadecimal, when) of each certificate that is void though its date is not."""
        with self._lock:
            return self._db.execute(
                "SELECT serial, revoked_s FROM credential WHERE kind = 'certificate' AND revoked_s IS NOT NULL "
                "ORDER BY revoked_s"
            ).fetchall()

    def broker_lines(self) -> list[str]:
        """`device_id:hash` of each token in force, for the broker's password file; a device's newest token."""
        with self._lock:
            rows = self._db.execute(
                "SELECT device_id, broker_hash FROM credential WHERE kind = 'token' AND revoked_s IS NULL "
                "ORDER BY issued_s"
            ).fetchall()
        return [f"{device_id}:{broker_hash}" for device_id, broker_hash in dict(rows).items()]

    def _is_known(self, device_id: str) -> bool:
        found = self._db.execute("SELECT 1 FROM credential WHERE device_id = ? LIMIT 1", (device_id,))
        return found.fetchone() is not None

    def _credential(self, where: str, value: str) -> Credential | None:
        with self._lock:
            row = self._db.execute(f"{_SELECT} WHERE {where}", (value,)).fetchone()
        return _credential(row) if row else None

    @contextmanager
    def _changing(self) -> Generator[None]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")


_SELECT = "SELECT serial, device_id, kind, expires_s, revoked_s FROM credential"
_NEW = "Make a new one on the hub: edgeprof hub join-secret"


def _credential(row: tuple[str, str, Kind, float | None, float | None]) -> Credential:
    serial, device_id, kind, expires_s, revoked_s = row
    return Credential(serial=serial, device_id=device_id, kind=kind, expires_s=expires_s, revoked_s=revoked_s)


def _hash(secret: str) -> str:
    """Of 192 random bits and more: no slow hash is needed, and none would help."""
    return hashlib.sha256(secret.encode()).hexdigest()
