"""`edgeprof set` as a person runs it."""

import json
from pathlib import Path

import pytest

from edgeprof.quality.packaged.catalogue import BUNDLED, load_recipes
from tests.cli.conftest import Run


@pytest.fixture
def shades(tmp_path: Path) -> Path:
    """Rows of two numbers, dark or bright."""
    path = tmp_path / "shades.csv"
    path.write_text("left,right,label\n10,12,dark\n200,220,bright\n")
    return path


def test_list_names_every_set_with_its_licence(run: Run) -> None:
    lines = run("set", "list").out.splitlines()
    assert {line.split()[0] for line in lines[1:]} == set(load_recipes())
    row = next(line for line in lines if line.startswith("digits "))
    assert row.split()[1:8] == ["image-classification", "vision", "-", "500", "0.05", "MB", "yes"]
    assert "CC-BY-4.0" in row


def test_show_has_the_id_and_the_first_items(run: Run) -> None:
    lines = run("set", "show", "digits", "--items", "2").out.splitlines()
    assert f"id           {load_recipes()['digits'].set_id}" in lines
    assert [json.loads(line)["id"] for line in lines[-2:]] == ["digits-449", "digits-337"]
    assert json.loads(run("set", "show", str(BUNDLED / "digits"), "--items", "1").out.splitlines()[-1])["label"] == 3


def test_fetch_prints_the_folder(run: Run) -> None:
    ended = run("set", "fetch", "digits")
    assert ended.out == f"{BUNDLED / 'digits'}\n"
    assert "CC-BY-4.0" in ended.err


def test_fetch_needs_a_name(run: Run) -> None:
    assert run("set", "fetch").refused_with("no_set")
    assert run("set", "fetch", "digits", "--all").refused_with("no_set")
    assert run("set", "fetch", "cats").refused_with("unknown_set")


def test_import_and_check_say_the_same(run: Run, shades: Path, tmp_path: Path) -> None:
    out = tmp_path / "set"
    options = (
        "--shape",
        "1,2",
        "--classes",
        "dark,bright",
        "--preparation",
        "scale=0.5",
        "--preparation",
        "layout=NHW",
    )
    ended = run("set", "import", str(shades), "--task", "image-classification", "--out", str(out), *options)
    assert ended.code == 0, ended.err
    assert ended.out.startswith(f"{out}: 2 items, ")
    assert run("set", "check", str(out)).out == ended.out
    facts = json.loads((out / "set.json").read_text())
    assert facts["classes"] == ["dark", "bright"]
    assert facts["preparation"] == {"array": "files/rows.npy", "scale": 0.5, "layout": "NHW"}


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--classes", "dark,light"), "bad_item"),
        (("--shape", "2x1"), "bad_import"),
        (("--preparation", "scale"), "bad_import"),
        (("--label-column", "colour"), "bad_import"),
        (("--task", "chess"), "unknown_task"),
    ],
)
def test_a_bad_import_is_one_sentence(
    run: Run, shades: Path, tmp_path: Path, options: tuple[str, ...], code: str
) -> None:
    start = ("set", "import", str(shades), "--task", "image-classification", "--out", str(tmp_path / "set"))
    ended = run(*start, *options)
    assert ended.refused_with(code)
    assert not (tmp_path / "set").exists()


def test_a_line_that_is_wrong_is_named(run: Run, shades: Path, tmp_path: Path) -> None:
    shades.write_text(shades.read_text() + "300,x,dark\n")
    ended = run("set", "import", str(shades), "--task", "image-classification", "--out", str(tmp_path / "set"))
    assert ended.err == f"edgeprof: {shades}:4: column 'right': 'x' is not a number. [bad_item]\n"


def test_the_same_set_under_another_name_is_recognised(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "mine"
    ended = run(
        "set", "import", str(BUNDLED / "digits"), "--task", "image-classification", "--out", str(out), "--name", "mine"
    )
    assert "This is the packaged set digits: the same id" in ended.out


def test_check_names_the_line(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "mine"
    run("set", "import", str(BUNDLED / "digits"), "--task", "image-classification", "--out", str(out))
    items = out / "items.jsonl"
    items.write_text(items.read_text().replace('"label":7', '"label":17', 1))
    ended = run("set", "check", str(out))
    assert ended.refused_with("bad_item")
    assert ended.err.startswith(f"edgeprof: {items}:2: label 17 is not one of the set's 10 classes")
