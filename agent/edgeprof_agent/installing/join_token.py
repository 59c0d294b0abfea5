"""What a device is given to join: a join token of the hub's page, or the shared token of a hub without identities.

It is read from the environment, a file or the standard input: other users can read a command line.
"""

import getpass
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgeprof.errors import UsageError
from edgeprof.wire import join_token
from edgeprof.wire.join_token import JoinToken

VARIABLE = "EDGEPROF_JOIN"
SHARED_VARIABLE = "EDGEPROF_TOKEN"
MAX_CHARS = 1024


@dataclass(frozen=True)
class Credential:
    """One of the two: a join token, which works once, or a hub's shared `token`."""

    join: JoinToken | None = None
    token: str = ""


def parse(text: str) -> Credential:
    """Raises UsageError `bad_join_token` for what was cut off or is neither."""
    text = text.strip()
    if text.startswith(join_token.PREFIX + "."):
        return Credential(join=join_token.parse(text))
    if not text or len(text) > MAX_CHARS or not (text.isascii() and text.isprintable()):
        raise UsageError("bad_join_token", "The token is empty or cut off. Copy it whole from the hub.")
    return Credential(token=text)


def read(source: str | None, environ: Mapping[str, str] = os.environ) -> Credential | None:
    """From `-` (standard input), a file, or the environment; None where none was given."""
    if source == "-":
        return parse(sys.stdin.read(MAX_CHARS + 1))
    if source is not None:
        if source.startswith(join_token.PREFIX + "."):
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
    return parse(getpass.getpass("Token of the hub, or a join token of its page: "))
