"""What a device is given to join: `ep1.<SHA-256 of the hub's CA key>.<single-use secret>`, or the hub's shared token.

It is read from the environment, a file or the standard input: other users can read a command line.
"""

import getpass
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgeprof.errors import UsageError

VARIABLE = "EDGEPROF_JOIN"
SHARED_VARIABLE = "EDGEPROF_TOKEN"
_JOIN = re.compile(r"ep1\.([0-9a-f]{64})\.([A-Za-z0-9_-]{16,200})")
MAX_CHARS = 1024


@dataclass(frozen=True)
class Credential:
    """A join token (`ca_key_sha256` and `secret`), or the shared `token` of a hub without identities."""

    ca_key_sha256: str = ""
    secret: str = ""
    token: str = ""


def parse(text: str) -> Credential:
    """Raises UsageError `bad_join_token` for what was cut off or is neither."""
    text = text.strip()
    if found := _JOIN.fullmatch(text):
        return Credential(ca_key_sha256=found[1], secret=found[2])
    if text.startswith("ep1.") or not text or len(text) > MAX_CHARS or not (text.isascii() and text.isprintable()):
        raise UsageError(
            "bad_join_token",
            "The join token is empty or cut off. Copy the whole line from the hub's page Add a device.",
        )
    return Credential(token=text)


def read(source: str | None, environ: Mapping[str, str] = os.environ) -> Credential | None:
    """From `-` (standard input), a file, or the environment; None where none was given."""
    if source == "-":
        return parse(sys.stdin.read(MAX_CHARS + 1))
    if source is not None:
        if source.startswith("ep1."):
            raise UsageError(
                "token_on_command_line",
                "Other users can read a command line, so --join takes a file or - for the standard input: "
                "printf %s TOKEN | edgeprof agent install --join -",
            )
        try:
            return parse(Path(source).read_text())
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a text file"
            raise UsageError("token_unreadable", f"Cannot read the token file {source}: {reason}.") from error
    given = environ.get(VARIABLE) or environ.get(SHARED_VARIABLE)
    return parse(given) if given else None


def ask() -> Credential | None:
    """At a terminal, unseen; None without one."""
    if not sys.stdin.isatty():
        return None
    return parse(getpass.getpass("Token of the hub (file `token` in its data folder): "))
