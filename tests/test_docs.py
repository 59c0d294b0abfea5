"""What the docs say is there is there, and what is there is in the docs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from edgeprof_agent.runtimes import registry as runtimes
from edgeprof_agent.sensors.registry import SENSORS

PROJECT = Path(__file__).parents[1]
PAGES = sorted([PROJECT / "README.md", PROJECT / "benchmarks" / "README.md", *(PROJECT / "docs").glob("*.md")])
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")


def test_the_page_of_commands_is_current(tmp_path: Path) -> None:
    # In a process of its own: click keeps a command's help option from whichever test invoked it first.
    made = tmp_path / "commands.md"
    subprocess.run([sys.executable, "-m", "edgeprof.commands.reference", str(made)], check=True)
    page = (PROJECT / "docs" / "commands.md").read_text()
    assert page == made.read_text(), "run: python -m edgeprof.commands.reference docs/commands.md"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    missing = [target for target in LINK.findall(page.read_text()) if not (page.parent / target).exists()]
    assert not missing


@pytest.mark.parametrize("variant", [fact.variant for fact in runtimes.facts()])
def test_every_runtime_is_documented(variant: str) -> None:
    assert f"`{variant}`" in (PROJECT / "docs" / "adding-a-runtime.md").read_text()


@pytest.mark.parametrize("sensor", sorted(SENSORS))
def test_every_sensor_is_documented(sensor: str) -> None:
    assert f"`{sensor}`" in (PROJECT / "docs" / "tried-on.md").read_text()


def test_every_page_is_reached_from_the_readme() -> None:
    readme = (PROJECT / "README.md").read_text()
    assert [page.name for page in PAGES[1:] if f"docs/{page.name}" not in readme and page.parent.name == "docs"] == []
