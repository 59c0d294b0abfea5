"""A hosted model on the whole way: a real OpenAI-compatible llama.cpp server as a device beside a board."""

from pathlib import Path

from benchmarks.llama_server import llama_server
from edgeprof.modelfiles import served_file
from edgeprof.modelfiles.served_file import Served
from tests.agent.gguf_models import tiny_llama
from tests.e2e.farm import Farm

KEY = "sk-of-this-test-only"


def test_an_endpoint_is_a_device_and_its_key_is_kept_by_nobody(empty_farm: Farm, tmp_path: Path) -> None:
    farm = empty_farm
    weights = tiny_llama(tmp_path / "tiny.gguf")
    document = tmp_path / "tiny.served"
    document.write_bytes(served_file.written(Served(edgeprof_served=1, model="tiny", parameters={"ignore_eos": True})))
    with llama_server(weights, "tiny") as url:
        farm.start_hub()
        farm.start_agent("hosted", "--endpoint", url, "--endpoint-key-env", "THE_KEY", environment={"THE_KEY": KEY})
        farm.start_agent("board")
        hosted, board = farm.device("hosted"), farm.device("board")
        campaign = farm.run([farm.put(document), farm.put(weights)], [hosted, board])
    assert (hosted.tag, hosted.played, hosted.profile_id) == ("endpoint on its client", "", None)
    assert hosted.facts is not None
    assert [fact.variant for fact in hosted.facts.runtimes if fact.version] == ["openai-api"]
    assert hosted.facts.sensors == ()
    assert [(job.state, job.config.runtime) for job in campaign.jobs] == [
        ("measured", "openai-api"),
        ("measured", "llama-capi"),
    ]
    cells = {device_id: cell for (device_id, _), cell in farm.cells().items()}
    assert cells[hosted.device_id].metrics["ttft_ms"].value > 0
    assert "it is not a cloud" in (cells[hosted.device_id].cost_absent or "")
    assert any("on the client machine" in note for note in cells[hosted.device_id].notes)
    farm.stop()
    files = [path for path in farm.folder.rglob("*") if path.is_file()]
    assert len(files) > 5
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []
