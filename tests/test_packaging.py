"""What `pyproject.toml` promises: every extra that an install hint names, and types in every package."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgeprof.cli import COMMANDS
from edgeprof_agent.worker_protocol.runtime_table import VARIANTS

PROJECT = Path(__file__).parents[1]
BUILD = tomllib.loads((PROJECT / "pyproject.toml").read_text())
EXTRAS = set(BUILD["project"]["optional-dependencies"])
SOURCES = [PROJECT / package for package in BUILD["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]]
HINT = re.compile(r"\bedgeprof\[([a-z0-9,_-]+)\]")
"""An f-string's braces do not match: those hints take the extra from one of the two tables."""


def hinted(files: list[Path]) -> Iterator[tuple[str, str]]:
    """Every extra in a text like `edgeprof[hub,onnx]`, with its file."""
    for file in files:
        for names in HINT.findall(file.read_text()):
            yield from ((str(file.relative_to(PROJECT)), name) for name in names.split(","))


def product() -> list[Path]:
    return [file for folder in SOURCES for kind in ("*.py", "*.html", "*.yaml") for file in folder.rglob(kind)]


@pytest.mark.parametrize(("variant", "extra"), [(name, each.extra) for name, each in VARIANTS.items() if each.extra])
def test_a_runtimes_extra_exists(variant: str, extra: str) -> None:
    assert extra in EXTRAS, f"{variant} tells users to install edgeprof[{extra}]"


@pytest.mark.parametrize(("command", "extra"), [(name, extra) for name, (_, extra, _) in COMMANDS.items() if extra])
def test_a_commands_extra_exists(command: str, extra: str) -> None:
    assert extra in EXTRAS, f"edgeprof {command} tells users to install edgeprof[{extra}]"


def test_every_extra_in_a_sentence_of_the_product_exists() -> None:
    found = list(hinted(product()))
    assert {"hub", "exports", "parquet", "wandb", "nvidia"} <= {extra for _, extra in found}
    assert [(file, extra) for file, extra in found if extra not in EXTRAS] == []


def test_every_extra_in_the_docs_and_in_other_extras_exists() -> None:
    pages = [PROJECT / "README.md", PROJECT / "pyproject.toml", *sorted((PROJECT / "docs").glob("*.md"))]
    assert [(file, extra) for file, extra in hinted(pages) if extra not in EXTRAS] == []


@pytest.mark.parametrize("package", SOURCES, ids=lambda package: package.name)
def test_every_package_says_that_it_is_typed(package: Path) -> None:
    """The wheel takes a package's whole folder, so that the marker goes with it."""
    assert (package / "py.typed").is_file()
