"""A recorded board on the whole way: tree, trace, joules, the cell of the page, marked for what it is."""

import urllib.request
from pathlib import Path

from edgeprof.wire.messages import RunProtocol
from tests.e2e.farm import Farm

ORIN = Path(__file__).parents[1] / "machines/orin-nano-8gb-jp6"
BRIEF = RunProtocol(
    warmup_runs=2,
    warmup_limit_s=0.5,
    window_s=0.5,
    window_limit_s=0.5,
    deadline_s=90.0,
    cold_start=False,
    energy_limit_s=6.0,  # windows of 1.2 s: too short for the method, which the marks say
)


def test_a_replayed_board_reaches_the_page_with_its_joules(empty_farm: Farm, bundled: Path) -> None:
    farm = empty_farm
    farm.start_hub()
    farm.start_agent("orin", "--replay", str(ORIN))
    device = farm.device("orin")
    assert device.played == "replayed"
    assert device.profile_id == "jetson-orin-nano-8"
    model = farm.put(bundled / "digits-cnn-int8.onnx")
    campaign = farm.finish(farm.start([model], [device], BRIEF), 170)
    (job,) = campaign.jobs
    assert job.state == "measured"
    assert job.result_id is not None
    result = farm.client.result(job.result_id).result
    assert result.replayed == ORIN.name
    assert [run.source.scope for run in result.energy] == ["module_input"]
    assert result.energy[0].problem is None, result.energy[0].problem
    (cell,) = farm.client.compare().cells
    assert not cell.ranked
    assert cell.metrics["energy_per_inference_j"].scope == "module_input"
    assert cell.marks == ()
    page = urllib.request.urlopen(f"{farm.client.url}/", timeout=30).read().decode()
    assert '<span class="tag">replayed</span>' in page
    assert "Energy and power cover the compute module" in page
    run_page = urllib.request.urlopen(f"{farm.client.url}/runs/{job.result_id}", timeout=30).read().decode()
    assert "INA rails VDD_IN" in run_page
    assert "No value here describes a real device." in run_page
