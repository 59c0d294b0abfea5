"""The words that users read and the names of limits keep to STYLE.md."""

import ast
from collections.abc import Callable, Iterable

import pytest

from tests import language
from tests.language import MAX_WORDS, ROOT


def found_in(texts: Iterable[language.Text], rule: Callable[[str], list[str]]) -> list[str]:
    return [f"{text.place}: {found}" for text in texts for found in rule(text.text)]


def test_limits_are_named_max_and_min() -> None:
    names: set[str] = set()
    for file in language.python_files(language.NAMES):
        for node in ast.walk(ast.parse(file.read_text())):
            name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
            if name.isupper() and language.LIMIT_NAME.search(name):
                names.add(f"{file.relative_to(ROOT)}: {name}")
    assert not names


def test_no_string_has_a_banned_phrase() -> None:
    assert found_in(language.python_texts(), language.banned_in) == []


def test_no_page_has_a_banned_phrase() -> None:
    assert found_in(language.page_texts(), language.banned_in) == []


def test_no_sentence_in_a_terminal_is_too_long() -> None:
    assert found_in(language.python_texts(), language.too_long) == []


def test_no_sentence_in_a_template_is_too_long() -> None:
    templates = [text for text in language.page_texts() if ".html:" in text.place]
    assert found_in(templates, language.too_long) == []


@pytest.mark.parametrize(
    "place", [*language.ALLOWED, *language.NOT_YET, *language.PAGES, *language.PYTHON, *language.NAMES]
)
def test_every_listed_path_is_there(place: str) -> None:
    assert (ROOT / place).exists()


LONG = " ".join(["word"] * (MAX_WORDS + 1))


@pytest.mark.parametrize(
    ("source", "counts"),
    [
        (f'x = "{LONG}"', True),
        (f'x = ("{LONG[:40]} "\n "{LONG[40:]}")', True),
        (f'x = f"{LONG[5:]} {{x!r:>{{y}}}}"', True),
        (f'x = "{LONG[:60]}. edgeprof {LONG[60:]}"', False),
        (f'x = "{LONG[:60]}. --option {LONG[60:]}"', False),
        (f'x = f"{LONG[:60]}. {{x}} {LONG[60:]}"', False),
        (f'x = "{LONG[5:]} `one command of many words`"', True),
        (f'x = "{LONG[10:]} `one command of many words`"', False),
        (f'def f():\n    """{LONG}"""', False),
        (f'x = 1\n"""{LONG}"""', False),
        (f'@click.command()\ndef f():\n    """{LONG}"""', True),
        (f'@click.command()\ndef f():\n    """Do it.\n\n    {LONG}\n    """', True),
        (f'x = re.compile("{LONG}")', False),
    ],
)
def test_what_counts_as_a_sentence_that_is_too_long(source: str, counts: bool) -> None:
    assert any(language.too_long(text.text) for text in language.strings_of(source, "x.py")) == counts


def test_a_template_is_read_by_its_blocks() -> None:
    found = language.blocks_of(f"<p>{{% if x %}}One <b>two</b> {{{{ three }}}}.{{% endif %}}</p><p>{LONG}</p>")
    assert [bool(language.too_long(block)) for block in found] == [False, True]
    assert language.sentences(found[0]) == ["One two ‹›."]


@pytest.mark.parametrize(
    ("text", "is_banned"),
    [
        ("The file is no model.", True),
        ("The hub is no longer there.", False),
        ("There is no network.", False),
        ("Write it anew", True),
        ("renewed", False),
        ("40 cells in all.", True),
        ("in all cells", False),
        ("mend: pip install x", True),
        ("recommended", False),
        ("so that A, so that B", True),
        ("so that A. Then B, so that C", False),
    ],
)
def test_what_counts_as_a_banned_phrase(text: str, is_banned: bool) -> None:
    assert bool(language.banned_in(text)) == is_banned
