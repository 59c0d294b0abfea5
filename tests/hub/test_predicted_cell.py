"""A cell that nobody ran may show a prediction: drawn apart, with its range, and in no ranking."""

import re
from dataclasses import replace

import pytest

from edgeprof.prediction.predicted import Predicted
from edgeprof.tables.view import Notes
from edgeprof_hub.prediction.cells import PredictedCells
from edgeprof_hub.routes import pages
from edgeprof_hub.store.base import ReadStore
from edgeprof_hub.views.matrix_cell import cell_view
from tests.hub import fleet
from tests.hub.conftest import Open

GUESS = Predicted(metric="latency_p50_ms", value=12.0, low=8.1, high=17.4, tier="cold", basis="roofline")


def test_a_prediction_stands_only_for_the_metric_that_is_shown() -> None:
    shown = cell_view(None, "inference", "latency_p50_ms", Notes(), predicted=GUESS).predicted
    assert shown is not None
    assert (shown.text, shown.unit, shown.range) == ("12.0", "ms", "8.1–17.4")
    assert cell_view(None, "inference", "peak_memory_mib", Notes(), predicted=GUESS).predicted is None


def test_a_predicted_cell_is_drawn_apart_and_takes_no_part(open_hub: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    of = replace(fleet.typical(), jobs=[])
    lite = of.results[2]
    quick = Predicted(metric="latency_p50_ms", value=0.001, low=0.0005, high=0.002, tier="cold", basis="roofline")

    def guessed(_store: ReadStore) -> PredictedCells:
        return {(lite.model_id, fleet.device_id(2)): quick}

    monkeypatch.setattr(pages, "predicted_cells", guessed)
    text = open_hub(of).get("/").text
    (cell,) = re.findall(r'<td class="cell not_run[^>]*>(?:(?!</td>).)*class="predicted".*?</td>', text, re.DOTALL)
    assert "predicted, " in cell
    assert 'class="lead"' not in cell
    assert "<svg" not in cell
    assert "Nobody measured it, and it is never ranked." in " ".join(text.split())
    assert "0.00100" not in text.split('id="answers-h"')[1].split('class="toolbar"')[0]
