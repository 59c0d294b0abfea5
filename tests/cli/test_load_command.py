"""`edgeprof load` on this machine: runs at a rate, and what it refuses."""

from pathlib import Path

from edgeprof.loading.measured import Server
from edgeprof.loading.search import Level, is_within
from edgeprof_exports import bundle
from tests.cli.conftest import Run
from tests.modelfiles import makers

DIGITS = bundle.FOLDER / "digits-cnn-int8.onnx"


def test_a_rate_is_asked_of_a_real_model_with_so_many_requests(run: Run) -> None:
    server = Server(DIGITS, {"threads": 1}, lambda stage, fraction, note: None, [])
    unloaded = server.unloaded()
    assert 0 < unloaded.p50_ms <= 5
    level = Level(quantile=0.95, limit_ms=1000)
    response = server.ask(level, 500, 600, 1)
    assert 480 < response.n + response.unanswered < 720  # Poisson: 600, and 5 times its deviation of 24
    assert is_within(level, response)
    assert [one.protocol.open_loop_requests for one in server.results] == [0, 600]


def test_a_language_model_is_refused_with_what_to_use(tmp_path: Path, run: Run) -> None:
    model = tmp_path / "small.gguf"
    model.write_bytes(makers.gguf())
    assert run("load", str(model), "--limit-ms", "10").refused_with("wrong_load_model")


def test_sizes_of_a_dynamic_input_are_named_as_for_a_profile(tmp_path: Path, run: Run) -> None:
    ended = run("load", str(DIGITS), "--limit-ms", "10", "--input-shape", "image=1,1,8")
    assert ended.code != 0
    assert "image" in ended.err
    assert run("load", str(DIGITS), "--limit-ms", "10", "--dim", "batch").refused_with("bad_dim")
