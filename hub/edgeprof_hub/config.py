"""The hub's settings: where its data lies, where it listens, which broker it uses, which token guards it."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from edgeprof.errors import UsageError
from edgeprof.wire import topics
from edgeprof_hub import private_file
from edgeprof_hub.addresses import is_loopback as is_loopback
from edgeprof_hub.mail import MailSettings

DEFAULT_PORT = 8765
DEFAULT_TLS_PORT = 8766
LOOPBACK = "127.0.0.1"
MIN_TOKEN = 16
MIN_CHARACTERS = 8
"""Different ones: sixteen times the same letter is guessed at once."""
TOKEN_FILE = "token"
IDENTITY = "identity"
"""The folder of the hub's certificate authority, in its data folder."""


@dataclass(frozen=True, kw_only=True)
class HubSettings:
    """All settings."""

    data: Path
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    broker: str = ""
    """`embedded`, `mosquitto` or a URL; empty: embedded on loopback, mosquitto beyond it."""
    mqtt_port: int | None = None
    token: str | None = None
    site: str = topics.DEFAULT_SITE
    webhooks: tuple[str, ...] = ()
    """Addresses that receive notices of confirmed regressions, finished campaigns and devices in trouble."""
    email: MailSettings | None = None
    offline_after_h: float = 12.0
    """A device that is offline for so long is worth a notice."""
    tls: bool = False
    """Serve pages, API and broker by TLS, too, with certificates of the hub's own authority."""
    tls_port: int = DEFAULT_TLS_PORT
    mqtt_tls_port: int | None = None
    tls_names: tuple[str, ...] = ()
    """More names and addresses by which this machine is reached, for the server's certificate."""
    keep_plain: bool = False
    """With TLS: other machines may go on without it, as agents from before it do."""

    @property
    def plain_host(self) -> str:
        """Where what has no TLS listens."""
        return LOOPBACK if self.tls and not self.keep_plain else self.host

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the hub."""
        return is_loopback(self.host)


def check(settings: HubSettings) -> None:
    """Raises UsageError for settings that would leave the hub open or unusable."""
    if settings.token is not None and len(settings.token) < MIN_TOKEN:
        raise UsageError(
            "weak_token", f"The token has fewer than {MIN_TOKEN} characters. Make a new one with --new-token."
        )
    if settings.token is not None and len(set(settings.token)) < MIN_CHARACTERS:
        raise UsageError(
            "weak_token",
            f"The token has fewer than {MIN_CHARACTERS} different characters. Make a new one with --new-token.",
        )
    if settings.token is not None and not (settings.token.isascii() and settings.token.isprintable()):
        raise UsageError(
            "bad_token", "The token may contain printable ASCII characters only. Make a new one with --new-token."
        )
    if settings.token is None and not settings.is_loopback:
        raise UsageError(
            "token_needed",
            f"Other machines can reach the hub on {settings.host}, so it needs a token. "
            "Make one with --new-token (saved in the data folder), or set yours with --token-file or EDGEPROF_TOKEN.",
        )


def find_token(data: Path, token_file: Path | None) -> str | None:
    """The token in force: the named file's, else `EDGEPROF_TOKEN`, else the one that was made in the data folder."""
    if token_file is not None:
        return _read_token(token_file)
    if given := os.environ.get("EDGEPROF_TOKEN"):
        return given
    own = data / TOKEN_FILE
    return _read_token(own) if own.exists() else None


def make_token(data: Path) -> Path:
    """Write a new random token into the data folder, readable by its owner only."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = data / TOKEN_FILE
    private_file.write(file, secrets.token_urlsafe(32) + "\n")
    return file


def _read_token(file: Path) -> str:
    try:
        token = file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a text file"
        raise UsageError("token_unreadable", f"Cannot read the token file {file}: {reason}.") from error
    if not token:
        raise UsageError("token_unreadable", f"The token file {file} is empty.")
    return token
