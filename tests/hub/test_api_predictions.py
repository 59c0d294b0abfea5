"""Predictions over REST."""

import json
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from edgeprof_hub.app import create_app
from edgeprof_hub.config import HubSettings
from tests.hub.test_predictions import VISION, WRITERS, hub_of

FACTORS = {1: 1.0, 2: 2.0, 3: 0.5}
STEPS_MS = {(device, one): 10.0 * 2**one * FACTORS[device] for device in FACTORS for one in range(3)}
STEPS_MS.pop((3, 2))


def answer_of(tmp_path: Path, path: str = "") -> Any:
    hub_of(tmp_path, STEPS_MS).close()
    with TestClient(create_app(HubSettings(data=tmp_path)), base_url="http://127.0.0.1:8765") as client:
        return json.loads(client.get(f"/api/v1/predictions{path}").text)


def test_a_cell_that_nobody_ran_has_a_figure_with_its_range(tmp_path: Path) -> None:
    answer = answer_of(tmp_path)
    assert answer["made"] is True
    by_cell = {(one["model_id"], one["device_id"]): one for one in answer["predictions"]}
    assert by_cell
    for one in by_cell.values():
        assert one["low"] <= one["value"] <= one["high"]
        assert one["basis"]
    measured = {(one["model_id"], one["device_id"]) for one in answer["scored"]}
    assert measured
    assert not measured & set(by_cell)  # a measured cell is scored, never offered as a prediction


def test_it_can_be_asked_for_one_model_and_a_limit(tmp_path: Path) -> None:
    model_id = VISION[2].model_id
    answer = answer_of(tmp_path, f"?model={model_id}&limit=1")
    assert {one["model_id"] for one in answer["predictions"]} == {model_id}
    assert len(answer["predictions"]) == 1
    assert WRITERS[0].model_id not in {one["model_id"] for one in answer["scored"]}
