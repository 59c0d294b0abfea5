"""An agent and a hub of an older build, installed from the repository's history, work with today's."""

import subprocess
from pathlib import Path

import pytest

from tests.e2e.farm import Farm
from tests.e2e.older_build import NoHistory, install

OLDER = {
    "5f41e9e06d1b57804ccd1163dca7299722258e62": "the last commit of the day before this test was written",
    "3e0a9faa6540ca080e829ba77590f33e1889737c": "two days older: its hub requires the field `power` in a result",
}
"""Commit -> why this one. Each is an ancestor of main, so every whole clone has it. Add each release's commit."""


@pytest.fixture(scope="module", params=OLDER, ids=lambda commit: commit[:7])
def older(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an older build."""
    folder = tmp_path_factory.mktemp("older")
    try:
        python = install(request.param, folder)
    except NoHistory as problem:
        pytest.fail(str(problem))
    command = "import edgeprof, edgeprof_agent, edgeprof_hub as hub; print(edgeprof.__file__, hub.__file__)"
    done = subprocess.run([python, "-c", command], cwd=folder, capture_output=True, text=True, check=True)
    assert all(file.startswith(str(folder)) for file in done.stdout.split())
    return python


def measure(farm: Farm, bundled: Path) -> None:
    """Flash one bundled model to `alpha`; its cell has figures on the compare API."""
    device = farm.device("alpha")
    model = farm.put(bundled / "digits-cnn-int8.onnx")
    (job,) = farm.run([model], [device]).jobs
    assert (job.state, job.note) == ("measured", job.note)
    cell = farm.cells()[device.device_id, model.model_id]
    assert cell.state == "measured"
    assert cell.result_id == job.result_id
    assert cell.metrics["latency_p50_ms"].value > 0


def test_todays_agent_works_with_an_older_hub(empty_farm: Farm, older: Path, bundled: Path) -> None:
    empty_farm.start_hub(python=older)
    empty_farm.start_agent("alpha")
    measure(empty_farm, bundled)


def test_an_older_agent_works_with_todays_hub(empty_farm: Farm, older: Path, bundled: Path) -> None:
    empty_farm.start_hub()
    empty_farm.start_agent("alpha", python=older)
    measure(empty_farm, bundled)


def test_a_clone_without_the_history_is_named_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(NoHistory, match=r"lacks commit 0{40}.*git fetch --unshallow"):
        install("0" * 40, tmp_path)
