"""Which set-ups a command line comes to."""

import shutil
from pathlib import Path

import pytest

from edgeprof.errors import UsageError
from edgeprof.modelfiles import inspect
from edgeprof.wire.messages import ModelFormat, RunConfig
from edgeprof.wire.run_request import RunRequest
from edgeprof_agent.series.setups import Axes, Setup, setups_of
from tests.agent import onnx_models
from tests.agent.measuring import BUNDLED, QUICK

ONNX, TFLITE = BUNDLED / "digits-cnn-int8.onnx", BUNDLED / "digits-cnn-int8.tflite"
BASE = RunConfig(runtime="", prompt_tokens=7)


def default(format: ModelFormat) -> str:
    return {"onnx": "onnxruntime", "tflite": "litert", "gguf": "xllamacpp"}[format]


def setups(
    *models: Path,
    runtimes: tuple[str, ...] = (),
    threads: tuple[int, ...] = (0,),
    providers: tuple[str, ...] = ("cpu",),
) -> tuple[list[Setup], list[str]]:
    axes = Axes(runtimes=runtimes, threads=threads, providers=providers)
    return setups_of(
        [inspect(model) for model in models], axes, lambda _: RunRequest(config=BASE, protocol=QUICK), default
    )


def test_all_values_are_combined() -> None:
    found, skipped = setups(ONNX, TFLITE, threads=(1, 2))
    told = [(one.file.manifest.entry, one.config.runtime, one.config.threads) for one in found]
    assert told == [
        ("digits-cnn-int8.onnx", "onnxruntime", 1),
        ("digits-cnn-int8.onnx", "onnxruntime", 2),
        ("digits-cnn-int8.tflite", "litert", 1),
        ("digits-cnn-int8.tflite", "litert", 2),
    ]
    assert all(one.config.prompt_tokens == 7 for one in found)
    assert not skipped


def test_a_label_holds_what_differs_and_nothing_else() -> None:
    assert setups(ONNX)[0][0].label == "digits-cnn-int8.onnx"
    assert [one.label for one in setups(ONNX, threads=(1, 0))[0]] == [
        "digits-cnn-int8.onnx, 1 thread",
        "digits-cnn-int8.onnx, every core",
    ]
    assert setups(ONNX, providers=("cpu", "xnnpack"))[0][1].label == "digits-cnn-int8.onnx, xnnpack"


def test_a_runtime_of_another_format_is_left_out_with_a_sentence() -> None:
    found, skipped = setups(ONNX, TFLITE, runtimes=("onnxruntime", "litert", "tflite-runtime"))
    assert [one.config.runtime for one in found] == ["onnxruntime", "litert", "tflite-runtime"]
    assert "Skipped digits-cnn-int8.onnx on litert, which does not support onnx." in skipped


def test_a_model_without_any_runtime_is_wrong_use() -> None:
    with pytest.raises(UsageError, match="onnxruntime does not run tflite"):
        setups(ONNX, TFLITE, runtimes=("onnxruntime",))
    with pytest.raises(UsageError, match="None of litert, xllamacpp runs onnx"):
        setups(ONNX, runtimes=("litert", "xllamacpp"))


def test_providers_are_multiplied_only_where_there_are_any() -> None:
    found, skipped = setups(ONNX, TFLITE, providers=("cpu", "xnnpack"))
    assert [(one.config.runtime, one.config.provider) for one in found] == [
        ("onnxruntime", "cpu"),
        ("onnxruntime", "xnnpack"),
        ("litert", "cpu"),
    ]
    assert skipped == ["Skipped provider xnnpack on litert, which has no providers to choose from."]
    assert setups(TFLITE, providers=("xnnpack",))[0][0].config.provider == "xnnpack"  # the run says that it fails


def test_one_name_in_two_folders_is_told_apart(tmp_path: Path) -> None:
    for name, size in (("a", 4), ("b", 5)):
        (tmp_path / name).mkdir()
        onnx_models.relu(tmp_path / name / "m.onnx", [1, size])
    found, _ = setups(tmp_path / "a/m.onnx", tmp_path / "b/m.onnx")
    assert len({one.label for one in found}) == len({one.folder for one in found}) == 2


def test_one_model_named_twice_is_one_setup(tmp_path: Path) -> None:
    copy = Path(shutil.copy(ONNX, tmp_path))
    assert len(setups(ONNX, copy)[0]) == 1


def test_a_folder_is_a_plain_name(tmp_path: Path) -> None:
    odd = Path(shutil.copy(ONNX, tmp_path / "..a model of ours (2).onnx"))
    folder = setups(odd)[0][0].folder
    assert folder == "a_model_of_ours_2_.onnx-onnxruntime-all-cores"
