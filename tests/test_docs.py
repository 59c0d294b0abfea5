"""What the docs say is there is there, and what is there is in the docs."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edgeprof_agent.runtimes import registry as runtimes
from edgeprof_agent.sensors.registry import SENSORS
from tests import markdown_pages
from tests.markdown_pages import DOCS, PAGES, PROJECT, name_of

INDEX = DOCS / "index.md"
MAX_COLUMNS = 100


def made_pages() -> list[str]:
    """The pages in the table of `scripts/docs`."""
    return re.findall(r"^(docs/\S+\.md) +[a-z_.]+ ", (PROJECT / "scripts" / "docs").read_text(), re.MULTILINE)


def docs_script(project: Path, *options: str) -> subprocess.CompletedProcess[str]:
    # In processes of their own: click keeps a command's help option from whichever test invoked it first.
    environment = {**os.environ, "EDGEPROF_DOCS_PYTHON": sys.executable}
    return subprocess.run([project / "scripts" / "docs", *options], env=environment, capture_output=True, text=True)


def test_every_page_that_is_made_is_current() -> None:
    done = docs_script(PROJECT, "--check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_page_that_is_not_current_is_named_and_mended(tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "scripts", tmp_path / "scripts")
    shutil.copytree(PROJECT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("pictures"))
    docs_script(tmp_path)
    page = tmp_path / "docs" / "supported-devices.md"
    current = page.read_text()
    page.write_text("# By hand\n")
    checked = docs_script(tmp_path, "--check")
    assert checked.returncode == 1
    assert checked.stdout == "docs/supported-devices.md is not current. Run: ./scripts/docs\n"
    assert page.read_text() == "# By hand\n"
    assert docs_script(tmp_path).stdout == "wrote docs/supported-devices.md\n"
    assert page.read_text() == current


def test_every_page_that_says_it_is_made_is_in_the_table() -> None:
    assert made_pages() == [name_of(page) for page in PAGES if markdown_pages.is_generated(page)]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    missing = [target for target, _ in markdown_pages.links(page) if not target.exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_to_a_heading_leads_to_one(page: Path) -> None:
    links = [(target, anchor) for target, anchor in markdown_pages.links(page) if anchor and target.suffix == ".md"]
    assert [(target.name, anchor) for target, anchor in links if anchor not in markdown_pages.anchors(target)] == []


@pytest.mark.parametrize("page", [page for page in PAGES if not markdown_pages.is_generated(page)], ids=name_of)
def test_no_line_of_prose_is_too_long_for_a_review(page: Path) -> None:
    assert [line for line in markdown_pages.prose(page) if len(line) > MAX_COLUMNS] == []


@pytest.mark.parametrize("variant", [fact.variant for fact in runtimes.facts()])
def test_every_runtime_is_documented(variant: str) -> None:
    assert f"`{variant}`" in (PROJECT / "docs" / "adding-a-runtime.md").read_text()


@pytest.mark.parametrize("sensor", sorted(SENSORS))
def test_every_sensor_is_documented(sensor: str) -> None:
    assert f"`{sensor}`" in (PROJECT / "docs" / "tried-on.md").read_text()


def test_every_page_is_reached_from_the_readme() -> None:
    """By way of the index, which names each."""
    assert INDEX in [target for target, _ in markdown_pages.links(PROJECT / "README.md")]
    listed = {target for target, _ in markdown_pages.links(INDEX)}
    assert [name_of(page) for page in PAGES if page.is_relative_to(DOCS) and page not in {*listed, INDEX}] == []
