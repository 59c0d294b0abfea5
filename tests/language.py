"""What users read, found in code, templates and pages, and held against the lists of STYLE.md.

A string literal counts as read by a user unless it is a docstring that is not a command's help, a regular expression or
SQL. Extend PYTHON and PAGES when more of the tree is clean; an exception needs its reason in ALLOWED.
"""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]

PYTHON = ("edgeprof", "agent/edgeprof_agent", "hub/edgeprof_hub", "model_exports", "device_profiles")
"""Folders whose strings are checked."""
PAGES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "docs", "hub/edgeprof_hub/templates")
"""Pages and templates that are checked for phrases; templates for the length of their sentences, too."""
NOT_YET = ("docs/demo.md", "docs/tutorial.md")
"""Files below these that are still to be rewritten: they show the output of an older release of the demo."""
NAMES = ("edgeprof", "agent", "hub", "model_exports", "device_profiles", "benchmarks", "scripts", "tests")
"""Folders whose constants are checked."""

MAX_WORDS = 30
LIMIT_NAME = re.compile(r"(?:^|_)(?:MOST|LONGEST|LARGEST|FEWEST|LEAST)(?:_|$)")
PHRASES = {
    r"anew": "again",
    r"whoever|whichever comes": "anyone who; the first that",
    r"what of": "the … that",
    r"lately": "recent",
    r"as a rule": "usually",
    r"in all(?=[,.;:)]|$)": "in total",
    r"beside": "next to; as well as",
    r"told|heard|asked for|was asked": "reported, received, requested",
    r"tells (?:no|nothing|what|which|how|when|whether)|does not tell": "reports, shows",
    r"(?:go|goes|gone|went) on with": "continue",
    r"mend(?:s|ed|ing)?": "fix",
    r"(?<!there )(?:is|are) no(?! longer| more)": "has no; is not",
    r"of no use|for want of": "invalid; without",
    r"known well enough": "reached the requested precision",
    r"really ran": "actual",
    r"kept (?:aside|in)": "quarantined; saved in",
    r"pays from": "break-even",
    r"by then": "name the moment",
    r"mid-run": "during the run",
    r"who is there": "list devices",
    r"so that\b[^.]*\bso that": "a new sentence",
}
BANNED = {re.compile(rf"\b(?:{phrase})\b", re.IGNORECASE): instead for phrase, instead in PHRASES.items()}

ALLOWED = {
    "agent/edgeprof_agent/runtimes/llama/real_text.py": "a model's prompt: the Gettysburg Address",
    "agent/edgeprof_agent/runtimes/openai/prompts.py": "a model's prompt",
    "agent/edgeprof_agent/sensors/rights.py": "shell commands",
    "agent/edgeprof_agent/runtimes/litert/graph.py": "a list of operator names",
    "agent/edgeprof_agent/runtimes/onnx/trace.py": "a list of operator names",
    "hub/edgeprof_hub/broker/mosquitto.py": "a configuration file",
    "hub/edgeprof_hub/exports/bundle.py": "a table of files",
}
SQL = re.compile(r"\s*(?:SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA|BEGIN)\b")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[A-Z0-9\"'`(\[{‹-]|edgeprof\b)|\n\s*\n")


class Text(NamedTuple):
    place: str
    text: str


def python_files(roots: tuple[str, ...], without: tuple[str, ...] = ()) -> list[Path]:
    found = [file for root in roots for file in sorted((ROOT / root).rglob("*.py"))]
    return [file for file in found if file.relative_to(ROOT).as_posix() not in without]


def rendered(node: ast.expr) -> str | None:
    """A literal as its reader sees it; a value put into it stands as ‹›, one word."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(rendered(part) or "" if isinstance(part, ast.Constant) else "‹›" for part in node.values)
    return None


def is_help(line: ast.Expr, parent: ast.AST) -> bool:
    """Whether a bare string is the docstring of a command."""
    if not isinstance(parent, ast.FunctionDef) or parent.body[0] is not line:
        return False
    return any(re.search(r"\b(?:command|group)\b", ast.unparse(decorator)) for decorator in parent.decorator_list)


def strings_of(source: str, place: str) -> Iterator[Text]:
    """Every literal of a file that a user may read. Bare strings are documentation, but for a command's help."""
    tree = ast.parse(source)
    hidden: set[int] = set()
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant) and not is_help(child, node):
                hidden.add(id(child.value))
        if isinstance(node, ast.JoinedStr):
            hidden |= {id(part) for part in node.values}
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("re."):
            hidden |= {id(argument) for argument in node.args}
    for node in ast.walk(tree):
        if isinstance(node, ast.expr) and id(node) not in hidden:
            text = rendered(node)
            if text and " " in text.strip() and not SQL.match(text):
                yield Text(f"{place}:{node.lineno}", text)


def sentences(text: str) -> list[str]:
    """A command in backticks is one word. A sentence may begin with "edgeprof", an option or a value."""
    flat = re.sub(r"`[^`]*`", "`command`", text)
    return [" ".join(part.split()) for part in _SENTENCE_END.split(flat) if part and part.strip()]


def too_long(text: str) -> list[str]:
    return [
        one for one in sentences(text) if sum(any(c.isalnum() or c == "‹" for c in w) for w in one.split()) > MAX_WORDS
    ]


def banned_in(text: str) -> list[str]:
    return [f"'{found[0]}' (write: {instead})" for phrase, instead in BANNED.items() if (found := phrase.search(text))]


class _Blocks(HTMLParser):
    """The text of each block of a template, tags and Jinja taken out."""

    BLOCKS = frozenset(
        ("p", "li", "td", "th", "dt", "dd", "h1", "h2", "h3", "h4", "caption", "summary", "label", "div")
    )

    def __init__(self) -> None:
        super().__init__()
        self.blocks = [""]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.BLOCKS:
            self.blocks.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in self.BLOCKS:
            self.blocks.append("")

    def handle_data(self, data: str) -> None:
        self.blocks[-1] += data


def blocks_of(template: str) -> list[str]:
    parser = _Blocks()
    parser.feed(re.sub(r"\{\{.*?\}\}", "‹›", re.sub(r"\{%.*?%\}|\{#.*?#\}", "\n\n", template, flags=re.S), flags=re.S))
    return [block for block in parser.blocks if block.strip()]


def python_texts() -> list[Text]:
    found: list[Text] = []
    for file in python_files(PYTHON, NOT_YET):
        place = file.relative_to(ROOT).as_posix()
        if place not in ALLOWED:
            found += strings_of(file.read_text(), place)
    return found


def page_files() -> list[Path]:
    found: list[Path] = []
    for page in PAGES:
        path = ROOT / page
        found += [path] if path.is_file() else sorted([*path.rglob("*.md"), *path.rglob("*.html")])
    return [file for file in found if file.relative_to(ROOT).as_posix() not in NOT_YET]


def page_texts() -> list[Text]:
    """Templates by block, pages by line without the addresses of links."""
    found: list[Text] = []
    for file in page_files():
        place = file.relative_to(ROOT).as_posix()
        whole = file.read_text()
        parts = blocks_of(whole) if file.suffix == ".html" else re.sub(r"\]\([^)\n]*\)", "]", whole).splitlines()
        found += [Text(f"{place}:{number}", part) for number, part in enumerate(parts, 1)]
    return found
