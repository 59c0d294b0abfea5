"""The pages for contributors name files, names and options that exist."""

import re
import sqlite3
import tomllib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlite_utils
import yaml

from edgeprof import __version__
from edgeprof.wire import WIRE_VERSION
from edgeprof_agent.daemon.database import SCHEMA_VERSION
from edgeprof_hub.store.schema import MIGRATIONS

PROJECT = Path(__file__).parents[1]
BUILD = tomllib.loads((PROJECT / "pyproject.toml").read_text())
PAGES = [
    *(PROJECT / name for name in ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
    *(PROJECT / ".github").rglob("*.md"),
    *sorted((PROJECT / "docs").glob("adding-*.md")),
    PROJECT / "docs" / "versioning.md",
]
CODE = re.compile(r"`([^`\n]+)`|^((?:\./|\.venv/bin/).+)$", re.MULTILINE)
PATH = re.compile(
    r"(?:agent|benchmarks|constraints|device_profiles|docs|edgeprof|hub|model_exports|scripts|tests)/[\w./*-]+"
)
PLACEHOLDERS = re.compile(r"(?<![A-Z])(NAME|EXT|EXTRA|ID|FOLDER|MACHINE|MODEL|MODULE)(?![A-Z])")
NAME = re.compile(r"_?[A-Z][A-Z_]{3,}|[A-Z][a-z]+(?:[A-Z][a-z]+)+|[a-z]+(?:_[a-z]+)+")
DEFINED = re.compile(r"[A-Z]\w*[a-z]|[A-Z_]{4,}")
"""What a class or a constant is called, where it stands alone in code's type."""

ITEM = re.compile(r"\n(?=\s*\n|\s*(?:\d+\.|-) )")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]+")
FOREIGN = {
    "STYLE",
    "CONTRIBUTING",
    "SECURITY",
    "CHANGELOG",
    "SameSite",
    "as_of",
    "power_source",
    "power_scope",
    "power_sources",
}
"""Words in code's type that are no names of Python code: fields of YAML and TOML, a cookie's attribute."""


def spans(page: Path) -> Iterator[str]:
    """Everything in code's type, without what holds a placeholder."""
    found = ((first or second) for first, second in CODE.findall(page.read_text()))
    return (text for text in found if not PLACEHOLDERS.search(text))


@pytest.fixture(scope="module")
def words() -> set[str]:
    """Every word of our Python code."""
    folders = [PROJECT / each for each in BUILD["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]]
    files = [file for folder in (*folders, PROJECT / "tests") for file in folder.rglob("*.py")]
    return {word for file in files for word in re.findall(r"\w+", file.read_text())}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_is_named_exists(page: Path) -> None:
    named = [path.rstrip(".") for text in spans(page) for path in PATH.findall(text)]
    assert [path for path in named if not list(PROJECT.glob(path))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_name_of_code_exists(page: Path, words: set[str]) -> None:
    named = {name for text in spans(page) if "/" not in text for name in NAME.findall(text)}
    assert sorted(named - words - FOREIGN) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_name_stands_in_the_files_that_are_named_with_it(page: Path) -> None:
    """In each item of a list that names Python files, and no file that is still to be written."""
    lost: list[tuple[str, str]] = []
    for item in ITEM.split(page.read_text()):
        paths = [path for path in PATH.findall(item) if path.endswith(".py")]
        if paths and not PLACEHOLDERS.search("".join(paths)):
            there = "".join(file.read_text() for path in paths for file in PROJECT.glob(path))
            names = [first for first, _ in CODE.findall(item) if DEFINED.fullmatch(first) and first not in FOREIGN]
            lost += [(paths[0], name) for name in names if not re.search(rf"\b{name}\b", there)]
    assert lost == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_exists(page: Path) -> None:
    known = "--version" + "".join(
        (PROJECT / path).read_text()
        for path in ("docs/commands.md", "scripts/test", "scripts/docs", "tests/conftest.py")
    )
    named = {option for text in spans(page) for option in OPTION.findall(text)}
    assert sorted(option for option in named if not re.search(rf"{option}\b(?!-)", known)) == []


def test_the_table_of_versions_is_that_of_the_code() -> None:
    page = (PROJECT / "docs" / "versioning.md").read_text()
    for name, now in (
        ("release", __version__),
        ("wire version", WIRE_VERSION),
        ("hub database", f"{len(migrations())} migrations"),
        ("agent database", SCHEMA_VERSION),
    ):
        assert f"| {name} | {now} |" in page


def migrations() -> list[str]:
    """The names of the hub's migrations, in order."""
    with closing(sqlite3.connect(":memory:")) as empty:
        return [migration.name for migration in MIGRATIONS.pending(sqlite_utils.Database(empty))]


def test_public_ci_runs_the_command_of_the_readme_on_pinned_pythons() -> None:
    job = yaml.safe_load((PROJECT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]["test"]
    assert [step["run"] for step in job["steps"] if "run" in step] == ["./scripts/test --yes"]
    for version in job["strategy"]["matrix"]["python"]:
        assert (PROJECT / "constraints" / f"python{version}.txt").is_file()


def test_hooks_run_programs_of_the_environment_and_scripts_that_exist() -> None:
    (repo,) = yaml.safe_load((PROJECT / ".pre-commit-config.yaml").read_text())["repos"]
    assert repo["repo"] == "local"
    programs = {hook["entry"].split()[0] for hook in repo["hooks"] if hook["language"] == "system"}
    assert programs == {".venv/bin/ruff", "scripts/docs"}
    (subject,) = (hook for hook in repo["hooks"] if hook.get("stages") == ["commit-msg"])
    assert re.search(subject["entry"], "x" * 73)
    assert not re.search(subject["entry"], "x" * 72 + "\n\n" + "y" * 100)
