"""One result's cost in the matrix's cell, on the run's page, in the explorer and in the terminal: the same digits."""

import html
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from fastapi.testclient import TestClient

from edgeprof.tables.text import render_text
from edgeprof.wire import rest
from edgeprof_hub.app import create_app
from edgeprof_hub.config import HubSettings
from tests.hub import fleet, live, stores

PRICES_USD = {1: 160.0, 2: 61.3, 3: 1999.99}
"""Of the boards. With 160 USD the bills of the first meet at 146.12 images a day."""
CNN = fleet.model("cnn", "cnn", task="image-classification")
LLM = fleet.model("llm", "llm", "gguf", "Q4_1", "llm")
ENERGY = fleet.row("energy_per_inference_j", 0.114, scope="wall_ac")
RUNS = {
    (number, model.name): fleet.result(number, model, rows)
    for number in PRICES_USD
    for model, rows in ((CNN, (*fleet.vision_rows(40.0, 1.0), ENERGY)), (LLM, fleet.language_rows(38.0)))
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder: Path = tmp_path_factory.mktemp("agreement")
    of = fleet.Fleet(
        [fleet.state(number, f"board{number}") for number in PRICES_USD],
        [fleet.facts(number) for number in PRICES_USD],
        [CNN, LLM],
        list(RUNS.values()),
        prices_usd=PRICES_USD,
    )
    with stores.opened(folder) as store:
        fleet.fill(store.writer, of)
    app = create_app(HubSettings(data=folder, mqtt_port=live.free_port()))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as opened:
        yield opened


def words(markup: str) -> str:
    """What a reader sees of it, without the numbers of footnotes."""
    return " ".join(html.unescape(re.sub(r"<sup>.*?</sup>|<[^>]+>", " ", markup, flags=re.DOTALL)).split())


def pairs(markup: str) -> dict[str, str]:
    """The terms of a description list."""
    found = re.findall(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", markup, re.DOTALL)
    return {words(term).lower(): words(text) for term, text in found}


def rows(markup: str) -> dict[str, str]:
    """The first figure of each row of the explorer's table."""
    found = re.findall(r'<th scope="row">(.*?)</th><td class="num">(.*?)</td>', markup, re.DOTALL)
    return {words(term).lower(): words(text) for term, text in found}


def in_cell(page: str, result_id: str) -> dict[str, str]:
    """The cell of the matrix that links to the run."""
    cell = next(cell for cell in re.findall(r"<td class=\"cell.*?</td>", page, re.DOTALL) if result_id in cell)
    return pairs(cell)


def in_terminal(text: str, device: str, model: str) -> tuple[str, ...]:
    """Device's figure, cloud's figure and break-even of a row."""
    lines = text[text.index(device) :].splitlines()
    at = next(number for number, line in enumerate(lines) if line.strip().startswith(f"{model} ·"))
    figures = re.sub(r"\[\d+\]", "", lines[at] + lines[at + 1]).split()
    return tuple(figures[-3:])


@pytest.mark.parametrize(("number", "model"), RUNS)
def test_every_place_shows_the_same_figures(client: TestClient, number: int, model: str) -> None:
    result_id = RUNS[number, model].result_id
    cell = in_cell(client.get("/").text, result_id)
    run = pairs(client.get(f"/runs/{result_id}").text)
    explorer = rows(client.get(f"/cost/{result_id}").text)
    table = msgspec.json.decode(client.get("/api/v1/compare").content, type=rest.CompareTable)
    edge, cloud, volume = in_terminal(render_text(table), f"board{number}", model)
    unit = "$ / 1,000" if model == "cnn" else "$ / 1m tokens"
    assert cell[unit] == edge == run["on this device"].split()[0]
    assert cell["cloud"] == cloud == run["in the cloud"].split()[0]
    assert cell["break-even"] == volume == run["break-even"] == explorer["break-even"]
    if model == "cnn":  # of a language model the explorer shows 1,000 answers, the cell 1M tokens
        assert (explorer["at this volume"], explorer["in the cloud"]) == (edge, cloud)
        assert explorer["marginal cost"] == run["marginal cost"].split()[0] == "$0.00000522"
        assert explorer["at full load"] == run["at full load"].split()[0]


def test_the_break_even_of_a_board_of_160_dollars_is_147_everywhere(client: TestClient) -> None:
    """146.12 was 147 in a cell and 146 in the explorer."""
    result_id = RUNS[1, "cnn"].result_id
    assert rows(client.get(f"/cost/{result_id}").text)["break-even"] == "≥147/day"
    assert in_cell(client.get("/").text, result_id)["break-even"] == "≥147/day"
