"""What a kind of device needs: its tags, its markers, what is missing for it, and how the hub's folder is filled."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from packaging.requirements import Requirement
from starlette.testclient import TestClient

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.fit.wheels import extras_for
from edgeprof_hub.app import create_app
from edgeprof_hub.commands import hub_wheels
from edgeprof_hub.commands.hub import hub
from edgeprof_hub.config import HubSettings
from edgeprof_hub.joining import plan_cache
from edgeprof_hub.joining.closure import resolve
from edgeprof_hub.joining.kinds import kinds
from edgeprof_hub.joining.plan import plan
from edgeprof_hub.joining.plan_cache import PlanCache
from edgeprof_hub.joining.targets import of_device, parse
from edgeprof_hub.joining.wheel_index import FOLDER, Wheel, WheelIndex, read
from tests.hub import made_wheels

AGENT = [
    "click-8.2-py3-none-any.whl",
    "msgspec-0.20-cp311-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64.whl",
    "paho_mqtt-2.1.0-py3-none-any.whl",
    "platformdirs-4.3-py3-none-any.whl",
    "psutil-7.0-cp36-abi3-manylinux_2_17_aarch64.manylinux2014_aarch64.whl",
]
ONNX = ["onnxruntime-1.23.0-cp311-cp311-manylinux_2_27_aarch64.whl", "numpy-2.3-cp311-cp311-manylinux_2_28_aarch64.whl"]
PI = parse("aarch64-cp311")


def wheels(folder: Path, *names: str) -> list[Wheel]:
    return [read(made_wheels.empty(folder, name)) for name in names]


def needed(found: "list[Wheel]", *wanted: str) -> "tuple[set[str], tuple[str, ...]]":
    resolved = resolve(found, PI, map(Requirement, wanted))
    return {wheel.name for wheel in resolved.wheels.values()}, resolved.missing


def test_every_lower_tag_counts() -> None:
    assert parse("aarch64-cp311", "2.28").platforms == [
        "manylinux2014_aarch64",
        *(f"manylinux_2_{minor}_aarch64" for minor in range(17, 29)),
        "linux_aarch64",
    ]
    assert {"manylinux1_x86_64", "manylinux2010_x86_64", "manylinux_2_5_x86_64"} <= set(parse("x86_64-cp310").platforms)
    assert parse("aarch64-cp311").glibc_minor == 36
    assert of_device("aarch64", "3.11", "").platforms == ["linux_aarch64"]  # another C library: musl


def test_a_plan_is_made_once_until_the_wheels_change(tmp_path: Path) -> None:
    wheels(tmp_path, *AGENT)
    index, cache = WheelIndex(tmp_path), PlanCache()
    first = cache.plan(index, PI, frozenset(("a-flag-of-nobody",)))
    assert cache.plan(index, PI, frozenset()) is first
    wheels(tmp_path, *ONNX)
    changed = cache.plan(index, PI, frozenset())
    assert [each.name for each in changed.extras if not each.missing] == ["onnx"]
    for minor in range(plan_cache.MAX_PLANS):
        cache.plan(index, of_device("riscv64", "3.11", f"2.{minor}"), frozenset())
    assert cache.plan(index, PI, frozenset()) is not changed  # forgotten, and made again


def test_too_many_at_once_are_asked_to_come_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_cache, "MAX_ASKING", 0)
    with pytest.raises(EdgeprofError) as refused:
        PlanCache().plan(WheelIndex(tmp_path), PI, frozenset())
    assert refused.value.code == "hub_busy"


@pytest.mark.parametrize("text", ["aarch64", "riscv64-cp311", "aarch64-cp39", "aarch64-cp311-x", ""])
def test_what_is_no_kind_of_device_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a kind of device") as raised:
        parse(text)
    assert raised.value.code == "bad_target"


def test_a_wheel_of_another_machine_python_or_newer_c_library_does_not_count(tmp_path: Path) -> None:
    fits = "numpy-2.3-cp311-cp311-manylinux_2_28_aarch64.whl"
    others = [fits.replace("aarch64", "x86_64"), fits.replace("cp311", "cp312"), fits.replace("2_28", "2_39")]
    assert needed(wheels(tmp_path, *others), "numpy") == (set(), ("numpy",))
    assert needed(wheels(tmp_path, *others, fits), "numpy") == ({fits}, ())


def test_markers_are_those_of_the_device(tmp_path: Path) -> None:
    """A hub on x86-64 fills its folder for Arm: pip would look at the hub."""
    root = made_wheels.empty(
        tmp_path,
        "app-1.0-py3-none-any.whl",
        ["arm; platform_machine == 'aarch64'", "intel; platform_machine == 'x86_64'", "old; python_version < '3.11'"],
    )
    found = [read(root), *wheels(tmp_path, "arm-1.0-py3-none-any.whl")]
    assert needed(found, "app") == ({"app-1.0-py3-none-any.whl", "arm-1.0-py3-none-any.whl"}, ())
    older = resolve(found, parse("aarch64-cp310"), [Requirement("app")])
    assert older.missing == ("old",)


def test_a_later_requirement_narrows_an_earlier_choice(tmp_path: Path) -> None:
    found = wheels(tmp_path, "numpy-1.26-py3-none-any.whl", "numpy-2.3-py3-none-any.whl")
    found.append(read(made_wheels.empty(tmp_path, "a-1.0-py3-none-any.whl", ["numpy>=1.26"])))
    found.append(read(made_wheels.empty(tmp_path, "b-1.0-py3-none-any.whl", ["numpy<2"])))
    assert "numpy-2.3-py3-none-any.whl" in needed(found, "a")[0]
    assert "numpy-1.26-py3-none-any.whl" in needed(found, "a", "b")[0]
    assert needed(found, "a", "numpy>3")[1] == ("numpy>3,>=1.26",)


def test_the_build_for_the_newest_c_library_that_fits_goes_first(tmp_path: Path) -> None:
    name = "ai_edge_litert-2.1-cp311-cp311-manylinux_2_{}_aarch64.whl"
    found = wheels(tmp_path, *(name.format(minor) for minor in (17, 27, 40)))
    assert needed(found, "ai-edge-litert") == ({name.format(27)}, ())


def test_an_extra_brings_its_own_requirements(tmp_path: Path) -> None:
    root = made_wheels.empty(tmp_path, "app-1.0-py3-none-any.whl", ["six; extra == 'more'"])
    found = [read(root), *wheels(tmp_path, "six-1.0-py3-none-any.whl")]
    assert needed(found, "app") == ({"app-1.0-py3-none-any.whl"}, ())
    assert len(needed(found, "app[more]")[0]) == 2


def test_a_plan_names_base_runtimes_and_what_is_missing(tmp_path: Path) -> None:
    index = WheelIndex(tmp_path)
    wheels(tmp_path, *AGENT, *ONNX, "pip-26.0-py3-none-any.whl")
    made = plan(index, PI, frozenset())
    assert [wheel.name for wheel in made.base] == [index.own().name, *AGENT]
    assert made.missing == ()
    extras = {extra.name: (sorted(wheel.name for wheel in extra.wheels), list(extra.missing)) for extra in made.extras}
    assert extras["onnx"] == (sorted(ONNX), [])
    assert extras["litert"][1] == ["ai-edge-litert>=2.1"]
    assert (made.uv, made.pip and made.pip.name) == (None, "pip-26.0-py3-none-any.whl")
    assert [(kind.name, list(kind.runtimes)) for kind in kinds(index)] == [("aarch64-cp311", ["onnx"])]


def test_an_empty_folder_lacks_everything_but_edgeprof(tmp_path: Path) -> None:
    made = plan(WheelIndex(tmp_path), PI, frozenset())
    assert len(made.base) == 1
    assert "msgspec>=0.19" in made.missing
    assert kinds(WheelIndex(tmp_path)) == []


@pytest.mark.parametrize(
    ("machine", "python", "flags", "extras", "reason"),
    [
        ("aarch64", (3, 11), frozenset[str](), ("onnx", "litert", "llama-wheel"), ""),
        ("aarch64", (3, 10), frozenset[str](), ("onnx", "llama-wheel"), "needs Python 3.11"),
        ("x86_64", (3, 11), frozenset({"avx2", "f16c"}), ("onnx", "litert", "llama-wheel"), ""),
        ("x86_64", (3, 11), frozenset({"f16c"}), ("onnx", "litert"), "needs avx2, which this processor lacks"),
        ("armv7l", (3, 11), frozenset[str](), (), "has no wheel for armv7l"),
    ],
)
def test_a_device_gets_the_runtimes_that_it_can_use(
    machine: str, python: tuple[int, int], flags: frozenset[str], extras: tuple[str, ...], reason: str
) -> None:
    choice = extras_for(machine, python, flags)
    assert choice.extras == extras
    assert reason in " ".join(choice.left_out.values())


def test_the_route_answers_a_device_without_a_token(tmp_path: Path) -> None:
    app = create_app(HubSettings(data=tmp_path, token="a-token-for-tests-only"))
    with TestClient(app, base_url="http://127.0.0.1:8765") as client:
        answer = client.get("/api/v1/join-plan?machine=x86_64&python=3.11&glibc=2.36&flags=f16c")
        assert answer.status_code == 200
        assert answer.json()["left_out"] == {"llama-wheel": "xllamacpp needs avx2, which this processor lacks"}
        assert client.get("/api/v1/join-plan?machine=x86_64&python=2.7").status_code == 422
        assert client.get("/api/v1/presence/d-0").status_code == 401


class TestHubWheels:
    """`edgeprof hub wheels` with the real pip, and a folder in place of the package index."""

    @pytest.fixture(autouse=True)
    def shelf(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        shelf = tmp_path / "shelf"
        wheels(shelf, *AGENT, *ONNX, "pip-26.0-py3-none-any.whl")
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
        return shelf

    def run(self, data: Path, *options: str) -> "tuple[int, str]":
        done = CliRunner().invoke(hub, ["wheels", "--data", str(data), *options], standalone_mode=False)
        return done.exit_code, done.output + str(done.exception or "")

    def test_it_fills_the_folder_and_checks_it(self, tmp_path: Path) -> None:
        code, text = self.run(tmp_path, "--for", "aarch64-cp311", "--extras", "onnx", "--no-uv")
        assert code == 0, text
        assert "aarch64-cp311: 9 wheels" in text
        assert "8 new (onnx)" in text
        assert kinds(WheelIndex(tmp_path / FOLDER))[0].name == "aarch64-cp311"
        assert "0 new (onnx)" in self.run(tmp_path, "--for", "aarch64-cp311", "--extras", "onnx", "--no-uv")[1]

    def test_what_the_markers_of_this_machine_hide_is_fetched_for_the_device(self, tmp_path: Path, shelf: Path) -> None:
        made_wheels.empty(shelf, AGENT[0], ["colour; python_version < '3.11'"])
        made_wheels.empty(shelf, "colour-1.0-py3-none-any.whl")
        made_wheels.empty(shelf, "tomli-2.0-py3-none-any.whl")
        made_wheels.empty(shelf, AGENT[1].replace("cp311", "cp310"))
        code, text = self.run(tmp_path, "--for", "aarch64-cp310", "--extras", "none", "--no-uv")
        assert code == 0, text
        assert (tmp_path / FOLDER / "colour-1.0-py3-none-any.whl").exists()

    def test_what_the_index_lacks_is_named(self, tmp_path: Path) -> None:
        data = tmp_path / "hub"
        with pytest.raises(Exception, match="armv7l-cp311: No matching distribution found for msgspec"):
            hub_wheels.run(data, ["armv7l-cp311"], None, None, None, None, False, lambda _: None)
        assert [file.name for file in (data / FOLDER).iterdir()] == ["own"]

    def test_wrong_use_is_named(self, tmp_path: Path) -> None:
        assert "is not a runtime of a device" in self.run(tmp_path, "--for", "aarch64-cp311", "--extras", "torch")[1]
        assert "is not a version of glibc" in self.run(tmp_path, "--for", "aarch64-cp311", "--glibc", "two")[1]
        other = made_wheels.empty(tmp_path, "six-1.0-py3-none-any.whl")
        assert "is a wheel of six" in self.run(tmp_path, "--wheel", str(other))[1]

    def test_a_wheel_of_ones_own_is_what_devices_get(self, tmp_path: Path) -> None:
        own = made_wheels.empty(tmp_path, "edgeprof-9.9-py3-none-any.whl")
        assert "Devices get edgeprof 9.9." in self.run(tmp_path / "hub", "--wheel", str(own))[1]
