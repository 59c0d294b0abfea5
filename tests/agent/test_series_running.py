"""A series outlives whatever one of its runs raises."""

from collections.abc import Callable
from pathlib import Path

import pytest

from edgeprof.errors import EdgeprofError
from edgeprof.modelfiles.inspection import inspect
from edgeprof.wire.messages import RunConfig, RunProtocol
from edgeprof_agent.series.interleaving import interleaved
from edgeprof_agent.series.running import RunOutcome, SeriesState, run_series
from edgeprof_agent.series.setups import Setup
from edgeprof_agent.series.storage import Keeper, plan_of
from edgeprof_agent.worker_protocol.progress import OnProgress
from tests.agent.measuring import BUNDLED, unheard
from tests.hub import fleet


def a_setup() -> Setup:
    config = RunConfig(runtime="onnxruntime", threads=1)
    file = inspect(BUNDLED / "digits-cnn-fp32.onnx")
    return Setup(file=file, config=config, protocol=RunProtocol(), label="digits", folder="digits")


def failing_once(error: Exception) -> Callable[[Setup, OnProgress], RunOutcome]:
    runs = 0

    def once(setup: Setup, on_progress: OnProgress) -> RunOutcome:
        nonlocal runs
        runs += 1
        if runs == 2:
            raise error
        rows = fleet.vision_rows(1.0, 0.1)
        return RunOutcome(fleet.result(1, fleet.model("m", "m"), rows), {})

    return once


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (EdgeprofError("file_unwritable", "The lock cannot be taken."), "The lock cannot be taken."),
        (ValueError("odd"), "edgeprof itself failed: ValueError('odd')"),
    ],
)
def test_an_exception_is_one_failed_run(tmp_path: Path, error: Exception, said: str) -> None:
    setups = [a_setup()]
    series = SeriesState(setups, interleaved(1, 3, 1))
    keeper = Keeper(tmp_path / "kept")
    keeper.begin(plan_of(setups, series.turns, 1))
    run_series(series, failing_once(error), keeper, unheard)
    assert len(series.measured(0)) == 2
    (failed,) = series.failed(0)
    assert failed.failure is not None
    assert (failed.failure.code, failed.failure.message) == ("internal_error", said)
    assert type(error).__name__ in failed.failure.log
    assert (tmp_path / "kept/digits/failed/002.json").exists()


def test_a_result_that_cannot_be_kept_ends_the_series(tmp_path: Path) -> None:
    (tmp_path / "digits").write_text("a file where a folder is needed")
    series = SeriesState([a_setup()], interleaved(1, 3, 1))
    with pytest.raises(EdgeprofError, match="Cannot write"):
        run_series(series, failing_once(ValueError()), Keeper(tmp_path), unheard)
    assert series.done == 1  # what was measured can still be shown
