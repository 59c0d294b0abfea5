"""A set's folder is read whole, and what is wrong in it is named by file and line."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgeprof.errors import EdgeprofError
from edgeprof.quality.evaluation_set import EvaluationSet, SetFacts
from edgeprof.quality.sets import own_files, read_set, write_set
from edgeprof.quality.sets.arrays import ROWS_FILE, npy_bytes

FACTS = SetFacts(name="cats", task="image-classification", domain="vision", classes=("cat", "dog"))
ITEMS: list[dict[str, Any]] = [
    {"id": "1", "file": "files/a.png", "label": 0},
    {"id": "2", "file": "files/deep/b.png", "label": 1},
]
FILES: dict[str, Path | bytes] = {"files/a.png": b"a", "files/deep/b.png": b"bb"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_set(tmp_path / "cats", FACTS, ITEMS, FILES)
    return tmp_path / "cats"


def line(folder: Path, number: int, text: str) -> None:
    """Puts another text into one line of the items, numbered from 1."""
    lines = (folder / "items.jsonl").read_text().splitlines()
    lines[number - 1] = text
    (folder / "items.jsonl").write_text("\n".join(lines) + "\n")


def facts(folder: Path, **changes: Any) -> None:
    document = json.loads((folder / "set.json").read_text())
    (folder / "set.json").write_text(json.dumps({**document, **changes}))


def problem(folder: Path) -> tuple[str, str]:
    """The code and the message, without the folder's path."""
    with pytest.raises(EdgeprofError) as caught:
        read_set(folder)
    return caught.value.code, caught.value.message.replace(f"{folder}/", "")


def test_a_written_set_is_read_with_its_files(folder: Path) -> None:
    found = read_set(folder)
    assert (found.facts, list(found.items)) == (FACTS, ITEMS)
    assert [(file.path, file.size) for file in found.files] == [("files/a.png", 1), ("files/deep/b.png", 2)]
    assert [file.path for file in own_files(folder)] == ["set.json", "items.jsonl"]
    assert found.size_bytes == sum(file.size for file in (*own_files(folder), *found.files))


def test_spaces_an_empty_line_and_a_hidden_file_are_no_part_of_a_set(folder: Path) -> None:
    before = read_set(folder)
    line(folder, 1, '  { "label": 0, "file": "files/a.png", "id": "1" }\r\n\n')
    facts(folder, name="pets", licence="MIT")
    (folder / "files" / ".DS_Store").write_bytes(b"x")
    after = read_set(folder)
    assert after.set_id == before.set_id
    assert after.files == before.files


def test_another_byte_in_a_file_is_another_set(folder: Path) -> None:
    before = read_set(folder).set_id
    (folder / "files" / "a.png").write_bytes(b"b")
    assert read_set(folder).set_id != before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "items.jsonl:2: not JSON"),
        ("[1]", "items.jsonl:2: not a JSON object"),
        ('{"id":"2","label":NaN}', "items.jsonl:2: not JSON: NaN"),
        ('{"id":"2","label":1e999}', "items.jsonl:2: not plain JSON"),
        ('{"id":"2","label":1,"text":"\\ud800"}', "items.jsonl:2: not plain JSON"),
        ('{"id":"2","label":0,"label":1}', "items.jsonl:2: not JSON: the field 'label' stands twice"),
        ("[" * 100_000, "items.jsonl:2: not JSON"),
        ('{"label":1}', "items.jsonl:2: `id` is missing"),
        ('{"id":2,"label":1}', "items.jsonl:2: `id` must be a text"),
        ('{"id":"1","label":1}', "items.jsonl:2: the id '1' is taken by items.jsonl:1"),
        ('{"id":"2","label":2}', "items.jsonl:2: label 2 is not one of the set's 2 classes (cat, dog)"),
        ('{"id":"2","label":-1}', "items.jsonl:2: label -1 is not"),
        ('{"id":"2","label":true}', "items.jsonl:2: label True is not"),
        ('{"id":"2","label":"cow"}', "items.jsonl:2: label 'cow' is not"),
        ('{"id":"2"}', "items.jsonl:2: label None is not"),
        ('{"id":"2","label":1,"file":"files/../set.json"}', "items.jsonl:2: 'files/../set.json' is not a plain path"),
        ('{"id":"2","label":1,"file":"/etc/passwd"}', "items.jsonl:2: '/etc/passwd' is not a plain path"),
        ('{"id":"2","label":1,"file":"set.json"}', "items.jsonl:2: 'set.json' is not a plain path"),
        ('{"id":"2","label":1,"file":"files/c.png"}', "items.jsonl:2: files/c.png is not in the set's folder"),
        ('{"id":"2","label":1,"file":3}', "items.jsonl:2: `file` must be a path"),
    ],
)
def test_a_bad_line_is_named_with_its_number(folder: Path, text: str, words: str) -> None:
    line(folder, 2, text)
    code, message = problem(folder)
    assert code == "bad_item"
    assert message.startswith(words)


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"task": "mind-reading"}, "unknown_task", "set.json: unknown task 'mind-reading'. Tasks: "),
        ({"domain": "smell"}, "bad_set", "set.json: unknown domain 'smell'"),
        ({"language": "English please"}, "bad_set", "set.json: 'English please' is not a BCP 47"),
        ({"licens": "MIT"}, "bad_set", "set.json: unknown field 'licens'"),
        ({"classes": "cat"}, "bad_set", "set.json: `classes` must be a list of texts"),
        ({"classes": ["cat", "cat"]}, "bad_set", "set.json: `classes` holds 'cat' twice"),
        ({"preparation": []}, "bad_set", "set.json: `preparation` must be an object"),
        ({"template": "{file}\ud800"}, "bad_set", "set.json: `template` is not plain JSON"),
        ({"preparation": {"scale": float("inf")}}, "bad_set", "set.json: `preparation` is not plain JSON"),
        ({"name": ""}, "bad_set", "set.json: `name` must have"),
        ({"parent": "cats"}, "bad_set", "set.json: `parent` is not a set's id"),
        ({"template": "Which animal is it?"}, "bad_template", "set.json: the template has no slot"),
        ({"template": "{file"}, "bad_template", "set.json: "),
        ({"template": "{file.__class__}"}, "bad_template", "set.json: the slot {file.__class__} is not the plain"),
        ({"template": "{}"}, "bad_template", "set.json: the slot {} is not the plain"),
        (
            {"template": "{file}", "preparation": {"examples": [{"file": "a"}, {"text": "b"}]}},
            "bad_set",
            "set.json: `preparation.examples[1]` has no field 'file' for the template's slot",
        ),
        (
            {"template": "{file}", "preparation": {"examples": ["a"]}},
            "bad_set",
            "set.json: `preparation.examples[0]` is not an object",
        ),
        ({"template": "{colour}"}, "bad_item", "items.jsonl:1: the template's slot {colour} is not a field"),
    ],
)
def test_a_bad_description_is_named_with_its_field(folder: Path, changes: Any, code: str, words: str) -> None:
    facts(folder, **changes)
    found = problem(folder)
    assert found[0] == code
    assert found[1].startswith(words)


def test_an_empty_set_is_an_error(folder: Path) -> None:
    (folder / "items.jsonl").write_text("\n\n")
    assert problem(folder)[0] == "empty_set"


def test_a_folder_without_a_set_is_named(tmp_path: Path) -> None:
    code, message = problem(tmp_path / "nowhere")
    assert (code, str(tmp_path / "nowhere") in message) == ("no_set", True)


@pytest.mark.parametrize(
    ("limit", "value"), [("MAX_ITEMS", 1), ("MAX_FILES", 1), ("MAX_SET_BYTES", 100), ("MAX_ITEMS_BYTES", 50)]
)
def test_a_set_that_is_too_large_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr("edgeprof.quality.sets.folder." + limit, value)
    assert problem(folder)[0] == "set_too_large"


def test_a_link_in_a_set_is_refused(folder: Path) -> None:
    os.symlink("/etc/hostname", folder / "files" / "link")
    code, message = problem(folder)
    assert (code, message.startswith("files/link: ")) == ("bad_set", True)


def test_a_pipe_in_a_set_is_refused_and_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "files" / "pipe")
    assert problem(folder) == ("bad_set", "files/pipe: not a plain file. Delete it, or put a file there.")


def test_rows_are_looked_up_in_the_sets_array(tmp_path: Path) -> None:
    with_rows = replace(FACTS, preparation={"array": ROWS_FILE})
    rows: dict[str, Path | bytes] = {ROWS_FILE: npy_bytes(bytes(8), "|u1", (2, 2, 2))}
    items = [{"id": "1", "row": 0, "label": 0}, {"id": "2", "row": 1, "label": 1}]
    assert isinstance(write_set(tmp_path / "good", with_rows, items, rows), EvaluationSet)
    with pytest.raises(EdgeprofError, match="item '2': row 2 is not one of the 2 in "):
        write_set(tmp_path / "outside", with_rows, [items[0], {**items[1], "row": 2}], rows)
    with pytest.raises(EdgeprofError, match="`preparation` names no array"):
        write_set(tmp_path / "nameless", FACTS, items, rows)
    cut: dict[str, Path | bytes] = {ROWS_FILE: npy_bytes(bytes(7), "|u1", (2, 2, 2))}
    with pytest.raises(EdgeprofError, match="7 bytes of values"):
        write_set(tmp_path / "cut", with_rows, items, cut)
    assert [path.name for path in tmp_path.iterdir()] == ["good"]


@pytest.mark.parametrize("array", [["files/rows.npy"], {}, 1, None])
def test_an_array_that_is_no_path_is_named(array: object, tmp_path: Path) -> None:
    with pytest.raises(EdgeprofError, match="`preparation` names no array") as caught:
        write_set(tmp_path / "set", replace(FACTS, preparation={"array": array}), [{"id": "1", "row": 0, "label": 0}])
    assert caught.value.code == "bad_set"


@pytest.mark.parametrize("head", [b"", b"\x93NUMPY", b"\x93NUMPY\x02\x00\x01\x01", b"\x93NUMPY\x02\x00\x01\x01\x00"])
def test_an_array_that_ends_in_its_header_is_named(head: bytes, tmp_path: Path) -> None:
    facts, items = replace(FACTS, preparation={"array": ROWS_FILE}), [{"id": "1", "row": 0, "label": 0}]
    with pytest.raises(EdgeprofError, match=r"rows.npy: not a .npy file") as caught:
        write_set(tmp_path / "set", facts, items, {ROWS_FILE: head})
    assert caught.value.code == "bad_set"


def test_numpy_reads_the_array_that_was_written_without_it(tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy")
    (tmp_path / "a.npy").write_bytes(npy_bytes(bytes(range(12)), "|u1", (3, 4)))
    assert numpy.load(tmp_path / "a.npy").tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]


def test_a_set_is_never_written_over_another(folder: Path) -> None:
    with pytest.raises(EdgeprofError) as caught:
        write_set(folder, FACTS, ITEMS, FILES)
    assert caught.value.code == "set_exists"


def test_a_set_that_cannot_be_read_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(EdgeprofError) as caught:
        write_set(tmp_path / "cats", FACTS, [{"id": "1", "label": 9}])
    assert caught.value.message.startswith(f"{tmp_path}/cats/items.jsonl:1: label 9")
    assert list(tmp_path.iterdir()) == []
