"""Evaluation sets on the hub: the id is the hub's own, every item is checked, and the same set is one set."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from edgeprof.client import resolve_sets
from edgeprof.client.http_client import HubError
from edgeprof.commands.evaluation_set import set_
from edgeprof.commands.hub import flash
from edgeprof.errors import UsageError
from edgeprof.quality.evaluation_set import SetFacts
from edgeprof.quality.file_index import INDEX_FILE, MAX_LISTED, index_of, manifest_in, shortened, whole
from edgeprof.quality.sets import read_set, write_set
from edgeprof.wire import rest
from edgeprof.wire.identity import manifest_of, sha256_hex
from edgeprof.wire.messages import FileRef
from tests.hub.api_cases import JSON, add_digits, error_of, put
from tests.hub.live import Live, serving

FACTS = SetFacts(
    name="shapes", task="image-classification", domain="vision", classes=("round", "square"), licence="CC0-1.0"
)


def made(folder: Path, name: str = "shapes", count: int = 3, first: str = "0") -> Path:
    """A set of `count` images, each in a file of its own."""
    files = {f"files/{number}.png": f"{first} picture {number}".encode() for number in range(count)}
    items = [{"id": f"i{number}", "file": f"files/{number}.png", "label": number % 2} for number in range(count)]
    write_set(folder, replace(FACTS, name=name), items, files)
    return folder


def test_a_pushed_set_is_listed_with_what_it_says_of_itself(live: Live, tmp_path: Path) -> None:
    folder = made(tmp_path / "set")
    pushed = live.client.add_set(folder)
    assert pushed.set_id == read_set(folder).set_id
    assert (pushed.names, pushed.task, pushed.items, pushed.licence) == (("shapes",), FACTS.task, 3, "CC0-1.0")
    assert pushed.facts["classes"] == ["round", "square"]
    assert live.client.sets() == [pushed]
    assert live.client.evaluation_set(pushed.set_id) == pushed


def test_the_same_set_under_two_names_is_one_set_with_both(live: Live, tmp_path: Path) -> None:
    one, other = made(tmp_path / "one"), made(tmp_path / "other", name="forms")
    first, second = live.client.add_set(one), live.client.add_set(other)
    assert first.set_id == second.set_id
    assert [record.names for record in live.client.sets()] == [("shapes", "forms")]
    assert live.client.add_set(one, name="forms").names == ("shapes", "forms")


def test_an_id_that_the_files_do_not_have_is_refused_by_name(live: Live, tmp_path: Path) -> None:
    folder = made(tmp_path / "set")
    manifest = live.client.add_set(folder).manifest
    wrong = rest.NewEvaluationSet(name="shapes", manifest=manifest, set_id="0" * 64)
    assert refused(live, wrong) == "set_id_mismatch"


def test_a_file_that_was_changed_makes_another_set(live: Live, tmp_path: Path) -> None:
    one, other = live.client.add_set(made(tmp_path / "a")), live.client.add_set(made(tmp_path / "b", first="another"))
    assert one.set_id != other.set_id
    assert len(live.client.sets()) == 2


def test_a_set_of_many_files_travels_in_a_short_manifest(live: Live, tmp_path: Path) -> None:
    folder = made(tmp_path / "set", count=MAX_LISTED + 1)
    pushed = live.client.add_set(folder)
    assert [file.path for file in pushed.manifest.files] == [INDEX_FILE, "items.jsonl", "set.json"]
    assert pushed.set_id == read_set(folder).set_id
    hashes = live.hub.reader.evaluations.files(pushed.set_id)
    assert len(hashes) == MAX_LISTED + 1 + 3
    assert live.hub.reader.unused_blobs(hashes) == set()


def test_a_short_manifest_is_the_whole_one_again(tmp_path: Path) -> None:
    folder = made(tmp_path / "set", count=MAX_LISTED + 5)
    manifest = manifest_in(folder, read_set(folder))
    short, index = shortened(manifest)
    assert index is not None
    listed = index_of(short)
    assert listed is not None
    assert listed.sha256 == sha256_hex(index)
    assert whole(short, index) == manifest


@pytest.mark.parametrize("index", [b"", b"{}", b'[{"path": "files/a"}]', b'[{"path":"set.json","size":1,"sha256":""}]'])
def test_an_index_that_lists_no_files_of_a_set_is_a_sentence(index: bytes) -> None:
    with pytest.raises(ValueError, match=INDEX_FILE):
        whole(manifest_of("set.json", []), index)


ITEM = {"id": "a", "label": 0}


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A hub for sets that are all refused."""
    with serving(tmp_path_factory.mktemp("hub") / "data") as served:
        yield served
        assert served.client.sets() == []


@pytest.mark.parametrize(
    ("facts", "items", "code"),
    [
        ({}, [], "empty_set"),
        ({}, [{"id": "a", "label": 2}], "bad_item"),
        ({}, [ITEM, ITEM], "bad_item"),
        ({"task": "mind-reading"}, [ITEM], "unknown_task"),
        ({"template": "no slot"}, [ITEM], "bad_template"),
        ({"classes": "ab"}, [ITEM], "bad_set"),
        ({}, [{**ITEM, "file": "files/missing.png"}], "bad_item"),
        ({}, ["text"], "bad_item"),
    ],
)
def test_a_set_that_cannot_be_used_is_refused_by_name(
    strict: Live, facts: dict[str, object], items: list[object], code: str
) -> None:
    known = {"name": "shapes", "task": FACTS.task, "domain": "vision", "classes": ["round", "square"], **facts}
    texts = {"set.json": json.dumps(known), "items.jsonl": "\n".join(map(json.dumps, items))}
    new = new_of(strict, texts)
    assert refused(strict, new) == code
    assert not any(strict.hub.blobs.has(file.sha256) for file in new.manifest.files)


def test_a_file_that_is_also_a_folder_is_refused(strict: Live) -> None:
    new = new_of(strict, {"set.json": "{}", "items.jsonl": "{}", "files/a": "x", "files/a/b": "y"})
    assert refused(strict, new) == "bad_manifest"


def test_what_an_older_hub_does_not_know_says_to_upgrade_it(strict: Live) -> None:
    with pytest.raises(HubError, match=r"is older than this edgeprof and cannot do this\. Upgrade it\.") as refusal:
        strict.client.delete("things-of-a-newer-release", "one")
    assert refusal.value.code == "hub_too_old"


def test_an_error_names_the_set_and_line_and_no_folder_of_the_hub(strict: Live) -> None:
    texts = {
        "set.json": json.dumps({"name": "x", "task": FACTS.task, "domain": "vision", "classes": ["a", "b"]}),
        "items.jsonl": json.dumps({"id": "a", "label": 0}) + "\n" + json.dumps({"id": "b", "label": 7}),
    }
    body = json.dumps(document(new_of(strict, texts))).encode()
    _, error = error_of(strict, "POST", "/sets", body)
    assert error.message.startswith("pushed/items.jsonl:2: label 7")


@pytest.mark.parametrize("path", ["notes.txt", "files/../set.json", "/files/a"])
def test_a_file_that_no_set_has_is_refused(strict: Live, path: str) -> None:
    texts = {"set.json": "{}", "items.jsonl": "{}", path: "x"}
    assert refused(strict, new_of(strict, texts)) in ("bad_manifest", "bad_set")


def test_a_file_that_was_not_uploaded_is_named(strict: Live) -> None:
    absent = manifest_of("set.json", [FileRef(path="set.json", size=1, sha256="1" * 64)])
    assert refused(strict, rest.NewEvaluationSet(name="x", manifest=absent)) == "blob_missing"


def test_a_deleted_set_takes_its_files_along_but_none_that_others_need(live: Live, tmp_path: Path) -> None:
    kept, gone = live.client.add_set(made(tmp_path / "a")), live.client.add_set(made(tmp_path / "b", count=4))
    model = add_digits(live)
    shared = set(live.hub.reader.evaluations.files(kept.set_id))
    own = set(live.hub.reader.evaluations.files(gone.set_id)) - shared
    live.client.delete("sets", gone.set_id)
    assert live.client.sets() == [kept]
    assert not any(live.hub.blobs.has(sha256) for sha256 in own)
    assert all(live.hub.blobs.has(file) for file in shared)
    assert all(live.hub.blobs.has(file.sha256) for file in model.manifest.files)
    with pytest.raises(HubError) as again:
        live.client.delete("sets", gone.set_id)
    assert again.value.code == "not_found"


def new_of(live: Live, texts: dict[str, str]) -> rest.NewEvaluationSet:
    """A set of these files, uploaded as they are."""
    files = [
        FileRef(path=path, size=len(text.encode()), sha256=put(live, text.encode())) for path, text in texts.items()
    ]
    return rest.NewEvaluationSet(name="pushed", manifest=manifest_of("set.json", files))


def document(new: rest.NewEvaluationSet) -> dict[str, object]:
    files = [vars(file) for file in new.manifest.files]
    return {"name": new.name, "set_id": new.set_id, "manifest": {"entry": new.manifest.entry, "files": files}}


def refused(live: Live, new: rest.NewEvaluationSet) -> str:
    with live.http("POST", "/sets", json.dumps(document(new)).encode(), JSON) as answer:
        assert answer.status >= 400
        return json.loads(answer.read())["error"]["code"]


def test_a_set_is_pushed_and_named_from_a_terminal(live: Live, tmp_path: Path) -> None:
    folder = made(tmp_path / "set")
    done = CliRunner().invoke(set_, ["push", str(folder), "--name", "forms", "--hub", live.url])
    (pushed,) = live.client.sets()
    assert done.output.count("MiB sent.") == 1  # of all files, not one line each
    assert done.output.endswith(
        f"forms: 3 items, image-classification, set {pushed.set_id[:12]}. See {live.url}/sets\n"
    )
    by_name = resolve_sets.put_set(live.client, "forms", print)
    assert by_name == resolve_sets.put_set(live.client, pushed.set_id[:8], print) == pushed


def test_a_name_of_two_sets_and_one_of_none_are_refused(live: Live, tmp_path: Path) -> None:
    for number in (1, 2):
        live.client.add_set(made(tmp_path / str(number), count=number))
    with pytest.raises(UsageError, match="2 evaluation sets are named 'shapes'") as refused:
        resolve_sets.put_set(live.client, "shapes", print)
    assert refused.value.code == "ambiguous_set"
    with pytest.raises(UsageError) as refused:
        resolve_sets.put_set(live.client, "no-such-set", print)
    assert refused.value.code == "unknown_set"


@pytest.mark.parametrize("option", [["--items", "5"], ["--shots", "2"], ["--evaluate-only"]])
def test_options_of_an_evaluation_need_a_set(option: list[str]) -> None:
    done = CliRunner().invoke(flash, ["m.onnx", "--to", "pi", *option])
    assert isinstance(done.exception, UsageError)
    assert done.exception.code == "bad_usage"
