"""From a request to jobs: runtimes are chosen before anything is hashed, and nothing splits a cell by accident."""

from dataclasses import replace
from typing import Any

import pytest

from edgeprof.errors import UsageError
from edgeprof.wire import identity, rest
from edgeprof.wire import messages as m
from edgeprof_hub.campaigns.planning import plan, resolve
from tests.hub import fleet

ONNX, GGUF = fleet.model("cnn", "digits"), fleet.model("llm", "smol", "gguf")
REQUEST = rest.CampaignRequest(model_ids=(), device_ids=())


def test_the_devices_first_installed_runtime_for_the_format_is_chosen() -> None:
    facts = replace(
        fleet.facts(1),
        runtimes=(
            m.RuntimeFact(variant="llama-cpp-python", formats=("gguf",), version=None, reason="not installed"),
            m.RuntimeFact(variant="xllamacpp", formats=("gguf",), version="1.0"),
        ),
    )
    assert resolve(REQUEST, GGUF, facts).runtime == "xllamacpp"
    assert resolve(REQUEST, ONNX, facts).runtime == "onnxruntime"
    assert resolve(REQUEST, GGUF, None).runtime == "llama-capi"


@pytest.mark.parametrize("version", ["0.3.36", None])
def test_a_runtime_with_a_named_interpreter_is_never_replaced_by_another(version: str | None) -> None:
    named = m.RuntimeFact(variant="xllamacpp", formats=("gguf",), version=version, named_python=True)
    installed = m.RuntimeFact(variant="llama-cpp-python", formats=("gguf",), version="1.0")
    for runtimes in ((installed, named), (named, installed)):
        assert resolve(REQUEST, GGUF, replace(fleet.facts(1), runtimes=runtimes)).runtime == "xllamacpp"


def test_a_runtime_that_was_asked_for_is_kept_unless_it_cannot_run_the_format() -> None:
    asked = replace(REQUEST, runtime="litert")
    with pytest.raises(UsageError, match="does not run onnx"):
        resolve(asked, ONNX, fleet.facts(1))
    assert resolve(asked, ONNX, None).runtime == "litert"
    assert resolve(replace(REQUEST, runtime="onnxruntime"), ONNX, fleet.facts(1)).runtime == "onnxruntime"


def test_a_setting_that_the_runtime_lacks_is_refused() -> None:
    asked = replace(REQUEST, settings={"arena": "off"})
    assert resolve(asked, ONNX, None).settings == {"arena": "off"}
    with pytest.raises(UsageError, match="has no setting 'arena'") as refused:
        resolve(asked, GGUF, None)
    assert refused.value.code == "bad_runtime_setting"


def test_what_does_not_apply_to_a_format_does_not_split_its_cells() -> None:
    odd = replace(REQUEST, prompt_tokens=999, decode_tokens=7)
    assert resolve(odd, ONNX, None) == resolve(REQUEST, ONNX, None)
    assert resolve(odd, GGUF, None).prompt_tokens == 999
    shaped = replace(REQUEST, shapes={"x": (1, 3)})
    assert resolve(shaped, GGUF, None) == resolve(REQUEST, GGUF, None)
    assert resolve(shaped, ONNX, None).shapes == {"x": (1, 3)}


@pytest.mark.parametrize("given", [{"shapes": {"x": (1, 3)}}, {"dims": {"n": 3}}, {"input_values": {"x": "1"}}])
def test_what_is_chosen_for_inputs_needs_a_model_that_has_them(given: dict[str, Any]) -> None:
    asked, devices = replace(REQUEST, **given), [device(1)]
    with pytest.raises(UsageError, match="Language models take text only") as refused:
        plan(asked, [GGUF], devices, 0.0)
    assert refused.value.code == "bad_input"
    assert len(plan(asked, [GGUF, ONNX], devices, 0.0)) == 2


def test_a_models_own_shapes_serve_where_none_are_asked_for() -> None:
    dynamic = replace(ONNX, input_shapes={"x": (1, 5)})
    assert resolve(REQUEST, dynamic, None).shapes == {"x": (1, 5)}
    assert resolve(replace(REQUEST, shapes={"x": (2, 5)}), dynamic, None).shapes == {"x": (2, 5)}


def test_every_model_is_queued_on_every_device_under_its_configurations_key() -> None:
    devices = [device(1), device(2)]
    jobs = plan(replace(REQUEST, threads=3), [ONNX, GGUF], devices, 5.0)
    assert [(job.device_id, job.model_id) for job in jobs] == [
        (device.device_id, model.model_id) for device in devices for model in (ONNX, GGUF)
    ]
    assert len({job.job_id for job in jobs}) == 4
    assert len({job.campaign_id for job in jobs}) == 1
    for job in jobs:
        assert (job.attempt, job.state, job.config.threads, job.created_s) == (1, "queued", 3, 5.0)
        assert job.config_key == identity.config_key(job.config)


def test_an_empty_or_endless_campaign_is_refused() -> None:
    with pytest.raises(UsageError, match="at least one"):
        plan(REQUEST, [], [device(1)], 0.0)
    with pytest.raises(UsageError, match="Split it"):
        plan(REQUEST, [ONNX] * 100, [device(1)] * 51, 0.0)


def device(number: int) -> rest.DeviceRecord:
    return fleet.record(number, fleet.facts(number))


def test_a_job_that_no_message_can_hold_is_refused_and_queued_nowhere() -> None:
    shapes = {f"input {number}": (1, 2, 3) for number in range(4000)}
    with pytest.raises(UsageError, match="too large to send"):
        plan(replace(REQUEST, shapes=shapes), [ONNX], [device(1)], 0.0)


def test_an_agent_from_before_a_format_is_sent_no_model_of_it() -> None:
    """It could not even read the job."""
    new = replace(
        fleet.facts(1),
        runtimes=(m.RuntimeFact(variant="onnxruntime", formats=("onnx", "ort"), version="1.32"),),
    )
    ort = fleet.model("saved", "digits", "ort")
    jobs = plan(REQUEST, [ort], [device(1), replace(device(2), facts=new), replace(device(3), facts=None)], 0.0)
    assert [job.device_id for job in jobs] == [device(2).device_id, device(3).device_id]
    with pytest.raises(UsageError, match="An older agent"):
        plan(REQUEST, [ort], [device(1)], 0.0)
