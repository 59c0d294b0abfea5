"""The prices of another day: catalogues are kept for good, and every figure can be had with them again."""

import re
import sqlite3
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import cast
from urllib.parse import parse_qsl, urlsplit

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient

from edgeprof.client.http_client import HubClient, HubError
from edgeprof.commands.compare import compare
from edgeprof_hub.app import create_app
from edgeprof_hub.commands.prices import history
from edgeprof_hub.config import HubSettings
from edgeprof_hub.cost.catalogue.ages import MAX_AGE_DAYS
from edgeprof_hub.cost.catalogue.loader import load_catalogue, parse_catalogue, use_own_files
from edgeprof_hub.cost.catalogue.packed import packed, unpacked
from edgeprof_hub.cost.checks import CostError
from edgeprof_hub.cost.price_moment import moment_s, written_moment
from tests.hub import fleet, live, stores
from tests.hub.explorer_cases import CNN, LLM, RUNS
from tests.hub.live import serving

NOW_S = datetime(2026, 11, 27, 12, tzinfo=UTC).timestamp()
OWN = """
sources:
  contract: {{title: our contract, kind: official, retrieved: 2026-11-01, licence: private, confidence: high}}
entries:
  - {{id: aws-rekognition-detect-labels, kind: call, title: Labels by contract, vendor: AWS, region: us-east-1,
     unit: image, currency: USD, basis: reserved, price: {price}, source: contract}}
"""
RUN = RUNS[0].result_id
SECOND = fleet.result(2, CNN, fleet.vision_rows(80.0, 1.0))
SECOND_LLM = fleet.result(2, LLM, fleet.language_rows(20.0))


@contextmanager
def hub_with(data: Path, price: str | None) -> Generator[TestClient]:
    """A hub on this folder, where an image costs so much by a file of the owner's; None: as shipped."""
    own = data / "own.yaml"
    own.write_text(OWN.format(price=price))
    use_own_files([own] if price else [])
    try:
        app = create_app(HubSettings(data=data, mqtt_port=live.free_port()))
        with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
            yield client
    finally:
        use_own_files([])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    of = fleet.Fleet(
        [fleet.state(1, "pi"), fleet.state(2, "other pi")],
        [fleet.facts(1), fleet.facts(2)],
        [CNN, LLM],
        [RUNS[0], RUNS[1], SECOND, SECOND_LLM],
        prices_usd={1: 80.0, 2: 60.0},
    )
    with stores.opened(tmp_path) as store:
        fleet.fill(store.writer, of)
    return tmp_path


@pytest.fixture
def first_hash(data: Path) -> str:
    """Of a catalogue with an image at 0.002 USD, with which a hub on this folder ran."""
    with hub_with(data, "0.002") as client:
        return client.get("/api/v1/catalogues").json()[0]["sha256"]


def rows_of_saved(page: str) -> list[list[str]]:
    """The texts in the cells of the table of saved scenarios."""
    table = page[page.index('aria-label="Saved scenarios"') :]
    table = table[: table.index("</table>")]
    cells = [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL) for row in table.split("<tr>")[2:]]
    return [[re.sub("<[^>]+>", "", cell).strip() for cell in row] for row in cells]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("", NOW_S),
        ("2025-05-01", datetime(2025, 5, 1, tzinfo=UTC).timestamp()),
        (" 2025-05-01T12:30 ", datetime(2025, 5, 1, 12, 30, tzinfo=UTC).timestamp()),
        ("2025-05-01T12:30+02:00", datetime(2025, 5, 1, 10, 30, tzinfo=UTC).timestamp()),
        ("2026-11-27T12:00", NOW_S),
    ],
)
def test_a_moment_is_read_in_utc(text: str, at: float):
    assert moment_s(text, NOW_S) == at


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2026-11-27T12:01", "in the future"),
        ("9999-12-31", "in the future"),
        ("0001-01-01T00:00+23:59", "too early"),
        ("1999-01-01", "too early"),
        ("yesterday", "not a date"),
        ("2026-13-01", "not a date"),
        ("1e9", "not a date"),
    ],
)
def test_what_is_no_moment_or_still_to_come_is_refused(text: str, told: str):
    with pytest.raises(CostError, match=told):
        moment_s(text, NOW_S)


def test_a_moment_that_is_written_is_read_to_the_minute():
    assert moment_s(written_moment(NOW_S + 59), NOW_S + 100) == NOW_S


def test_a_packed_catalogue_is_the_same_to_the_byte_and_a_changed_one_is_refused():
    shipped = load_catalogue()
    assert unpacked(shipped.sha256, packed(shipped)) == shipped
    with pytest.raises(CostError, match="damaged"):
        unpacked(shipped.sha256, packed(shipped).replace(b"0.0010", b"0.0011"))
    with pytest.raises(CostError, match="cannot read the stored price catalogue"):
        unpacked(shipped.sha256, b"\x00" + packed(shipped))


def test_every_catalogue_is_kept_once_and_listed(data: Path, first_hash: str):
    with hub_with(data, None):
        pass
    with hub_with(data, "0.002"):
        pass
    with hub_with(data, "0.005") as client:
        kept = client.get("/api/v1/catalogues").json()
        files = client.get(f"/api/v1/catalogues/{first_hash}").json()
        assert client.get(f"/api/v1/catalogues/{'0' * 64}").status_code == 404
    assert len(kept) == 3
    assert [record["in_use"] for record in kept] == [True, False, False]
    assert kept[2]["sha256"] == first_hash
    assert {record["as_of"] for record in kept} == {"2026-11-23"}
    again = parse_catalogue(
        *({name: text.encode() for name, text in files[part].items()} for part in ("shipped", "own"))
    )
    assert again.sha256 == first_hash


def test_a_cost_is_computed_again_with_the_prices_of_then(data: Path, first_hash: str):
    with hub_with(data, None) as client:
        now, then, same = (
            client.get(f"/api/v1/results/{RUN}/cost", params=asked).json()
            for asked in ({}, {"catalogue": first_hash}, {"catalogue": load_catalogue().sha256})
        )
        assert (now["cloud_usd"], then["cloud_usd"]) == (1.0, 2.0)
        assert same == {**now, "priced_at": same["priced_at"]}
        assert then["catalogue_sha256"] == first_hash
        assert (now["edge_usd"], now["per_day"]) == (then["edge_usd"], then["per_day"])
        assert first_hash in then["inputs"]["price catalogue"]
        assert then["inputs"]["cloud price"].startswith("0.002 USD per image (catalogue: Labels by contract")
        cells = client.get("/api/v1/compare", params={"catalogue": first_hash}).json()["cells"]
        assert {cell["cost"]["cloud_usd"] for cell in cells if cell["model_id"] == CNN.model_id} == {2.0}


def test_a_report_can_be_had_with_the_prices_of_then_and_names_them(data: Path, first_hash: str):
    asked = {"as": "csv", "catalogue": first_hash, "as_of": "2026-05-01"}
    with hub_with(data, None) as client:
        lines = client.get("/report", params=asked).text.splitlines()
        page = client.get("/report", params={"catalogue": first_hash}).text
        unknown = client.get("/report", params={"catalogue": "e" * 64})
        now = client.get("/report", params={"as": "csv"}).text
    of_images = [line for line in lines if ",cnn," in line and ",cloud_cost," in line]
    assert len(of_images) == 2
    assert all(",cloud_cost,2.0," in line for line in of_images)
    assert sum(f"price catalogue {first_hash}, token prices of 2026-05-01T00:00" in line for line in lines) == 4
    assert f"price catalogue {first_hash[:12]} of 2026-11-23" in page
    assert load_catalogue().sha256 in now
    assert unknown.status_code == 404


def test_ages_of_prices_are_those_of_the_moment(data: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(cast(dict[str, int], MAX_AGE_DAYS), "tariff", 180)
    with hub_with(data, None) as client:
        now, then = (
            client.get(f"/api/v1/results/{RUN}/cost", params=asked).json()["inputs"]["tariff"]
            for asked in ({}, {"as_of": "2025-08-01"})
        )
    assert now.endswith("2025-06-30, stale)")
    assert then.endswith("2025-06-30)")


@pytest.mark.parametrize("address", [f"/api/v1/results/{RUN}/cost", "/api/v1/compare"], ids=["cost", "compare"])
def test_unknown_prices_and_those_to_come_are_refused_with_a_sentence(data: Path, address: str):
    with hub_with(data, None) as client:
        unknown = client.get(address, params={"catalogue": "a" * 64})
        to_come = client.get(address, params={"as_of": "2999-01-01"})
    assert unknown.status_code == 404
    assert "No price catalogue 'aaaa" in unknown.json()["error"]["message"]
    assert (to_come.status_code, to_come.json()["error"]["code"]) == (422, "bad_moment")


def test_a_run_without_a_cost_says_why_in_the_api(data: Path):
    with hub_with(data, None) as client:
        client.patch(f"/api/v1/devices/{fleet.device_id(1)}", json={"price_usd": None, "price_source": None})
        refused = client.get(f"/api/v1/results/{RUN}/cost")
        assert client.get("/api/v1/results/nothing/cost").status_code == 404
    assert refused.status_code == 422
    assert "edgeprof price" in refused.json()["error"]["message"]


def test_the_explorer_shows_the_prices_that_its_address_names(data: Path, first_hash: str):
    with hub_with(data, None) as client:
        today = client.get(f"/cost/{RUN}").text
        past = client.get(f"/cost/{RUN}", params={"catalogue": first_hash}).text
        unknown = client.get(f"/cost/{RUN}", params={"catalogue": "b" * 64})
        to_come = client.get(f"/cost/{RUN}", params={"as_of": "2999-01-01"})
    assert "Not today's prices" not in today
    assert f'<option value="{first_hash}">' in today
    assert load_catalogue().sha256 in today
    assert "Not today's prices" in past
    assert f'<option value="{first_hash}" selected>' in past
    assert "Labels by contract" in past
    assert unknown.status_code == 404
    assert "No price catalogue" in unknown.text
    assert to_come.status_code == 400
    assert "in the future" in to_come.text


def test_the_same_call_costs_what_it_did_on_that_day(data: Path):
    """OpenAI o3: 10 USD for a million input tokens until 2025-06-10, 2 since."""
    asked = {"baseline": "token:openai/o3", "input_tokens": "1000", "output_tokens": "1"}
    with hub_with(data, None) as client:
        texts = [
            client.get(f"/cost/{RUNS[1].result_id}", params={**asked, **moment}).text
            for moment in ({"as_of": "2025-05-01"}, {})
        ]
    found = [re.search(r"In the cloud</th><td class=\"num\"><b>\$([\d.]+)</b>", text) for text in texts]
    assert [float(match[1]) for match in found if match] == pytest.approx([10.04, 2.008], rel=2e-2)


def test_a_kept_scenario_shows_then_and_now(data: Path):
    with hub_with(data, "0.002") as client:
        kept = client.post(f"/cost/{RUN}/scenarios", data={"name": "busy", "query": "per_day=5000"})
        assert dict(parse_qsl(urlsplit(kept.headers["location"]).query)) == {"per_day": "5000"}
        before = rows_of_saved(client.get(f"/cost/{RUN}").text)
    with hub_with(data, None) as client:
        text = client.get(f"/cost/{RUN}").text
        (then, now), (then_other, now_other) = (
            rows_of_saved(client.get(f"/cost/{run}").text) for run in (RUN, SECOND.result_id)
        )
        link = re.search(r'<a href="([^"]+)" aria-label="busy, with the prices of then">then</a>', text)
        assert link
        opened = client.get(link[1].replace("&amp;", "&")).text
    assert before[0][2:4] == before[1][1:3]
    assert then[2:4] == before[0][2:4]
    assert then[3].startswith("$2.00 ")
    assert now[2].startswith("$1.00 ")
    assert then[2] == now[1]  # the board costs what it did
    assert then_other[3].startswith("$2.00 ")
    assert now_other[2].startswith("$1.00 ")
    assert "cheaper at this volume" in then[4]
    assert "Not today's prices" in opened
    assert "Labels by contract" in opened


def test_what_was_kept_stands_though_the_device_got_dearer_since(data: Path):
    with hub_with(data, None) as client:
        client.post(f"/cost/{RUN}/scenarios", data={"name": "cheap board", "query": ""})
        before = rows_of_saved(client.get(f"/cost/{RUN}").text)
        client.patch(f"/api/v1/devices/{fleet.device_id(1)}", json={"price_usd": 800.0, "price_source": "a shop"})
        then, now = rows_of_saved(client.get(f"/cost/{RUN}").text)
    assert then[2] == before[0][2]
    assert now[1] != before[1][1]


def test_a_scenario_that_is_kept_with_past_prices_keeps_those(data: Path, first_hash: str):
    with hub_with(data, None) as client:
        query = f"per_day=5000&catalogue={first_hash}&as_of=2026-05-01"
        client.post(f"/cost/{RUN}/scenarios", data={"name": "old", "query": query})
        then, now = rows_of_saved(client.get(f"/cost/{RUN}").text)
        refused = client.post(f"/cost/{RUN}/scenarios", data={"name": "x", "query": f"catalogue={'c' * 64}"})
    assert f"2026-05-01 00:00 UTC, catalogue {first_hash[:12]}" in then[1]
    assert (then[3][:5], now[2][:5]) == ("$2.00", "$1.00")
    assert refused.status_code == 404


def test_of_another_run_then_is_computed_with_the_token_prices_of_then(data: Path):
    """The catalogue is the same; the moment decides the price of a token."""
    query = "baseline=token:openai/o3&input_tokens=1000&output_tokens=1&as_of=2025-05-01"
    with hub_with(data, None) as client:
        client.post(f"/cost/{RUNS[1].result_id}/scenarios", data={"name": "o3", "query": query})
        client.post(f"/cost/{RUN}/scenarios", data={"name": "same", "query": "per_day=70"})
        (then, now), (then_kept, now_kept) = (
            rows_of_saved(client.get(f"/cost/{run}").text)[:2] for run in (SECOND_LLM.result_id, RUNS[1].result_id)
        )
        same = rows_of_saved(client.get(f"/cost/{SECOND.result_id}").text)[2:]
    assert (then[3], now[2]) == (then_kept[3], now_kept[2])
    assert float(then[3][1:5]) > 4 * float(now[2][1:5])
    assert same[0][2:4] == same[1][1:3]


def test_a_scenario_of_an_earlier_release_has_no_then(data: Path):
    with hub_with(data, None):
        pass
    with closing(sqlite3.connect(data / "hub.sqlite")) as database:
        database.execute("INSERT INTO scenario (name, query) VALUES ('old', 'per_day=10')")
        database.commit()
    with hub_with(data, None) as client:
        then, now = rows_of_saved(client.get(f"/cost/{RUN}").text)
    assert "not saved by that release" in then[1]
    assert then[2:4] == ["none", "none"]
    assert now[1].startswith("$")


@pytest.fixture
def served(data: Path) -> Iterator[live.Live]:
    with serving(data) as hub:
        yield hub


def test_the_client_and_the_command_line_list_and_ask(served: live.Live):
    client = HubClient(served.url)
    (kept,) = client.catalogues()
    assert (kept.sha256, kept.in_use) == (load_catalogue().sha256, True)
    assert client.catalogue(kept.sha256).own == {}
    assert client.cost(RUN, catalogue=kept.sha256, as_of="2026-05-01").cloud_usd == client.cost(RUN).cloud_usd == 1.0
    with pytest.raises(HubError, match="No price catalogue"):
        client.cost(RUN, catalogue="d" * 64)
    refused = CliRunner().invoke(compare, ["--hub", served.url, "--as-of", "2999-01-01"])
    assert "in the future" in str(refused.exception)
    asked = ["--hub", served.url, "--format", "csv", "--catalogue", kept.sha256, "--as-of", "2026-05-01"]
    table = CliRunner().invoke(compare, asked, catch_exceptions=False)
    assert f"price catalogue {kept.sha256}, token prices of 2026-05-01T00:00" in table.output
    printed = CliRunner().invoke(history, ["--hub", served.url], catch_exceptions=False)
    assert printed.output.startswith(f"{kept.sha256}  as of {kept.as_of}, first used ")
    assert printed.output.endswith(", in use\n")
