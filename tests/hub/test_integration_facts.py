"""Integration facts: from real files, with sources, the same twice, and unknown where nobody knows."""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

import edgeprof_exports
from edgeprof.cli import edgeprof
from edgeprof.integration import catalogue
from edgeprof.integration.facts import NOT_KNOWN, IntegrationAnswer, Subject, integration
from edgeprof.integration.model_facts import ModelFacts, model_facts
from edgeprof.integration.target import Target, target_of
from edgeprof.wire import rest
from edgeprof_agent.worker_protocol.runtime_table import VARIANTS
from tests.hub import fleet
from tests.hub.api_cases import add_digits, error_of
from tests.hub.conftest import Open
from tests.hub.live import Live
from tests.hub.test_pages import words

BUNDLED = Path(edgeprof_exports.__file__).parent / "bundled"
MIN_FACTS = 12
PI = target_of("pi", fleet.facts(1))


def answer(
    model: rest.ModelRecord, variant: str = "onnxruntime", target: Target = PI, **known: object
) -> IntegrationAnswer:
    subject = Subject(
        model=model,
        file=ModelFacts(opset="ai.onnx 17", custom_operators=(), open_sizes=()),
        variant=variant,
        runtime=catalogue.runtime_named(variant),
        target=target,
        task=catalogue.tasks().get(model.task),
    )
    return integration(replace(subject, **known))  # pyright: ignore[reportArgumentType]


def effort(found: IntegrationAnswer, name: str) -> str:
    return next(fact.effort for fact in found.facts if fact.name == name)


def value(found: IntegrationAnswer, name: str) -> str:
    return next(fact.value for fact in found.facts if fact.name == name)


@pytest.mark.parametrize("variant", [name for name, each in VARIANTS.items() if not each.needs_endpoint])
def test_every_runtime_has_at_least_twelve_facts_with_a_source_or_not_known(variant: str) -> None:
    found = answer(fleet.model("a", "a", task="image-classification"), variant)
    assert len(found.facts) >= MIN_FACTS
    for fact in found.facts:
        assert fact.source
        assert (fact.value == NOT_KNOWN) <= (fact.effort == "unknown")
    assert found.known >= MIN_FACTS - 2
    assert found == answer(fleet.model("a", "a", task="image-classification"), variant)


@pytest.mark.parametrize(
    ("licence", "work"),
    [
        ("MIT", "none"),
        ("Apache2", "none"),
        ("BSD-3-Clause", "none"),
        ("cc-by-4.0", "none"),
        ("Acme Limited Use License", "some"),
        ("used at your discretion", "some"),
        ("cc-by-nc-4.0", "some"),
        ("Unlicensed", "some"),
    ],
)
def test_a_licence_is_told_by_whole_words(licence: str, work: str) -> None:
    model = replace(fleet.model("a", "a"), licence=licence)
    assert effort(answer(model), "model_licence") == work


def test_a_score_names_its_parts() -> None:
    found = answer(fleet.model("a", "a", quantization="int8"))
    assert found.score.startswith(f"{found.without_work} of {found.known} known facts need no work; work: ")
    assert "calibration data" in found.score


@pytest.mark.parametrize(
    ("variant", "machine", "python", "libc", "work"),
    [
        ("onnxruntime", "aarch64", "3.11", "glibc", "none"),
        ("onnxruntime", "aarch64", "3.10", "glibc", "none"),
        ("onnxruntime", "armv7l", "3.11", "glibc", "some"),
        ("onnxruntime", "aarch64", "3.11", "musl", "some"),
        ("onnxruntime", "aarch64", "3.11", "bionic", "some"),
        ("tflite-runtime", "armv7l", "3.10", "glibc", "none"),
        ("tflite-runtime", "aarch64", "3.12", "glibc", "some"),
        ("llama-capi", "aarch64", "3.14", "glibc", "none"),
        ("llama-cpp-python", "x86_64", "3.11", "glibc", "some"),
        ("onnxruntime", "", "", "glibc", "unknown"),
    ],
)
def test_a_wheel_is_for_a_machine_a_python_and_a_c_library(
    variant: str, machine: str, python: str, libc: str, work: str
) -> None:
    found = answer(fleet.model("a", "a"), variant, Target(machine=machine, python=python, libc=libc))
    assert effort(found, "wheel") == work
    assert effort(found, "compile") == ("some" if variant == "llama-cpp-python" else work)


def test_a_processor_without_the_wheels_instructions_is_blocked_unless_it_ran() -> None:
    old = Target(name="old", machine="x86_64", python="3.11", flags=frozenset(("sse4_2", "avx")))
    found = answer(fleet.model("a", "a", "gguf"), "llama-capi", old)
    assert effort(found, "isa") == "blocked"
    assert "lacks avx2" in value(found, "isa")
    assert found.score.split("; ")[1] == "blocked: instruction sets"
    ran = answer(fleet.model("a", "a", "gguf"), "llama-capi", old, ran="r-12345678")
    assert effort(ran, "isa") == "none"


def test_what_a_real_onnx_file_says() -> None:
    found = model_facts(BUNDLED / "digits-cnn-int8.onnx", "onnx")
    assert found.opset is not None
    assert found.opset.startswith("ai.onnx ")
    assert found.custom_operators is not None


def test_what_a_real_tflite_file_says() -> None:
    found = model_facts(BUNDLED / "digits-cnn-int8.tflite", "tflite")
    assert (found.opset, found.custom_operators) == ("schema 3", ())


def test_a_damaged_file_leaves_its_facts_unknown(tmp_path: Path) -> None:
    file = tmp_path / "cut.gguf"
    file.write_bytes(b"GGUF\x03\x00\x00\x00")
    found = model_facts(file, "gguf")
    assert found.opset is None
    assert found.problem


def test_operators_outside_the_standard_set_are_work_until_they_ran() -> None:
    file = ModelFacts(custom_operators=("com.example.Magic ×2",), open_sizes=("x",))
    found = answer(fleet.model("a", "a"), file=file)
    assert (effort(found, "custom_operators"), effort(found, "dynamic_shapes")) == ("some", "some")
    assert effort(answer(fleet.model("a", "a"), file=file, ran="r-1"), "custom_operators") == "none"


def test_the_model_page_and_its_own_page_state_the_facts(open_hub: Open) -> None:
    made = fleet.typical()
    client = open_hub(made)
    page = words(client.get(f"/models/{made.models[0].model_id}").text)
    assert "known facts need no work" in page
    own = words(client.get(f"/integration/{made.models[0].model_id}?device={fleet.device_id(1)}").text)
    assert "yes: onnxruntime 1.32.0 for aarch64, glibc 2.28 or newer" in own
    assert "enough: it ran on pi5-kitchen" in own
    assert client.get("/integration/none").status_code == 404
    played = words(client.get(f"/integration/{made.models[0].model_id}?device={fleet.device_id(2)}").text)
    assert "it ran on" not in played


def test_the_command_and_the_api_read_the_stored_file(live: Live) -> None:
    model = add_digits(live)
    done = CliRunner().invoke(edgeprof, ["integration", "digits", "--hub", live.client.url])
    assert done.exit_code == 0, done.output
    assert "ai.onnx" in done.output
    again = [live.client.integration(model.model_id) for _ in range(2)]
    assert again[0] == again[1]
    assert len(again[0].facts) >= MIN_FACTS
    assert error_of(live, "GET", f"/models/{model.model_id}/integration?runtime=magic")[1].code == "unknown_runtime"
    assert error_of(live, "GET", "/models/none/integration")[0] == 404
