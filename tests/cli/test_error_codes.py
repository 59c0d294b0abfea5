"""The registry of error codes against the source that raises them, the hub that sends them and the page on them."""

import re
from pathlib import Path

import click
import pytest

from edgeprof.cli import edgeprof
from edgeprof.commands.error_reference import error_codes_markdown
from edgeprof.errors.codes import CODES, GROUPS, ErrorCode
from tests.cli.conftest import Run
from tests.cli.raised_codes import ROOT, raised

ELSEWHERE = {
    ("edgeprof/publish/mlflow.py", "str(reported['error_code']).lower()"),
    ("hub/edgeprof_hub/broker/link.py", "ANNOUNCE"),
}
"""Codes that another program makes up (the entry `mlflow_refused` says so), and one that is a question to an agent."""
ENTRIES = [pytest.param(entry, id=entry.code) for group in GROUPS.values() for entry in group]


def test_no_code_is_raised_that_is_not_listed_and_none_is_listed_that_nobody_raises() -> None:
    assert set(raised().exits) == set(CODES)


def test_every_code_can_be_read_from_the_source() -> None:
    assert raised().dynamic == ELSEWHERE


def test_exit_codes_are_those_of_the_classes_that_are_raised() -> None:
    assert {code: set(entry.exits) for code, entry in CODES.items()} == raised().exits


def test_the_hubs_statuses_are_those_it_answers_with() -> None:
    for code, statuses in raised().statuses.items():
        assert statuses <= set(CODES[code].http)


def test_no_code_is_listed_twice() -> None:
    assert sum(map(len, GROUPS.values())) == len(CODES)


def test_the_page_is_current() -> None:
    page = ROOT / "docs/error-codes.md"
    assert page.read_text() == error_codes_markdown(), "run: ./scripts/docs"


SOURCE = """
from edgeprof.errors import EdgeprofError, UsageError
SENTENCES = {404: ("by_table", "")}
STARRED = ("by_star", "")
class Own(UsageError):
    exit_code = 7
class Fixed(EdgeprofError):
    def __init__(self, message):
        super().__init__("by_constructor", message)
class Unrelated(Exception): ...
def error_response(status, code, message): ...
def refuse(code):
    raise UsageError(code, "")
def raise_all(status, full, given):
    raise EdgeprofError("plain", "")
    raise Own("own_exit", "")
    raise Fixed("a message")
    raise Unrelated("no code")
    refuse("by_helper")
    code = "if_full" if full else "if_not"
    raise EdgeprofError(code, "")
    raise EdgeprofError(f"http_{status}", "")
    raise EdgeprofError(given.code, "")
    raise EdgeprofError(given.code if given else f"either_{status}", "")
    raise EdgeprofError(given.upper(), "")
    found, message = SENTENCES.get(status, ("by_default", ""))
    error_response(status, found, message)
    error_response(401, *STARRED)
    RunField(code="by_keyword")
"""


def test_codes_are_found_however_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "edgeprof/errors").mkdir(parents=True)
    (tmp_path / "edgeprof/errors/__init__.py").write_text((ROOT / "edgeprof/errors/__init__.py").read_text())
    (tmp_path / "edgeprof/sample.py").write_text(SOURCE)
    found = raised(tmp_path)
    assert found.exits == {
        "plain": {1},
        "own_exit": {7},
        "by_constructor": {1},
        "by_helper": {2},
        "if_full": {1},
        "if_not": {1},
        "http_*": {1},
        "either_*": {1},
        "by_table": {1},
        "by_default": {1},
        "by_star": {1},
        "by_keyword": {2},
    }
    assert found.statuses == {"by_star": {401}}
    assert found.dynamic == {("edgeprof/sample.py", "given.upper()")}


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_is_sentences_without_ornament(entry: ErrorCode) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*\*?", entry.code)
    for text in (entry.meaning, entry.remedy):
        assert text[0].isupper() or text.startswith(("`", "edgeprof", "mosquitto"))
        assert text.endswith(".")
        assert all(len(sentence.split()) <= 30 for sentence in re.split(r"[.;:] ", text))


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_commands_that_a_remedy_names_exist(entry: ErrorCode) -> None:
    for text in re.findall(r"`edgeprof ([^`]*)`", f"{entry.meaning} {entry.remedy}"):
        command: click.Command | None = edgeprof
        context = click.Context(edgeprof)
        words = [word for word in text.split() if not word.startswith("-")]
        while words and isinstance(command, click.Group):
            command = command.get_command(context, words.pop(0))
        assert command is not None
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in text.split() if word.startswith("--")} <= options


def test_a_code_is_explained_on_the_terminal(run: Run) -> None:
    explained = run("errors", "[hub_unreachable]").out
    assert CODES["hub_unreachable"].remedy in explained
    assert "exit code: 1" in explained
    assert "HTTP: 404" in run("errors", "not_found").out
    assert CODES["http_*"].meaning in run("errors", "http_502").out
    listed = run("errors").out
    assert [line.split()[0] for line in listed.splitlines()] == sorted(CODES)


def test_a_code_that_does_not_exist_is_a_usage_error(run: Run) -> None:
    ended = run("errors", "nonsense")
    assert (ended.code, "[unknown_code]" in ended.err) == (2, True)
