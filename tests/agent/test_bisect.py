"""`edgeprof bisect` from a package index to its answer: real pip, real environments, real workers."""

import json
from pathlib import Path

import pytest

from edgeprof.bisecting.command import PACKAGES, search_command
from edgeprof.cli import edgeprof
from edgeprof.errors import EdgeprofError, UsageError
from edgeprof_agent.worker_protocol.runtime_table import VARIANTS
from tests.agent.wrapped_runtime import make_wheel

MODEL = Path(__file__).parents[2] / "model_exports" / "edgeprof_exports" / "bundled" / "digits-cnn-int8.onnx"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGEPROF_CACHE", str(tmp_path / "cache"))
    return tmp_path / "index"


def bisect(index: Path, *options: str, good: str = "1.0", bad: str = "1.4") -> int:
    versions = ["--package", "onnxruntime", "--good", good, "--bad", bad, "--index", index.as_uri(), "-t", "1"]
    found = edgeprof.main(["bisect", str(MODEL), *versions, *options], standalone_mode=False)
    assert isinstance(found, int)
    return found


def test_the_first_version_that_answers_differently(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for version in ("1.0", "1.1", "1.2", "1.3"):
        make_wheel(index, version, shift=0.5 if version == "1.3" else 0.0, broken=version == "1.2")
    assert bisect(index, "--metric", "answers", bad="1.3") == 0
    shown = capsys.readouterr()
    assert "The first different onnxruntime version is between 1.1 and 1.3." in shown.out
    assert "Skipped between them: 1.2" in shown.out
    assert "1.2: skipped: it installs and does not import" in shown.err
    assert "a library that this board does not have" in shown.err
    assert "At most 3 comparisons" in shown.err
    assert bisect(index, "--metric", "answers", "--json", bad="1.3") == 0
    again = capsys.readouterr()
    document = json.loads(again.out)
    assert document["search"]["outcome"] == "between"
    assert [one["differs"] for one in document["answers"]] == [False, True]


def test_a_version_that_is_not_there_is_refused_by_name(index: Path) -> None:
    make_wheel(index, "1.0")
    make_wheel(index, "1.1")
    with pytest.raises(UsageError) as caught:
        bisect(index, bad="9.0")
    assert caught.value.code == "no_such_version"
    assert "1.0, 1.1" in caught.value.message
    with pytest.raises(UsageError) as swapped:
        bisect(index, good="1.1", bad="1.0")
    assert swapped.value.code == "bad_versions"


def test_a_dry_run_tells_the_cost_and_makes_nothing(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for minor in range(16):
        make_wheel(index, f"1.{minor}")
    assert bisect(index, "--dry-run", bad="1.15") == 0
    told = capsys.readouterr().err
    assert "onnxruntime: 16 builds: 1.0, 1.1, … 1.15." in told
    assert "At most 5 comparisons and a confirmation" in told
    assert not (index.parent / "cache" / "bisect").exists()


def test_a_package_without_a_runtime_and_lone_options_are_refused(index: Path) -> None:
    make_wheel(index, "1.0")
    for arguments, code in (
        (["--package", "requests", "--good", "1", "--bad", "2"], "no_such_package"),
        (["--package", "onnxruntime", "--good", "1.0"], "bad_usage"),
        (["--good", "1.0"], "bad_usage"),
        ([], "bad_usage"),
        (["--package", "onnxruntime", "--good", "1.0", "--bad", "2.0", "-t", "1", "-t", "2"], "bad_usage"),
    ):
        with pytest.raises(EdgeprofError) as caught:
            edgeprof.main(["bisect", str(MODEL), *arguments], standalone_mode=False)
        assert caught.value.code == code, arguments


def test_an_end_that_does_not_import_is_named_with_its_reason(index: Path) -> None:
    make_wheel(index, "1.0")
    make_wheel(index, "1.4", broken=True)
    with pytest.raises(EdgeprofError) as caught:
        bisect(index, "--metric", "answers")
    assert caught.value.code == "bisect_end_unusable"
    assert "a library that this board does not have" in caught.value.message


def test_the_hubs_packages_are_those_of_the_table_of_runtimes() -> None:
    local = {name: one.package for name, one in VARIANTS.items() if not one.needs_endpoint}
    assert local == PACKAGES
    assert search_command("xllamacpp", "m.gguf", "2026.1", "2026.10") == (
        "edgeprof bisect m.gguf --package xllamacpp --good 2026.1 --bad 2026.10 --runtime xllamacpp"
    )


@pytest.mark.full
def test_the_first_slower_version_of_eight(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """30 inferences a run against 36: 20 % slower from 1.5 on."""
    for minor in range(8):
        make_wheel(index, f"1.{minor}", runs=36 if minor >= 5 else 30)
    assert bisect(index, "--window-limit-s", "1", bad="1.7") == 0
    shown = capsys.readouterr().out
    assert "The first slower onnxruntime version is 1.5." in shown, shown
    assert "Every build that was tried answers as 1.0 does" in shown
