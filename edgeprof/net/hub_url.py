"""What a person may write as a hub's URL."""

import urllib.parse

from edgeprof.errors import UsageError

DEFAULT_URL = "http://127.0.0.1:8765"


def parse(url: str) -> urllib.parse.SplitResult:
    """The parts of a hub's URL; `http://` may be left out. Raises UsageError for what is none."""
    try:
        parts = urllib.parse.urlsplit(url if "://" in url else f"http://{url}")
        host = parts.hostname or ""
        host.encode("idna")
        usable = parts.scheme in ("http", "https") and host.isprintable() and " " not in host and parts.port != 0
    except ValueError as error:  # an unclosed bracket, an impossible name, a port that is no number or beyond 65535
        raise _bad(url) from error
    if not host or not usable:
        raise _bad(url)
    return parts


def _bad(url: str) -> UsageError:
    return UsageError("bad_url", f"{url!r} is not a hub URL. Example: {DEFAULT_URL}.")
