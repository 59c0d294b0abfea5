"""The setting `endpoint`: an OpenAI-compatible URL, and the name of the variable that holds its key, never the key."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from edgeprof.errors import UsageError
from edgeprof.wire.remote import names_loopback

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OURS = "EDGEPROF_"
"""Workers are not given our own settings."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """`url` ends before `/chat/completions`. `key_variable` None: requests carry no key."""

    url: str
    host: str
    on_this_host: bool
    key_variable: str | None = None


def endpoint_of(url: str | None, key_variable: str | None, environ: Mapping[str, str]) -> Endpoint | None:
    """The setting where there is one. Raises UsageError, also for a key of no endpoint."""
    if url is not None:
        return parse_endpoint(url, key_variable, environ)
    if key_variable is not None:
        raise UsageError("bad_usage", "A key is named for an endpoint, but no endpoint. Name it with --endpoint URL.")
    return None


def parse_endpoint(url: str, key_variable: str | None, environ: Mapping[str, str]) -> Endpoint:
    """The checked setting. Raises UsageError with what to do; no error repeats a key or a password."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _bad(f"it is not a URL ({error})") from error
    if parts.scheme not in ("http", "https") or not host:
        raise _bad("it must start with https:// (or http:// for your own server) and name a host")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise _bad("it must not contain a user name, password, query or fragment; a key comes from the environment")
    here = names_loopback(url)
    if key_variable is not None:
        _check_key(key_variable, environ)
        if parts.scheme == "http" and not here:
            raise UsageError(
                "key_in_clear",
                f"The key in {key_variable} would go to {host} unencrypted. Use https://, or leave the key out.",
            )
    shown = f"[{host}]" if ":" in host else host
    netloc = shown if port is None else f"{shown}:{port}"
    path = parts.path.rstrip("/").removesuffix("/chat/completions")
    return Endpoint(url=f"{parts.scheme}://{netloc}{path}", host=netloc, on_this_host=here, key_variable=key_variable)


def _check_key(variable: str, environ: Mapping[str, str]) -> None:
    if not _VARIABLE.fullmatch(variable):
        raise UsageError("bad_key_variable", "--endpoint-key-env takes the NAME of a variable, not the key itself.")
    if variable.startswith(_OURS):
        raise UsageError(
            "bad_key_variable", f"Workers do not receive variables that start with {_OURS}. Use another name."
        )
    key = environ.get(variable, "").strip()
    if not key:
        # Not repeated: somebody may have given the key itself, and an agent's log is kept.
        raise UsageError("key_missing", "The variable named by --endpoint-key-env is not set. Put the key in it.")
    if not (key.isascii() and key.isprintable()):
        raise UsageError(
            "bad_key_variable", "The variable named by --endpoint-key-env holds characters that no key has."
        )


def _bad(why: str) -> UsageError:
    return UsageError("bad_endpoint", f"Cannot use this endpoint: {why}. Example: https://api.openai.com/v1")
