"""A person's own data becomes a set, and what is wrong in it is named by its own file and line."""

import json
import struct
import wave
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgeprof.errors import EdgeprofError, MissingPartError
from edgeprof.quality.evaluation_set import EvaluationSet, SetFacts
from edgeprof.quality.sets import read_set, write_set
from edgeprof.quality.sets.importing import ImportRequest, images, import_set
from edgeprof.quality.tasks.table import TASKS


def image(path: Path, shade: int = 0) -> Path:
    """A grey image of 4 × 3 pixels, in the one form that needs no encoder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"P5\n4 3\n255\n" + bytes([shade] * 12))
    return path


def recording(path: Path, seconds: float = 0.5) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(2 * int(16_000 * seconds)))
    return path


def needs(task: str) -> None:
    if task not in TASKS:
        pytest.skip(f"there is no task {task} yet")


def made(tmp_path: Path, path: Path, task: str, form: str = "", **options: Any) -> EvaluationSet:
    needs(task)
    found = import_set(ImportRequest(path=path, task=task, **options), tmp_path / "out", form)
    assert read_set(tmp_path / "out").set_id == found.evaluation_set.set_id
    return found.evaluation_set


def problem(tmp_path: Path, path: Path, task: str, form: str = "", **options: Any) -> tuple[str, str]:
    """The code and the message, without the folder's path. Nothing is written."""
    needs(task)
    with pytest.raises(EdgeprofError) as caught:
        import_set(ImportRequest(path=path, task=task, **options), tmp_path / "out", form)
    assert not (tmp_path / "out").exists()
    return caught.value.code, caught.value.message.replace(f"{tmp_path}/", "")


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    for number in range(6):
        image(tmp_path / "pets" / ("cat" if number % 2 else "dog") / f"{number}.pgm", number)
    return tmp_path / "pets"


class TestImageFolder:
    def test_class_folders_become_classes(self, tmp_path: Path, pets: Path) -> None:
        found = made(tmp_path, pets, "image-classification")
        assert found.facts.classes == ("cat", "dog")
        assert {item["id"]: item["label"] for item in found.items}["dog/4.pgm"] == 1
        assert len(found.files) == 6

    def test_the_first_items_are_of_more_than_one_class(self, tmp_path: Path, pets: Path) -> None:
        for number in range(20):
            image(pets / "cat" / f"more{number}.pgm", 100 + number)
            image(pets / "dog" / f"more{number}.pgm", 200 + number)
        labels = [item["label"] for item in made(tmp_path, pets, "image-classification").items]
        assert labels != sorted(labels)
        assert set(labels[:12]) == {0, 1}

    def test_classes_in_the_models_order(self, tmp_path: Path, pets: Path) -> None:
        assert made(tmp_path, pets, "image-classification", classes=("dog", "cow", "cat")).facts.classes[0] == "dog"

    def test_a_folder_outside_the_classes_is_named(self, tmp_path: Path, pets: Path) -> None:
        code, message = problem(tmp_path, pets, "image-classification", classes=("dog", "cow"))
        assert (code, message) == ("bad_item", "pets/cat: class 'cat' is not one of the set's classes: dog, cow.")

    def test_an_image_that_does_not_decode_is_named(self, tmp_path: Path, pets: Path) -> None:
        (pets / "cat" / "1.pgm").write_bytes(b"P5\n4 3\n255\n123")
        code, message = problem(tmp_path, pets, "image-classification")
        assert (code, message.startswith("pets/cat/1.pgm: does not decode as an image: ")) == ("bad_item", True)

    def test_a_text_named_as_an_image_is_named(self, tmp_path: Path, pets: Path) -> None:
        (pets / "cat" / "1.png").write_text("<html>")
        assert problem(tmp_path, pets, "image-classification")[1].startswith("pets/cat/1.png: does not decode")

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("readme.txt", "pets/readme.txt: lies in no class folder"),
            ("cat/notes.txt", "pets/cat/notes.txt: not one of .bmp"),
        ],
    )
    def test_a_stray_file_is_named(self, tmp_path: Path, pets: Path, name: str, words: str) -> None:
        (pets / name).write_text("x")
        assert problem(tmp_path, pets, "image-classification")[1].startswith(words)

    def test_hidden_files_are_passed_over(self, tmp_path: Path, pets: Path) -> None:
        (pets / "cat" / ".DS_Store").write_text("x")
        assert len(made(tmp_path, pets, "image-classification").items) == 6

    def test_an_empty_folder(self, tmp_path: Path) -> None:
        (tmp_path / "pets").mkdir()
        assert problem(tmp_path, tmp_path / "pets", "image-classification")[0] == "empty_set"

    def test_the_same_image_twice_is_a_warning(self, tmp_path: Path, pets: Path) -> None:
        image(pets / "dog" / "copy.pgm", 3)
        request = ImportRequest(path=pets, task="image-classification", classes=("cat", "dog"))
        assert import_set(request, tmp_path / "out").warnings == (
            "files/dog/copy.pgm is the same as files/cat/3.pgm: it counts twice.",
            "The items 'cat/3.pgm' and 'dog/copy.pgm' are one file with two labels. Correct one of the labels.",
        )

    def test_without_pillow_the_install_line_is_given(
        self, tmp_path: Path, pets: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(__import__("sys").modules, "PIL", None)
        with pytest.raises(MissingPartError) as caught:
            images.pillow()
        assert "pip install 'edgeprof[images]'" in caught.value.message
        assert problem(tmp_path, pets, "image-classification")[0] == "pillow_missing"


class TestCsv:
    def table(self, tmp_path: Path, text: str) -> Path:
        path = tmp_path / "data.csv"
        path.write_text(text)
        return path

    def test_image_files_with_labels(self, tmp_path: Path) -> None:
        image(tmp_path / "a.pgm")
        image(tmp_path / "deep" / "b.pgm", 1)
        path = self.table(tmp_path, "file,label\na.pgm,cat\ndeep/b.pgm,dog\n")
        found = made(tmp_path, path, "image-classification")
        assert [(item["file"], item["label"]) for item in found.items] == [("files/a.pgm", 0), ("files/deep/b.pgm", 1)]

    def test_numbers_become_one_array(self, tmp_path: Path) -> None:
        numpy = pytest.importorskip("numpy")
        path = self.table(tmp_path, "a,b,c,d,label\n1,2,3,4,10\n5,6,7,255,9\n")
        found = made(tmp_path, path, "image-classification", shape=(2, 2))
        assert found.facts.classes == ("9", "10")
        assert [item["label"] for item in found.items] == [1, 0]
        array = numpy.load(tmp_path / "out" / found.facts.preparation["array"])
        assert (array.dtype, array.tolist()) == (numpy.uint8, [[[1, 2], [3, 4]], [[5, 6], [7, 255]]])

    def test_numbers_beyond_a_byte_are_stored_as_float32(self, tmp_path: Path) -> None:
        path = self.table(tmp_path, "a;b;label\n-1;2.5;x\n3;4;y\n")
        made(tmp_path, path, "image-classification")
        stored = (tmp_path / "out" / "files" / "rows.npy").read_bytes()
        assert stored.endswith(struct.pack("<4f", -1, 2.5, 3, 4))

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("a,b,label\n1,2,x\n1,x\n", "data.csv:3: 2 cells; the header has 3 columns"),
            ("a,b,label\n1,2,x\n1,two,y\n", "data.csv:3: column 'b': 'two' is not a number"),
            ("a,b,label\n1,nan,x\n", "data.csv:2: column 'b': 'nan' is not a number"),
            ("a,b,label\n1,,x\n", "data.csv:2: column 'b': '' is not a number"),
            ("1,2,3\n4,5,6\n", "data.csv:1: the first line holds numbers"),
            ("a,a,label\n1,2,3\n", "data.csv:1: column 'a' stands twice"),
            ('a,label\n"1,x\n', "data.csv:"),
            ("a,label\n1,cow\n", "data.csv:2: class 'cow' is not one of the set's classes: cat, dog"),
            ("file,label\nnowhere.pgm,cat\n", "data.csv:2: nowhere.pgm is not there"),
            ("file,label\n../../etc/passwd,cat\n", "data.csv:2: '../../etc/passwd' is not a path within"),
            ("id,a,label\nx,1,cat\nx,1,dog\n", "data.csv:3: the id 'x' is taken by data.csv:2"),
        ],
    )
    def test_a_bad_line_is_named(self, tmp_path: Path, text: str, words: str) -> None:
        path = self.table(tmp_path, text)
        classes = ("cat", "dog") if "cow" in text or "cat" in text else ()
        code, message = problem(tmp_path, path, "image-classification", classes=classes)
        assert (code, message[: len(words)]) == ("bad_item", words)

    def test_a_line_that_is_not_utf_8_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "data.csv").write_bytes(b"a,label\n1,x\n2,caf\xe9\n")
        assert problem(tmp_path, tmp_path / "data.csv", "image-classification")[1].startswith("data.csv:3: not UTF-8")

    def test_an_image_that_does_not_decode_is_named_by_line(self, tmp_path: Path) -> None:
        (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n")
        path = self.table(tmp_path, "file,label\na.png,cat\n")
        assert problem(tmp_path, path, "image-classification")[1].startswith("data.csv:2: a.png does not decode")

    def test_a_table_without_labels_names_the_option(self, tmp_path: Path) -> None:
        code, message = problem(tmp_path, self.table(tmp_path, "a,b\n1,2\n"), "image-classification")
        assert (code, "--label-column" in message) == ("bad_import", True)

    def test_a_shape_that_does_not_fit(self, tmp_path: Path) -> None:
        path = self.table(tmp_path, "a,b,label\n1,2,x\n")
        assert problem(tmp_path, path, "image-classification", shape=(3, 3))[0] == "bad_import"

    def test_a_header_alone_is_an_empty_set(self, tmp_path: Path) -> None:
        assert problem(tmp_path, self.table(tmp_path, "a,label\n"), "image-classification")[0] == "empty_set"

    def test_texts_by_column(self, tmp_path: Path) -> None:
        path = self.table(tmp_path, "question,target\nTwo and two?,4\n")
        found = made(tmp_path, path, "exact-match", template="{question}")
        assert found.items[0]["target"] == "4"


class TestJsonl:
    def lines(self, tmp_path: Path, *lines: Any) -> Path:
        path = tmp_path / "data.jsonl"
        path.write_text("\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines))
        return path

    def test_labels_by_name_and_ids_by_line(self, tmp_path: Path) -> None:
        image(tmp_path / "a.pgm")
        image(tmp_path / "b.pgm", 1)
        path = self.lines(tmp_path, {"file": "a.pgm", "label": "dog"}, "", {"file": "b.pgm", "label": "cat"})
        found = made(tmp_path, path, "image-classification")
        assert [(item["id"], item["label"]) for item in found.items] == [("line-1", 1), ("line-3", 0)]

    def test_a_text_and_its_class_are_a_choice(self, tmp_path: Path) -> None:
        path = self.lines(tmp_path, {"text": "Fine.", "label": "good"}, {"text": "No.", "label": "bad"})
        found = made(tmp_path, path, "multiple-choice", template="{text}\nThis is")
        assert [(item["choices"], item["label"]) for item in found.items] == [
            (["bad", "good"], 1),
            (["bad", "good"], 0),
        ]

    @pytest.mark.parametrize(
        ("line", "words"),
        [
            ("{'file': 1}", "data.jsonl:2: not JSON"),
            ({"file": "b.pgm", "label": "cat"}, "data.jsonl:2: b.pgm is not there"),
            ({"file": "a.pgm", "label": "cow"}, "data.jsonl:2: class 'cow' is not one of the set's classes: cat, dog"),
            ({"file": "a.pgm", "label": 2}, "data.jsonl:2: label 2 is not one of the set's 2 classes"),
            ({"file": ["a.pgm"], "label": 1}, "data.jsonl:2: `file` must be a path"),
            ({"id": "line-1", "file": "a.pgm", "label": 1}, "data.jsonl:2: the id 'line-1' is taken by data.jsonl:1"),
        ],
    )
    def test_a_bad_line_is_named(self, tmp_path: Path, line: Any, words: str) -> None:
        image(tmp_path / "a.pgm")
        path = self.lines(tmp_path, {"file": "a.pgm", "label": "cat"}, line)
        code, message = problem(tmp_path, path, "image-classification", classes=("cat", "dog"))
        assert (code, message[: len(words)]) == ("bad_item", words)

    @pytest.mark.parametrize(
        ("template", "code", "words"),
        [
            ("Answer now.", "bad_template", "data.jsonl: the template has no slot"),
            ("{questoin}", "bad_item", "data.jsonl:1: the template's slot {questoin} is not a field of this item"),
            ("{question", "bad_template", "data.jsonl: "),
        ],
    )
    def test_a_template_is_checked_against_the_items(
        self, tmp_path: Path, template: str, code: str, words: str
    ) -> None:
        path = self.lines(tmp_path, {"question": "Two and two?", "target": "4"})
        found = problem(tmp_path, path, "exact-match", template=template)
        assert (found[0], found[1][: len(words)]) == (code, words)

    def test_an_item_without_the_field_of_the_template(self, tmp_path: Path) -> None:
        path = self.lines(tmp_path, {"question": "Two and two?", "target": "4"}, {"target": "5"})
        message = problem(tmp_path, path, "exact-match", template="{question}")[1]
        assert message.startswith("data.jsonl:2: the template's slot {question} is not a field")

    def test_another_language_than_stated_is_a_warning(self, tmp_path: Path) -> None:
        needs("exact-match")
        lines = [
            {"question": f"Wie viele Äpfel sind es, wenn der Bauer {number} von den zehn isst und die Frau keinen?",
             "target": "4"}
            for number in range(8)
        ]  # fmt: skip
        request = ImportRequest(
            path=self.lines(tmp_path, *lines), task="exact-match", template="{question}", language="en"
        )
        assert import_set(request, tmp_path / "out").warnings == (
            "The set states the language 'en'; its texts look like 'de'. Check the language.",
        )

    def test_an_empty_file(self, tmp_path: Path) -> None:
        assert problem(tmp_path, self.lines(tmp_path, ""), "image-classification")[0] == "empty_set"

    def test_documents_of_a_retrieval_set(self, tmp_path: Path) -> None:
        needs("retrieval")
        documents = tmp_path / "documents.jsonl"
        documents.write_text('{"id":"a","text":"Apples."}\n{"id":"b","text":"Pears."}\n')
        path = self.lines(tmp_path, {"text": "red fruit", "relevance": {"a": 1}})
        found = made(tmp_path, path, "retrieval", documents=documents)
        assert found.facts.preparation["documents"] == {"a": "Apples.", "b": "Pears."}

    def test_a_document_without_a_text_is_named(self, tmp_path: Path) -> None:
        needs("retrieval")
        documents = tmp_path / "documents.jsonl"
        documents.write_text('{"id":"a","text":"Apples."}\n{"id":"b"}\n')
        path = self.lines(tmp_path, {"text": "red fruit", "relevance": {"a": 1}})
        assert problem(tmp_path, path, "retrieval", documents=documents)[1].startswith("documents.jsonl:2: ")


class TestCoco:
    def document(self, tmp_path: Path, **changes: Any) -> Path:
        image(tmp_path / "images" / "a.pgm")
        image(tmp_path / "images" / "b.pgm", 1)
        document: dict[str, Any] = {
            "images": [{"id": 7, "file_name": "a.pgm"}, {"id": 8, "file_name": "b.pgm"}],
            "categories": [{"id": 18, "name": "dog"}, {"id": 17, "name": "cat"}],
            "annotations": [
                {"image_id": 7, "category_id": 17, "bbox": [0, 0, 2, 2]},
                {"image_id": 7, "category_id": 18, "bbox": [1, 1, 2, 1.5], "iscrowd": 1},
            ],
        }
        (tmp_path / "boxes.json").write_text(json.dumps({**document, **changes}))
        return tmp_path / "boxes.json"

    def test_boxes_by_image(self, tmp_path: Path) -> None:
        found = made(tmp_path, self.document(tmp_path), "object-detection")
        assert found.facts.classes == ("cat", "dog")
        assert [item["objects"] for item in found.items] == [
            [
                {"box": [0, 0, 2, 2], "label": 0},
                {"box": [1, 1, 2, 1.5], "label": 1, "is_crowd": True},
            ],
            [],
        ]

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"annotations": [{"image_id": 9, "category_id": 17, "bbox": [0, 0, 1, 1]}]},
             "boxes.json: annotations[0]: image_id 9 is in no `images` entry"),
            ({"annotations": [{"image_id": 7, "category_id": 1, "bbox": [0, 0, 1, 1]}]},
             "boxes.json: annotations[0]: category_id 1 is in no `categories` entry"),
            ({"annotations": [{"image_id": 7, "category_id": 17, "bbox": [0, 0, 1]}]},
             "boxes.json: annotations[0]: bbox [0, 0, 1] is not [x, y, width, height]"),
            ({"annotations": [{"image_id": 7, "category_id": 17, "bbox": [0, 0, 0, 1]}]},
             "boxes.json: annotations[0]: bbox [0, 0, 0, 1] has no area"),
            ({"images": [{"id": 7, "file_name": "c.pgm"}], "annotations": []},
             "boxes.json: images[0]: images/c.pgm is not there"),
            ({"images": [{"id": 7, "file_name": "a.pgm"}, {"id": 7, "file_name": "b.pgm"}]},
             "boxes.json: images[1]: id 7 is taken by"),
            ({"categories": [{"id": 17}]}, "boxes.json: categories[0]: has no whole number"),
            ({"annotations": None}, "boxes.json: has no list `annotations`"),
            ({"annotations": [1]}, "boxes.json: annotations[0]: not an object"),
        ],
    )  # fmt: skip
    def test_a_bad_entry_is_named(self, tmp_path: Path, changes: Any, words: str) -> None:
        code, message = problem(tmp_path, self.document(tmp_path, **changes), "object-detection")
        assert (code, message[: len(words)]) == ("bad_item", words)

    def test_a_line_that_is_not_json_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "boxes.json").write_text('{"images": [\n{"id": 1,}]}')
        assert problem(tmp_path, tmp_path / "boxes.json", "object-detection")[1].startswith("boxes.json:2: not JSON")

    def test_a_box_beyond_its_image_is_a_warning(self, tmp_path: Path) -> None:
        needs("object-detection")
        path = self.document(tmp_path, annotations=[{"image_id": 7, "category_id": 17, "bbox": [3, 0, 3, 2]}])
        warnings = import_set(ImportRequest(path=path, task="object-detection"), tmp_path / "out").warnings
        assert warnings[0].endswith("images[0]: box [3, 0, 3, 2] reaches 2 pixels beyond the image of 4 x 3.")


class TestAudio:
    def test_class_folders_of_key_words(self, tmp_path: Path) -> None:
        recording(tmp_path / "words" / "yes" / "1.wav")
        recording(tmp_path / "words" / "_silence_" / "1.wav", 1)
        found = made(tmp_path, tmp_path / "words", "key-word")
        items = {item["id"]: item for item in found.items}
        assert found.facts.classes == ("yes",)
        assert items["yes/1.wav"]["words"] == [{"label": 0, "start_s": 0.0, "end_s": 0.5}]
        assert (items["_silence_/1.wav"]["words"], items["_silence_/1.wav"]["duration_s"]) == ([], 1)

    def test_segments_of_speech(self, tmp_path: Path) -> None:
        recording(tmp_path / "talk" / "a.wav", 2)
        recording(tmp_path / "talk" / "b.wav", 1)
        (tmp_path / "talk" / "labels.csv").write_text("file,start_s,end_s\na.wav,1.0,1.5\na.wav,0.2,0.4\n")
        found = made(tmp_path, tmp_path / "talk", "voice-activity")
        assert {item["id"]: item["segments"] for item in found.items} == {"a.wav": [[0.2, 0.4], [1, 1.5]], "b.wav": []}

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("file,start_s\na.wav,1\n", "talk/labels.csv:1: no column 'end_s'"),
            ("file,start_s,end_s\na.wav,0,0.2\nc.wav,0,1\n", "talk/labels.csv:3: talk/c.wav is not there"),
            ("file,start_s,end_s\na.wav,0,9\n", "talk/labels.csv:2: 0 to 9 s is not a span within the recording of 2"),
            ("file,start_s,end_s\na.wav,1,1\n", "talk/labels.csv:2: 1 to 1 s is not a span"),
            ("file,start_s,end_s\na.wav,x,1\n", "talk/labels.csv:2: 'x' to '1' is not a span in seconds"),
            ("file,start_s,end_s\na.wav,nan,1\n", "talk/labels.csv:2: nan to 1 s is not a span"),
        ],
    )
    def test_a_bad_label_is_named(self, tmp_path: Path, text: str, words: str) -> None:
        recording(tmp_path / "talk" / "a.wav", 2)
        (tmp_path / "talk" / "labels.csv").write_text(text)
        code, message = problem(tmp_path, tmp_path / "talk", "voice-activity")
        assert (code, message[: len(words)]) == ("bad_item", words)

    def test_a_recording_that_is_cut_short_is_named(self, tmp_path: Path) -> None:
        path = recording(tmp_path / "words" / "yes" / "1.wav")
        path.write_bytes(path.read_bytes()[:1000])
        message = problem(tmp_path, tmp_path / "words", "key-word")[1]
        assert message.startswith("words/yes/1.wav: holds 478 of 8,000 samples")

    def test_a_file_that_is_no_recording_is_named(self, tmp_path: Path) -> None:
        recording(tmp_path / "words" / "yes" / "1.wav").write_bytes(b"ID3")
        assert problem(tmp_path, tmp_path / "words", "key-word")[1].startswith("words/yes/1.wav: is not a PCM .wav")

    def test_suffixes_in_capitals_are_recordings_too(self, tmp_path: Path) -> None:
        recording(tmp_path / "talk" / "A.WAV", 1)
        recording(tmp_path / "talk" / ".trash" / "b.wav", 1)
        (tmp_path / "talk" / "labels.csv").write_text("file,start_s,end_s\nA.WAV,0.2,0.4\n")
        assert [item["id"] for item in made(tmp_path, tmp_path / "talk", "voice-activity").items] == ["A.WAV"]

    def test_voice_activity_needs_labels(self, tmp_path: Path) -> None:
        recording(tmp_path / "talk" / "a.wav")
        assert problem(tmp_path, tmp_path / "talk", "voice-activity")[0] == "bad_set"


@pytest.mark.parametrize("files", [None, Path(".")])
def test_data_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: Path | None) -> None:
    image(tmp_path / "deep" / "a.pgm")
    (tmp_path / "data.csv").write_text("file,label\ndeep/a.pgm,cat\n")
    monkeypatch.chdir(tmp_path)
    found = made(tmp_path, Path("data.csv"), "image-classification", files_folder=files)
    assert found.items[0]["file"] == "files/deep/a.pgm"


def test_another_set_with_another_preparation(tmp_path: Path, pets: Path) -> None:
    import_set(ImportRequest(path=pets, task="image-classification", licence="MIT"), tmp_path / "pets-set")
    first = read_set(tmp_path / "pets-set")
    found = made(tmp_path, tmp_path / "pets-set", "image-classification", preparation={"scale": 0.5})
    assert (found.items, found.files, found.facts.licence) == (first.items, first.files, "MIT")
    assert found.facts.preparation == {"scale": 0.5}
    assert found.set_id != first.set_id


def test_a_perturbed_set_keeps_its_parent_unless_its_prompt_or_preparation_changes(tmp_path: Path) -> None:
    facts = SetFacts(
        name="q", task="exact-match", domain="language", template="{question}", parent="ab" * 32, perturbation="typos()"
    )
    write_set(tmp_path / "set", facts, [{"id": "a", "question": "2+2?", "target": "4"}])
    request = ImportRequest(path=tmp_path / "set", task="exact-match", name="renamed", licence="CC0-1.0")
    kept = import_set(request, tmp_path / "kept").evaluation_set.facts
    assert (kept.name, kept.parent, kept.perturbation) == ("renamed", "ab" * 32, "typos()")
    other = import_set(replace(request, template="Q: {question}"), tmp_path / "other").evaluation_set.facts
    assert (other.parent, other.perturbation) == ("", "")


def test_a_task_that_does_not_exist_is_named(tmp_path: Path, pets: Path) -> None:
    with pytest.raises(EdgeprofError) as caught:
        import_set(ImportRequest(path=pets, task="chess"), tmp_path / "out")
    assert caught.value.code == "unknown_task"


def test_data_in_no_known_form_names_the_forms(tmp_path: Path) -> None:
    (tmp_path / "data.xlsx").write_bytes(b"PK")
    code, message = problem(tmp_path, tmp_path / "data.xlsx", "image-classification")
    assert (code, "set, images, csv, jsonl, coco, audio" in message) == ("unknown_form", True)


def test_a_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    assert problem(tmp_path, tmp_path / "nowhere", "image-classification")[0] == "bad_import"
