"""Recipes: strict, complete, documented, and each one tells the hub where it comes from."""

import re
from pathlib import Path

import pytest

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.modelfiles import inspect
from edgeprof_exports import build, bundle, catalogue, fetch
from edgeprof_exports.recipe import BundledFile, PackageFile, QuantizedFile, read

ROOT = Path(__file__).parents[2]
RECIPES = catalogue.load_recipes()
PACKAGED = [recipe for recipe in RECIPES.values() if isinstance(recipe.source, PackageFile)]


def test_every_bundled_file_has_one_recipe() -> None:
    files = [recipe.source.file for recipe in RECIPES.values() if isinstance(recipe.source, BundledFile)]
    assert sorted(files) == sorted(bundle.load().files)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_pins_one_file_in_one_wheel(name: str) -> None:
    recipe = RECIPES[name]
    assert recipe.licence != "unknown"
    assert set(recipe.build) <= set(build.STEPS)
    if isinstance(source := recipe.source, PackageFile):
        assert re.fullmatch(r"[0-9a-f]{64}", source.sha256)
        assert source.archive.startswith(f"{source.package.replace('-', '_')}-{source.version}-")
        assert source.archive.endswith(f"{source.platform}.whl")
        assert source.member.endswith(f".{recipe.format}")
    elif isinstance(source, QuantizedFile):
        assert re.fullmatch(r"[0-9a-f]{64}", source.sha256)
        assert isinstance(RECIPES[source.recipe].source, PackageFile)
        assert RECIPES[source.recipe].family == recipe.family
    else:
        assert recipe.build


def test_a_record_says_what_the_recipe_and_the_bundle_know() -> None:
    recipe = RECIPES["digits-cnn-int8-onnx"]
    record = catalogue.record_of(recipe, inspect(fetch.ensure(recipe, print)))
    assert (record.name, record.family, record.variant) == ("digits-cnn-int8-onnx", "digits-cnn", "onnx-int8")
    assert (record.format, record.quantization, record.licence) == ("onnx", "int8", "Apache-2.0")
    assert record.source == "edgeprof, bundled: digits-cnn-int8.onnx"
    assert record.accuracy == bundle.load().files["digits-cnn-int8.onnx"].accuracy
    assert record.accuracy_on == "500 test images of scikit-learn digits"
    assert record.size_bytes == bundle.load().files["digits-cnn-int8.onnx"].size_bytes


def test_accuracy_that_we_did_not_measure_is_not_claimed(tmp_path: Path) -> None:
    some_file = inspect(fetch.ensure(RECIPES["digits-cnn-fp32-onnx"], print))
    record = catalogue.record_of(RECIPES["magika"], some_file)
    assert (record.accuracy, record.accuracy_on) == (None, None)
    assert record.source == "magika 1.0.3: magika/models/standard_v3_3/model.onnx"
    assert record.input_shapes == {"bytes": (1, 2048)}


def test_open_inputs_have_a_size() -> None:
    assert {name for name, recipe in RECIPES.items() if recipe.input_shapes} == {
        "magika",
        "rawi-v2-int8",
        "silero-vad-fp16",
        "ppocr-v4-rec",
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("licence =", "license ="), "license"),
        (('format = "onnx"', 'format = "pytorch"'), "format"),
        (('kind = "package"', 'kind = "url"'), "kind"),
        (("size_bytes = ", 'size_bytes = "12" #'), "size_bytes"),
        (('name = "magika"', 'name = "other"'), "other"),
        (("[source]", "[source"), "at line"),
    ],
)
def test_a_recipe_with_a_slip_names_the_field(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    path = tmp_path / "magika.toml"
    text = (catalogue.FOLDER / "magika.toml").read_text()
    assert change[0] in text
    path.write_text(text.replace(*change))
    with pytest.raises(EdgeprofError) as caught:
        read(path)
    assert caught.value.code == "bad_recipe"
    assert said in caught.value.message


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        catalogue.recipe_named("resnet")
    assert "magika" in caught.value.message


@pytest.mark.parametrize("name", RECIPES)
def test_docs_name_every_recipe_with_its_licence_and_source(name: str) -> None:
    recipe = RECIPES[name]
    lines = (ROOT / "docs" / "models.md").read_text().splitlines()
    row = next(line for line in lines if line.startswith(f"| `{name}` "))
    assert f"| {recipe.licence} |" in row
    assert catalogue.origin(recipe).split(": ")[0] in row
    assert f"| {catalogue.size_bytes(recipe) / 2**20:.2f} |" in row
    assert recipe.made_by in "\n".join(lines)
