"""A cell that nobody ran may show a prediction: drawn apart, with its range, and in no ranking."""

import re
from dataclasses import replace

import pytest

from edgeprof.prediction.predicted import Predicted
from edgeprof.tables.view import Notes
from edgeprof.wire import identity
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


def test_a_prediction_stands_in_the_column_of_its_configuration_alone(open_hub: Open) -> None:
    """A run of 896 x 896 on one board makes a second column; the small one's prediction has no place there."""
    of = replace(fleet.typical(), jobs=[])
    small = of.results[0]
    config = replace(small.config, shapes={"image": (1, 3, 896, 896)})
    large = replace(
        fleet.result(1, of.models[0], fleet.vision_rows(6.0, 0.01)),
        config=config,
        config_key=identity.config_key(config),
    )
    third = replace(
        fleet.result(4, of.models[0], fleet.vision_rows(0.4, 0.01)),
    )
    of.states += [fleet.state(3, "new"), fleet.state(4, "third")]
    of.facts += [fleet.facts(3), fleet.facts(4)]
    of.results += [large, third]
    text = open_hub(of).get("/").text
    row = next(part for part in text.split("<tr") if ">new<" in part)
    cells = [part for part in row.split("<td")[1:] if 'class="predicted"' in part and "0.4" in part]
    assert len(cells) == 1
    assert "896" not in cells[0]


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
