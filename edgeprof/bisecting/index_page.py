"""The page of a project on a package index: pip's own index, or the one that was named."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from edgeprof.bisecting.releases import IndexFile, files_of_page
from edgeprof.errors import EdgeprofError
from edgeprof.net.http import BREAKS, fetched, read_whole, reason_of

_PIPS_OWN = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
MAX_PAGE_BYTES = 64 * 1024 * 1024
"""A project with thousands of files has a page of some MiB."""
_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
_TIMEOUT_S = 60.0
_PIP_TIMEOUT_S = 30.0


def index_here() -> str:
    """The index that pip uses: its environment variable, its files, else the one that it brings.

    Raises EdgeprofError `index_unreachable` where this Python has no pip to ask.
    """
    if given := os.environ.get("PIP_INDEX_URL"):
        return given
    for arguments in (("-m", "pip", "config", "get", "global.index-url"), ("-c", _PIPS_OWN)):
        with suppress(OSError, subprocess.SubprocessError):
            command = [sys.executable, *arguments]
            done = subprocess.run(command, capture_output=True, text=True, timeout=_PIP_TIMEOUT_S, check=False)
            if done.returncode == 0 and done.stdout.strip():
                return done.stdout.strip()
    raise EdgeprofError("index_unreachable", "This Python has no pip that names a package index. Use --index URL.")


def project_files(index: str, package: str) -> list[IndexFile]:
    """What an index lists for a package. Raises EdgeprofError `index_unreachable`, `index_unreadable`.

    An index is an address of http or https, or a folder as `file:///path`, with a folder for each project.
    """
    from packaging.utils import canonicalize_name

    url = f"{index.rstrip('/')}/{canonicalize_name(package)}/"
    if url.startswith("file://"):
        return _in_folder(Path(unquote(urlsplit(url).path)), url)
    try:
        with fetched("GET", url, {"Accept": _ACCEPT}, None, _TIMEOUT_S) as answer:
            if answer.status == 404:
                raise EdgeprofError(
                    "index_unreachable", f"The package index has no project {package}. Check the name, or use --index."
                )
            if answer.status != 200:
                raise _unreachable(f"HTTP {answer.status}")
            text = read_whole(answer, MAX_PAGE_BYTES).decode(errors="replace")
            return files_of_page(text, answer.getheader("Content-Type") or "", url)
    except BREAKS as error:
        raise _unreachable(reason_of(error)) from error


def _in_folder(folder: Path, url: str) -> list[IndexFile]:
    page = folder / "index.html"
    if page.exists():
        return files_of_page(page.read_text(), "text/html", url)
    found = [IndexFile(file.name, file.as_uri(), file.stat().st_size) for file in sorted(folder.glob("*.whl"))]
    if not found:
        raise EdgeprofError("index_unreachable", f"{folder} holds no wheels and no index.html.")
    return found


def _unreachable(reason: str) -> EdgeprofError:
    return EdgeprofError(
        "index_unreachable", f"The package index does not answer: {reason}. Check the network, or use --index URL."
    )
