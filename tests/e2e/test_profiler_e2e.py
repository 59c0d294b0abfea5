"""The profiler on a hub: devices by kind, name, group and the hub's URL; what cannot run is named."""

from pathlib import Path

import edgeprof
from edgeprof.profiler.plan import OptionValue
from tests.agent.odd_endpoint import odd_endpoint
from tests.e2e.farm import Farm, eventually

BRIEF: dict[str, OptionValue] = {
    "threads": 1,
    "window_s": 0.1,
    "window_limit_s": 0.1,
    "warmup_runs": 1,
    "warmup_limit_s": 0.1,
    "cold_start": False,
    "evaluation_items": 60,
}


def test_a_hubs_devices_are_targets_beside_this_machine(farm: Farm, bundled: Path) -> None:
    farm.put(bundled / "digits-cnn-fp32.onnx", "on-hub")
    file = str(bundled / "digits-cnn-int8.onnx")
    alpha = farm.device("alpha")
    farm.client.set_group("lab", [alpha.device_id])
    farm.start_agent("beta")
    farm.device("beta")
    farm.agents["beta"].stop()
    eventually("beta is offline", lambda: any(one.name == "beta" and not one.online for one in farm.client.devices()))
    with odd_endpoint() as server:
        farm.start_agent("hosted", "--endpoint", f"http://127.0.0.1:{server.server_port}/v1")
        farm.device("hosted")
        found = edgeprof.ModelProfiler(
            models=[file, "on-hub", "openai:gpt-5-nano"],
            metrics=["latency", "accuracy", "cost"],
            deployment_targets=["lab", f"{farm.client.url}/alpha", "edge", "mobile", "ghost"],
            evaluation_sets=["digits"],
            hub=farm.client.url,
            options={**BRIEF, "prompt_tokens": 8, "decode_tokens": 4},
        ).characterize_models()
    codes = {(one.model, one.device): [failure.code for failure in one.failures] for one in found.profiles}
    hosted = "openai:gpt-5-nano"
    assert codes == {
        (file, "alpha"): [],
        ("on-hub", "alpha"): [],
        (hosted, "alpha"): ["wrong_target"],
        (hosted, "hosted"): [],
        (file, "hosted"): ["wrong_target"],
        ("on-hub", "hosted"): ["wrong_target"],
        **{(model, "beta"): ["device_offline"] for model in (file, "on-hub", hosted)},
        **{(model, "mobile"): ["no_device"] for model in (file, "on-hub", hosted)},
        **{(model, "ghost"): ["unknown_device"] for model in (file, "on-hub", hosted)},
    }
    for model in (file, "on-hub"):
        one = found.profile(model, "alpha")
        assert one.target == "lab"  # the first word that named it
        accuracy = one.figure("accuracy_percent", "digits")
        assert accuracy is not None
        assert (accuracy.n, accuracy.value > 90) == (60, True)
        assert one.figure("latency_p50_ms") is not None
        assert one.figure("cost_usd") is not None or len(one.reason("cost_usd")) > 10
    assert found.profile(hosted, "hosted").figure("ttft_ms") is not None
    assert found.profile(hosted, "hosted").reason("accuracy_percent") == "no set of the plan is for this kind of model"
    speed, served, quality = found.verdict().rankings
    assert (speed.figure, served.figure) == ("latency", "time between tokens")
    assert quality.figure == "Accuracy on digits"
    assert quality.rests_on  # the outcomes came from the hub
