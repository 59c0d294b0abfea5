"""The fleet's own cost scenario: set on the settings page, in every cell's cost, and taken back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from edgeprof_hub.app import create_app
from edgeprof_hub.config import HubSettings
from edgeprof_hub.cost import fleet_scenario
from tests.hub import fleet, live, stores

USUAL = fleet_scenario.written(fleet_scenario.USUAL)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with stores.opened(tmp_path) as store:
        fleet.fill(store.writer, fleet.typical())
    app = create_app(HubSettings(data=tmp_path, mqtt_port=live.free_port()))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as opened:
        yield opened


def edge_usd(client: TestClient) -> list[float]:
    costs = [cell["cost"] for cell in client.get("/api/v1/compare").json()["cells"] if cell["cost"]]
    return sorted(cost["edge_usd"] for cost in costs if cost["unit"].startswith("1,000"))


def test_what_is_written_is_what_is_read() -> None:
    read = fleet_scenario.read(fleet_scenario.checked({**USUAL, "tariff_usd_per_kwh": "0.31"}))
    assert fleet_scenario.written(read) == {**USUAL, "tariff_usd_per_kwh": "0.31"}
    assert fleet_scenario.read(None) == fleet_scenario.USUAL


def test_every_cells_cost_follows_and_says_whose_scenario_it_is(client: TestClient) -> None:
    before = edge_usd(client)
    assert "(the default scenario)" in client.get("/").text
    answer = client.post("/settings/scenario", data={**USUAL, "inferences_per_day": "2000"})
    assert answer.status_code == 303
    assert edge_usd(client) == pytest.approx([usd / 2 for usd in before])
    text = client.get("/").text
    assert "2,000 inferences" in text
    assert "(the fleet&#39;s scenario)" in text
    assert 'value="2000"' in client.get("/settings").text
    client.post("/settings/scenario", data={"usual": "yes"})
    assert edge_usd(client) == before


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("inferences_per_day", "0", "Inferences a day"),
        ("inferences_per_day", "many", "Inferences a day"),
        ("inferences_per_day", "NaN", "Inferences a day"),
        ("input_tokens", "1.5", "Tokens read"),
        ("lifetime_years", "9", "between its limits"),
        ("tariff_usd_per_kwh", "-1", "Electricity"),
        ("answers_per_day", "", "Answers"),
    ],
)
def test_a_number_of_no_use_changes_nothing(client: TestClient, key: str, value: str, told: str) -> None:
    before = edge_usd(client)
    answer = client.post("/settings/scenario", data={**USUAL, key: value})
    assert answer.status_code == 400
    assert told in answer.text
    assert edge_usd(client) == before
