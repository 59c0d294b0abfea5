"""What the guides tell a reader to do can be done: every command exists, every cause of doubt has its remedy."""

import re
from pathlib import Path

import click
import pytest

from edgeprof.cli import edgeprof
from edgeprof.wire.evidence import TRUST_CAUSES
from tests import markdown_pages
from tests.markdown_pages import DOCS, PAGES, PROJECT, name_of

REMEDIES = DOCS / "tasks" / "trust-badge.md"
REMEDY = re.compile(r"^\| \[`(\w+)`\]\(#(\w+)\) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
ANY_OPTION = {"--help", "-h", "--version"}
PLACEHOLDERS = {"…", "..."}


def test_every_cause_of_doubt_has_a_row_with_a_remedy_and_a_command() -> None:
    rows = REMEDY.findall(REMEDIES.read_text())
    assert sorted(cause for cause, *_ in rows) == sorted(TRUST_CAUSES)
    for cause, anchor, meaning, remedy, command in rows:
        assert anchor == cause
        assert meaning.strip()
        assert remedy.strip()
        assert re.search(r"`[^`]+`", command), cause


def test_every_cause_of_doubt_has_a_section() -> None:
    assert set(TRUST_CAUSES) <= markdown_pages.anchors(REMEDIES)


def unknown_part(words: list[str]) -> str | None:
    """The first command or option in `edgeprof WORDS` that does not exist. What an option is given is not looked at."""
    command: click.Command = edgeprof
    rest = iter(words)
    for word in rest:
        if word in PLACEHOLDERS:
            return None
        if word.startswith("-"):
            name, _, given = word.partition("=")
            option = next((each for each in command.params if name in (*each.opts, *each.secondary_opts)), None)
            if option is None and name not in ANY_OPTION:
                return name
            if isinstance(option, click.Option) and not option.is_flag and not given:
                next(rest, None)
        elif isinstance(command, click.Group):
            following = command.get_command(click.Context(command), word)
            if following is None:
                return word
            command = following
    return None


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "commands.md"], ids=name_of)
def test_every_command_of_a_page_exists_with_its_options(page: Path) -> None:
    wrong = {" ".join(words): part for words in markdown_pages.commands(page) if (part := unknown_part(words))}
    assert wrong == {}


def test_a_command_or_an_option_that_does_not_exist_is_found() -> None:
    assert unknown_part(["fly", "model.onnx"]) == "fly"
    assert unknown_part(["agent", "fly"]) == "fly"
    assert unknown_part(["profile", "a.onnx", "--wings", "2"]) == "--wings"
    assert unknown_part(["agent", "meters", "--meter", "tasmota:desk@127.0.0.1"]) is None


def test_the_readme_is_short_and_begins_with_the_clone_and_the_two_commands() -> None:
    lines = (PROJECT / "README.md").read_text().splitlines()
    assert len(lines) <= 150
    commands = [line for line in lines if line.startswith(("./", "git clone"))]
    assert commands[0].startswith("git clone ")
    assert commands[1:3] == ["./scripts/demo", "./scripts/test"]
    assert sum("![" in line for line in lines) == 1
