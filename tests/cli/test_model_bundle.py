"""A model's bill of materials in the published form, and its signed bundle with every way to change it."""

import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from edgeprof.errors import EdgeprofError
from edgeprof.signing import bundle
from edgeprof.wire import identity, rest
from edgeprof_hub.exports.model_bom import model_bom
from edgeprof_hub.signing.job_key import JobKey
from tests.cli.conftest import Run
from tests.hub import fleet
from tests.hub.api_cases import DIGITS, add_digits
from tests.hub.live import Live

NOW_S = 1_800_000_000.0
SCHEMA = JsonStrictValidator(SchemaVersion.V1_6)
SET_ID = "ab" * 32


def evaluation(**changes: Any) -> rest.EvaluationRecord:
    made = rest.EvaluationRecord(
        result_id=identity.new_id(),
        device_id="d-1",
        model_id="m",
        base_key="k",
        set_id=SET_ID,
        shots=0,
        set_name="digits <b>",
        task="image-classification",
        status="measured",
        ended="all",
        asked=200,
        answered=198,
        metric="accuracy_percent",
        value=97.125,
        ci_low=95.0,
        ci_high=98.4,
        received_s=NOW_S,
        runtime="onnxruntime 1.32.0",
    )
    return replace(made, **changes)


def evaluation_set(licence: str = "CC-BY-4.0") -> rest.EvaluationSetRecord:
    return rest.EvaluationSetRecord(
        set_id=SET_ID,
        names=("digits",),
        task="image-classification",
        domain="",
        language="",
        items=200,
        size_bytes=1000,
        licence=licence,
        source="scikit-learn",
        manifest=fleet.typical().models[0].manifest,
        facts={},
        created_s=NOW_S,
    )


def models() -> list[rest.ModelRecord]:
    one = fleet.typical().models
    plain = replace(one[0], licence="Apache-2.0", parameters=1_000, proposed=("quantization",))
    return [plain, replace(plain, licence="a licence of our own", input_shapes={"x": (1, 3, 8, 8)}), *one]


def test_the_bill_of_materials_is_valid_by_the_published_schema() -> None:
    evaluations = [evaluation(), evaluation(ci_low=None, value=None), evaluation(unreal="emulated")]
    for found in ([], evaluations):
        for model in models():
            document = model_bom(model, found, {SET_ID: evaluation_set()}, NOW_S)
            assert SCHEMA.validate_str(json.dumps(document)) is None


def test_it_says_what_is_known_and_leaves_out_what_is_not() -> None:
    model = replace(models()[0], licence="unknown", quantization="unknown", context_tokens=None)
    document = model_bom(model, [evaluation()], {SET_ID: evaluation_set("unknown")}, NOW_S)
    subject = document["metadata"]["component"]
    assert subject["type"] == "machine-learning-model"
    assert "licenses" not in subject
    names = {each["name"]: each["value"] for each in subject["properties"]}
    assert names["edgeprof:model_id"] == model.model_id
    assert not {"edgeprof:quantization", "edgeprof:context_tokens"} & set(names)
    (metric,) = subject["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]
    assert (metric["type"], metric["value"]) == ("accuracy_percent", "97.125")
    assert metric["confidenceInterval"] == {"lowerBound": "95", "upperBound": "98.4"}
    files = {each["name"]: each["hashes"][0]["content"] for each in document["components"] if each["type"] == "file"}
    assert files == {file.path: file.sha256 for file in model.manifest.files}
    assert {each["name"] for each in document["components"] if each["type"] == "data"} == {"digits"}
    again = model_bom(model, [evaluation()], {SET_ID: evaluation_set("unknown")}, NOW_S + 60)
    assert again["serialNumber"] == document["serialNumber"]


def test_hostile_names_stay_texts() -> None:
    for model in fleet.hostile("<script>\u202e").models:
        document = model_bom(model, [evaluation(set_name="\u202e")], {}, NOW_S)
        assert SCHEMA.validate_str(json.dumps(document)) is None


def test_a_person_takes_a_model_away_and_checks_it_without_the_hub(hub: Live, run: Run, tmp_path: Path) -> None:
    record = add_digits(hub)
    document = json.loads(run("model", "bom", "digits").out)
    assert SCHEMA.validate_str(json.dumps(document)) is None
    file = tmp_path / "digits.zip"
    assert "verify-bundle" in run("model", "bundle", "digits", "--out", str(file)).out
    key = run("hub", "job-key", "--data", str(hub.hub.settings.data)).out.strip()
    checked = run("model", "verify-bundle", str(file), "--key", key).out
    assert "is whole: digits, 3 files" in checked
    assert hub.hub.hub_id in checked
    with zipfile.ZipFile(file) as archive:
        assert archive.read(f"model/{record.manifest.entry}") == DIGITS.read_bytes()
    refused = run("model", "verify-bundle", str(file), "--key", "00" * 32)
    assert (refused.code, refused.refused_with("bundle_signature_wrong")) == (1, True)
    assert run("model", "verify-bundle", str(file), "--key", "x").refused_with("bad_key")
    assert list(tmp_path.glob(".*")) == []


@pytest.fixture
def signed(hub: Live, tmp_path: Path) -> Path:
    record = add_digits(hub)
    file = tmp_path / "model.zip"
    file.write_bytes(b"".join(hub.client.model_bundle(record.model_id)))
    return file


Change = Callable[[dict[str, bytes]], None]


def rewritten(file: Path, change: Change) -> Path:
    with zipfile.ZipFile(file) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    change(contents)
    target = file.with_name("changed.zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return target


def flip(name: str) -> Change:
    def change(contents: dict[str, bytes]) -> None:
        at = next(each for each in contents if each.startswith(name))
        contents[at] = contents[at][:-1] + bytes([contents[at][-1] ^ 1])

    return change


def without(name: str) -> Change:
    def change(contents: dict[str, bytes]) -> None:
        del contents[next(each for each in contents if each.startswith(name))]

    return change


def with_more(contents: dict[str, bytes]) -> None:
    contents["model/../more.txt"] = b"x"


def other_manifest(contents: dict[str, bytes]) -> None:
    contents["manifest.json"] = contents["manifest.json"].replace(b'"digits"', b'"other"')


CHANGES: tuple[tuple[Change, str], ...] = (
    (flip("model/"), "bundle_changed"),
    (flip("bom.json"), "bundle_changed"),
    (without("model/"), "bundle_changed"),
    (without("bom.json"), "bundle_changed"),
    (with_more, "bundle_changed"),
    (other_manifest, "bundle_signature_wrong"),
    (without("manifest.json"), "bundle_unreadable"),
    (without("signature.json"), "bundle_unreadable"),
    (flip("signature.json"), "bundle_unreadable"),
)


def test_a_changed_bundle_is_refused(hub: Live, signed: Path) -> None:
    assert hub.hub.job_key is not None
    keys = [bytes.fromhex(hub.hub.job_key.public_hex)]
    assert bundle.verify(signed, keys).name == "digits"
    for change, code in CHANGES:
        with pytest.raises(EdgeprofError) as caught:
            bundle.verify(rewritten(signed, change), keys)
        assert caught.value.code == code


def test_what_is_no_bundle_is_named(tmp_path: Path) -> None:
    file = tmp_path / "x.zip"
    for data in (b"", b"PK\x03\x04", b"roses are red"):
        file.write_bytes(data)
        with pytest.raises(EdgeprofError) as caught:
            bundle.verify(file, [])
        assert caught.value.code == "bundle_unreadable"


def test_a_manifest_of_another_model_is_refused_though_it_is_signed(signed: Path, tmp_path: Path) -> None:
    """Mix and match by one who has the key's signatures of parts, as by a bug of ours."""
    key = JobKey.open(tmp_path / "own")

    def change(contents: dict[str, bytes]) -> None:
        manifest = json.loads(contents["manifest.json"])
        manifest["model_id"] = "0" * 64
        contents["manifest.json"] = json.dumps(manifest).encode()
        made = {
            "key_hex": key.public_hex,
            "signature_hex": key.sign(bundle.signed_bytes(contents["manifest.json"])).hex(),
        }
        contents["signature.json"] = json.dumps(made).encode()

    with pytest.raises(EdgeprofError) as caught:
        bundle.verify(rewritten(signed, change), [bytes.fromhex(key.public_hex)])
    assert caught.value.code == "bundle_changed"
    shutil.rmtree(tmp_path / "own")
