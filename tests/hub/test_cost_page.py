"""The page of the explorer as it is read: its inputs, its answer, its saved scenarios."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from fastapi.testclient import TestClient

from edgeprof_hub.app import create_app
from edgeprof_hub.config import HubSettings
from edgeprof_hub.cost.catalogue.ages import MAX_AGE_DAYS
from tests.hub import fleet, live, stores
from tests.hub.explorer_cases import CNN, LABELS, LLM, RUNS


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    of = fleet.Fleet(
        [fleet.state(1, "pi"), fleet.state(2, "phone")],
        [fleet.facts(1), fleet.facts(2, emulates="galaxy-a03")],
        [CNN, LLM],
        RUNS,
        prices_usd={1: 80.0},
    )
    with stores.opened(tmp_path) as store:
        fleet.fill(store.writer, of)
    app = create_app(HubSettings(data=tmp_path, mqtt_port=live.free_port()))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as opened:
        yield opened


@pytest.mark.parametrize("number", [0, 1])
def test_the_page_shows_every_input_with_its_origin_and_the_answer(client: TestClient, number: int) -> None:
    answer = client.get(f"/cost/{RUNS[number].result_id}")
    assert answer.status_code == 200
    for told in (
        "cheaper at this volume",
        "a receipt of 2026-03-01",
        "Lifetime",
        "2 to 5 years are usual",
        "Not counted",
    ):
        assert told in answer.text or "No clear winner" in answer.text
    assert ", stale" not in answer.text


def test_the_page_marks_a_stale_price(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cast(dict[str, int], MAX_AGE_DAYS), "tariff", 180)  # the world's tariff is of 2025
    assert "2025-06-30, stale" in client.get(f"/cost/{RUNS[0].result_id}").text


def test_an_address_holds_the_scenario_and_a_wrong_one_says_so(client: TestClient) -> None:
    address = f"/cost/{RUNS[0].result_id}"
    assert 'value="5000"' in client.get(f"{address}?per_day=5000").text
    wrong = client.get(f"{address}?per_day=-1")
    assert wrong.status_code == 400
    assert "Volume: &#39;-1&#39; is not a number" in wrong.text
    assert "No call &#39;nothing&#39;" in client.get(f"{address}?baseline=call:nothing").text
    assert client.get(f"{address}?baseline=token:groq/nothing-like-it").status_code == 400
    assert client.get("/cost/nothing").status_code == 404


def test_what_can_have_no_cost_says_why(client: TestClient) -> None:
    assert "Measure on the real device" in client.get(f"/cost/{RUNS[2].result_id}").text
    assert "A cost needs a measured run" in client.get(f"/cost/{RUNS[3].result_id}").text


def test_a_scenario_is_kept_shown_for_every_run_and_deleted(client: TestClient) -> None:
    address = f"/cost/{RUNS[0].result_id}"
    kept = client.post(
        f"{address}/scenarios", data={"name": "busy <b>", "query": f"per_day=50000&baseline={LABELS}&x="}
    )
    assert kept.headers["location"].startswith(f"{address}?per_day=50000")
    text = client.get(address).text
    assert "busy &lt;b&gt;" in text
    assert "No cloud baseline" not in text
    assert client.post(f"{address}/scenarios", data={"name": " ", "query": ""}).status_code == 400
    client.post(f"{address}/scenarios/delete", data={"name": "busy <b>"})
    assert "busy &lt;b&gt;" not in client.get(address).text
    assert client.post(f"{address}/scenarios/delete", data={"name": "busy <b>"}).status_code == 404
