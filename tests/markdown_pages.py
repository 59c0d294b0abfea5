"""The pages of the project as Markdown: links, headings, prose and code, without a parser."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parents[1]
DOCS = PROJECT / "docs"
PAGES = sorted([*PROJECT.glob("*.md"), PROJECT / "benchmarks" / "README.md", *DOCS.rglob("*.md")])

_FENCE = re.compile(r"^\s*```(\w*)")
_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*$")
_COMMAND = re.compile(r"(?:^|[\s/])edgeprof (?=[a-z-])")
_TYPED = re.compile(
    r"(?:[A-Z_]+=\S+ +)*(?:(?:edgeprof|sudo|apt|apt-get|pip|pipx|python3?|sqlite3|openssl|curl|systemctl|journalctl|git"
    r"|cp|mv|rm|mkdir|tar|rsync|scp|ssh|export|mosquitto_\w+|cat|chmod|chown) +\S|\S*/\S+\.sh\b)"
)
_TABLE_OR_PICTURE = ("|", "![")


def name_of(page: Path) -> str:
    """As a reader names it: `docs/tasks/trust-badge.md`."""
    return page.relative_to(PROJECT).as_posix()


def _lines(text: str, *languages: str) -> Iterator[str]:
    """The lines of code blocks in these languages ("": one that names none); without a language, those of no block."""
    inside: str | None = None
    for line in text.splitlines():
        if fence := _FENCE.match(line):
            inside = fence[1] if inside is None else None
        elif inside in languages or (inside is None and not languages):
            yield line


def links(page: Path) -> list[tuple[Path, str]]:
    """Relative links as file and anchor. An anchor alone is one of the page itself."""
    prose = "\n".join(_lines(page.read_text()))
    return [((page.parent / target).resolve() if target else page, anchor) for target, anchor in _LINK.findall(prose)]


def anchors(page: Path) -> set[str]:
    """Of its headings, as GitHub makes them: lower case, no punctuation, blanks to dashes, repeats numbered."""
    found: list[str] = []
    for line in _lines(page.read_text()):
        if heading := _HEADING.match(line):
            words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).lower()
            slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
            found.append(slug if slug not in found else f"{slug}-{found.count(slug)}")
    return set(found)


def prose(page: Path) -> list[str]:
    """Lines to be wrapped: no code, no tables, no pictures, and links without their targets."""
    lines = [line for line in _lines(page.read_text()) if not line.lstrip().startswith(_TABLE_OR_PICTURE)]
    return [re.sub(r"\]\([^)]*\)", "]", line) for line in lines]


def is_generated(page: Path) -> bool:
    """Whether it says that a program writes it."""
    return "by `./scripts/docs`" in page.read_text()


def commands(page: Path) -> list[list[str]]:
    """Every `edgeprof ...` of its shell blocks and its inline code, as words after `edgeprof`."""
    text = page.read_text()
    joined = "\n".join(_lines(text, "sh", "")).replace("\\\n", " ")
    inline = re.findall(r"`([^`\n]+)`", "\n".join(_lines(text)))
    found = [line for line in (*joined.splitlines(), *inline) if _COMMAND.search(line)]
    return [_words(_COMMAND.split(line, maxsplit=1)[1]) for line in found]


def shell_commands(page: Path) -> list[str]:
    """Every command that a reader may type: each line of its shell blocks, and inline code that begins as one does."""
    text = page.read_text()
    block = "\n".join(_lines(text, "sh", "")).replace("\\\n", " ")
    paragraphs = re.split(r"\n\s*\n|\n(?=[-|])", "\n".join(_lines(text)))
    inline = [code for each in paragraphs for code in re.findall(r"`([^`]+)`", each.replace("\n", " "))]
    found = [*block.splitlines(), *(code for code in inline if _TYPED.match(code))]
    lines = (re.sub(r"\s+#\s.*$", "", line).strip() for line in found)
    return list(dict.fromkeys(" ".join(line.split()) for line in lines if line and not line.startswith("#")))


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError:  # a placeholder with an apostrophe
        return line.split()
