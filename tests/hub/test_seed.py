"""A made-up fleet: made in an empty folder only, marked on every page, and never the ground of a claim."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient

from edgeprof.errors import EdgeprofError
from edgeprof.wire import messages as m
from edgeprof_hub.app import create_app
from edgeprof_hub.commands.hub import hub as hub_command
from edgeprof_hub.config import HubSettings
from edgeprof_hub.matrix import table
from edgeprof_hub.matrix.answer_cards import answer_cards
from edgeprof_hub.seed.writing import Size, fill
from edgeprof_hub.store.reader import SqliteReader
from tests.hub import fleet, live, stores

SIZE = Size(devices=25, models=20, results=600)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("seeded")
    fill(made, SIZE, lambda _: None)
    return made


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[TestClient]:
    settings = HubSettings(data=folder, mqtt_port=live.free_port())
    with TestClient(create_app(settings), base_url="http://127.0.0.1:8765") as opened:
        yield opened


def test_it_has_the_asked_size_and_every_cell_its_newest_result(folder: Path) -> None:
    reader = SqliteReader(folder / "hub.sqlite")
    try:
        assert (len(reader.devices()), len(reader.models())) == (25, 20)
        assert len(reader.results(limit=1000)) == 600
        assert len(reader.cells()) == 500
    finally:
        reader.close()


def figures_of(made: Path) -> list[tuple[m.MetricRow, ...]]:
    reader = SqliteReader(made / "hub.sqlite")
    try:
        return [cell.stored.result.metrics for cell in reader.cells() if cell.stored]
    finally:
        reader.close()


def test_the_same_seed_makes_the_same_figures(folder: Path, tmp_path: Path) -> None:
    fill(tmp_path, SIZE, lambda _: None)
    assert figures_of(folder) == figures_of(tmp_path)


def test_no_winner_is_named(folder: Path) -> None:
    reader = SqliteReader(folder / "hub.sqlite")
    try:
        found = answer_cards(table.build(reader, fleet.NOW_S), lambda _cells, _metric: {})
    finally:
        reader.close()
    assert (found.cards, found.is_synthetic) == ((), True)


def test_every_page_says_that_nothing_was_measured(client: TestClient, folder: Path) -> None:
    reader = SqliteReader(folder / "hub.sqlite")
    result = reader.results(limit=1)[0].result
    reader.close()
    for path in ("/", "/?d=2", "/flash", f"/runs/{result.result_id}", f"/devices/{result.device_id}", "/devices/no"):
        assert "<b>Synthetic.</b>" in client.get(path).text, path
    assert client.get("/api/v1/compare").json()["synthetic"] is True


def test_nothing_of_it_is_marked_best_drawn_on_a_front_or_called_cheaper(client: TestClient, folder: Path) -> None:
    reader = SqliteReader(folder / "hub.sqlite")
    found = [stored.result for stored in reader.results(limit=50) if stored.result.status == "measured"]
    reader.close()
    for path in ("/", "/?colour=rank&against=cost", "/report"):
        text = client.get(path).text
        assert 'class="mark' not in text
        assert "on the front" not in text.lower()
    for result in found[:10]:
        text = client.get(f"/cost/{result.result_id}").text
        assert "cheaper at this volume" not in text
        assert "No clear winner" not in text


def test_the_page_shows_a_part_and_says_of_what(client: TestClient) -> None:
    first, second = client.get("/").text, client.get("/?d=2").text
    assert "Shown: 20 of 25 devices and 12 of 20 variants." in first
    assert "Devices 21–25 of 25" in second
    assert first.count('scope="row"') == 20


def test_sorting_by_a_column_puts_its_best_device_first(client: TestClient) -> None:
    table_of = client.get("/api/v1/compare").json()
    column = table_of["columns"][0]
    key = f"{column['model_id'][:16]}-{column['config_key']}"
    metric = "decode_tokens_per_s"
    rates = {
        cell["device_id"]: cell["metrics"][metric]["value"]
        for cell in table_of["cells"]
        if (cell["model_id"], cell["config_key"]) == (column["model_id"], column["config_key"]) and cell["metrics"]
    }
    text = client.get(f"/?sort={key}").text
    order = [device for device in re.findall(r'id="d-(d-[0-9a-f]{16})"', text) if device in rates]
    assert order == sorted(rates, key=lambda device: -rates[device])[: len(order)]
    assert (len(order), "sorted, best first" in text) == (20, True)


def test_a_strange_address_still_shows_something(client: TestClient) -> None:
    for query in ("d=x", "d=-1", "c=99999999999", "device=%00", "model=" + "x" * 5000):
        assert client.get(f"/?{query}").status_code == 200, query
    assert "No device or model matches this search." in client.get("/?model=nothing-like-it").text


def test_a_hub_that_measured_something_is_not_filled(tmp_path: Path) -> None:
    with stores.opened(tmp_path) as store:
        fleet.fill(store.writer, fleet.typical())
    with pytest.raises(EdgeprofError) as error:
        fill(tmp_path, SIZE, lambda _: None)
    assert error.value.code == "data_in_hub"


def test_a_fleet_is_made_up_once(folder: Path, tmp_path: Path) -> None:
    fill(tmp_path, Size(devices=1, models=1, results=1), lambda _: None)
    with pytest.raises(EdgeprofError) as error:
        fill(tmp_path, SIZE, lambda _: None)
    assert error.value.code == "already_seeded"


def test_the_command_says_what_it_did(tmp_path: Path) -> None:
    asked = ["seed", "--data", str(tmp_path / "new"), "--devices", "2", "--models", "4", "--results", "9"]
    done = CliRunner().invoke(hub_command, asked)
    assert (done.exit_code, "4 models and 9 results" in done.output) == (0, True)
