"""What the docs say is there is there, and what is there is in the docs."""

import subprocess
import sys
from pathlib import Path

import pytest

from edgeprof_agent.runtimes import registry as runtimes
from edgeprof_agent.sensors.registry import SENSORS
from tests import markdown_pages
from tests.markdown_pages import DOCS, PAGES, PROJECT, name_of

INDEX = DOCS / "index.md"


def test_the_page_of_commands_is_current(tmp_path: Path) -> None:
    # In a process of its own: click keeps a command's help option from whichever test invoked it first.
    made = tmp_path / "commands.md"
    subprocess.run([sys.executable, "-m", "edgeprof.commands.reference", str(made)], check=True)
    page = (PROJECT / "docs" / "commands.md").read_text()
    assert page == made.read_text(), "run: python -m edgeprof.commands.reference docs/commands.md"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    missing = [target for target, _ in markdown_pages.links(page) if not target.exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_to_a_heading_leads_to_one(page: Path) -> None:
    links = [(target, anchor) for target, anchor in markdown_pages.links(page) if anchor and target.suffix == ".md"]
    assert [(target.name, anchor) for target, anchor in links if anchor not in markdown_pages.anchors(target)] == []


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
