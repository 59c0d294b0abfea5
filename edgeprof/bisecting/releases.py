"""A project's page of a package index (PEP 503, PEP 691) as releases that this machine can install. Pure."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any, cast
from urllib.parse import unquote, urljoin, urlsplit

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from edgeprof.errors import EdgeprofError, UsageError


@dataclass(frozen=True)
class IndexFile:
    """One file of a page. `size_bytes`: None where the index does not say."""

    filename: str
    url: str
    size_bytes: int | None = None
    requires_python: str = ""
    yanked: bool = False


@dataclass(frozen=True)
class Release:
    """A version with a wheel for this machine: the smallest of those that fit."""

    version: Version
    filename: str
    size_bytes: int | None

    def __str__(self) -> str:
        return str(self.version)


class _Links(HTMLParser):
    """The anchors of an HTML page."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base
        self.files: list[IndexFile] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        href = found.get("href")
        if tag != "a" or not href:
            return
        url = urljoin(self._base, href)
        name = unquote(urlsplit(url).path.rpartition("/")[2])
        self.files.append(
            IndexFile(name, url, requires_python=found.get("data-requires-python") or "", yanked="data-yanked" in found)
        )


def files_of_page(text: str, content_type: str, url: str) -> list[IndexFile]:
    """Every file that a page lists. Raises EdgeprofError `index_unreadable` for JSON of another shape."""
    if "json" not in content_type:
        parser = _Links(url)
        parser.feed(text)
        return parser.files
    try:
        files = cast("list[dict[str, Any]]", json.loads(text)["files"])
        return [
            IndexFile(
                str(one["filename"]),
                urljoin(url, str(one["url"])),
                one["size"] if isinstance(one.get("size"), int) else None,
                str(one.get("requires-python") or ""),
                bool(one.get("yanked")),
            )
            for one in files
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise EdgeprofError("index_unreadable", f"The package index sent no list of files ({error}).") from error


def installable(
    files: Iterable[IndexFile], package: str, tags: Sequence[Tag], python: str, *, pre: bool = False
) -> list[Release]:
    """Versions in order that have a wheel for these tags and this Python. Yanked ones are left out.

    `tags`: as packaging.tags.sys_tags gives them. `pre`: pre-releases, too.
    """
    wanted, able = canonicalize_name(package), frozenset(tags)
    found: dict[Version, Release] = {}
    for file in files:
        try:
            name, version, _, wheel_tags = parse_wheel_filename(file.filename)
        except (InvalidWheelFilename, InvalidVersion):
            continue
        if name != wanted or file.yanked or (version.is_prerelease and not pre) or not able & wheel_tags:
            continue
        if not _fits_python(file.requires_python, python):
            continue
        known = found.get(version)
        if known is None or (file.size_bytes or 0) < (known.size_bytes or 0):
            found[version] = Release(version, file.filename, file.size_bytes)
    return [found[version] for version in sorted(found)]


def between(releases: Sequence[Release], good: str, bad: str, package: str) -> list[Release]:
    """From the good version to the bad one, both included. Raises UsageError `bad_versions`, `no_such_version`."""
    try:
        first, last = Version(good), Version(bad)
    except InvalidVersion as error:
        raise UsageError("bad_versions", f"{error}. Use a version such as 1.23.0.") from error
    if first >= last:
        raise UsageError(
            "bad_versions", f"--good {good} must be older than --bad {bad}: the search runs from old to new."
        )
    for version, option in ((first, "--good"), (last, "--bad")):
        if all(release.version != version for release in releases):
            near = ", ".join(str(release) for release in releases[-12:]) or "none"
            raise UsageError(
                "no_such_version",
                f"{package} {version} ({option}) has no wheel for this Python and platform. The newest that have: "
                f"{near}.",
            )
    return [release for release in releases if first <= release.version <= last]


def _fits_python(requires: str, python: str) -> bool:
    try:
        return not requires or SpecifierSet(requires).contains(python, prereleases=True)
    except InvalidSpecifier:
        return True
