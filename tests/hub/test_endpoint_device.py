"""Cloud endpoints on the hub: where their models may go, what they cost, and that every page says what they are."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from edgeprof.errors import UsageError
from edgeprof.wire import messages as m
from edgeprof.wire import rest
from edgeprof.wire.remote import Remote
from edgeprof_hub.campaigns.planning import plan
from edgeprof_hub.cost import billed_tokens
from edgeprof_hub.cost.endpoint import NO_PRICE, ON_THIS_HOST, endpoint_cost
from edgeprof_hub.cost.price_moment import prices_now
from edgeprof_hub.cost.prices import token_quote
from edgeprof_hub.cost.scenario import Scenario, TokenBaseline
from tests.hub import fleet, stores
from tests.hub.test_pages import words

SERVED = fleet.model("gpt", "llm", "served", "hosted", "llm")
GGUF = fleet.model("llm", "llm", "gguf", "Q4_1", "llm")
CLOUD_FACTS = replace(
    fleet.facts(2),
    endpoint="https://api.example.com/v1",
    runtimes=(m.RuntimeFact(variant="openai-api", formats=("served",), version="0.1.0"),),
)
REMOTE = Remote(
    endpoint="https://api.example.com/v1",
    on_this_host=False,
    model="gpt-4o-mini",
    answered_as="gpt-4o-mini-2024-07-18",
    price_provider="openai",
    price_model="gpt-4o-mini",
    requests=80,
    errors={"429": 2},
    prompt_tokens=131,
    total_input_tokens=9_000,
    total_cached_tokens=17,
    total_output_tokens=1_700,
)
NOW_S = 1_795_780_000.0
REQUEST = rest.CampaignRequest(model_ids=(), device_ids=())


def result(remote: Remote = REMOTE) -> m.Result:
    rows = (fleet.row("decode_tokens_per_s", 91.0, 3.0), fleet.row("ttft_ms", 310.0, 20.0))
    return replace(fleet.result(2, SERVED, rows), remote=remote)


def made(remote: Remote = REMOTE) -> fleet.Fleet:
    return fleet.Fleet(
        states=[fleet.state(1, "pi5"), fleet.state(2, "api.example.com")],
        facts=[fleet.facts(1), CLOUD_FACTS],
        models=[SERVED, GGUF],
        results=[result(remote), fleet.result(1, GGUF, fleet.language_rows(38.0))],
    )


@pytest.mark.parametrize(
    ("url", "tag"),
    [
        ("https://api.example.com/v1", "cloud"),
        ("http://127.0.0.1:1/v1", "endpoint on its client"),
        (None, ""),
    ],
)
def test_a_device_says_that_it_is_an_endpoint(url: str | None, tag: str) -> None:
    assert fleet.record(1, replace(fleet.facts(1), endpoint=url)).tag == tag


def test_served_models_go_to_endpoints_and_nothing_else_does() -> None:
    board, cloud, unknown = fleet.record(1, fleet.facts(1)), fleet.record(2, CLOUD_FACTS), fleet.record(3, None)
    jobs = plan(REQUEST, [SERVED, GGUF], [board, cloud], 0.0)
    assert [(job.device_id, job.model_id) for job in jobs] == [
        (board.device_id, GGUF.model_id),
        (cloud.device_id, SERVED.model_id),
    ]
    assert jobs[1].config.runtime == "openai-api"
    assert len(plan(REQUEST, [SERVED, GGUF], [unknown], 0.0)) == 2
    for models, devices in (([SERVED], [board]), ([GGUF], [cloud])):
        with pytest.raises(UsageError) as refused:
            plan(REQUEST, models, devices, 0.0)
        assert refused.value.code == "wrong_place"


def test_the_cost_of_an_endpoint_is_its_list_price_for_the_scenarios_answers() -> None:
    scenario = Scenario(input_tokens=500, output_tokens=300)
    cost = endpoint_cost(REMOTE, scenario, prices_now(NOW_S))
    assert isinstance(cost, rest.CostView)
    quote = token_quote(
        provider="openai", model="gpt-4o-mini", input_tokens=500, output_tokens=300, cached_tokens=1, at_s=NOW_S
    )
    by_hand = sum(float(use.usd_per_million) * float(use.tokens) for use in quote.uses) / 800
    assert cost.edge_usd == pytest.approx(by_hand)
    assert (cost.cloud_usd, cost.break_even_per_day, cost.break_even_kind) == (None, None, "is_cloud")
    assert "9000 in (17 of them cached), 1700 out" in cost.inputs["tokens of this run"]
    assert cost.inputs["price catalogue"].startswith("sha256 ")
    other = Scenario(baselines={"llm": TokenBaseline("groq", "llama-3.1-8b-instant")})
    found = endpoint_cost(REMOTE, other, prices_now(NOW_S))
    assert isinstance(found, rest.CostView)
    assert found.edge_usd == pytest.approx(by_hand)  # its own price, whatever the fleet is compared with


THINKING = replace(REMOTE, price_model="gpt-5-nano", requests=20, total_cached_tokens=0, total_reasoning_tokens=6_400)


def test_the_model_that_was_registered_last_is_billed_as_measured_among_any_number(tmp_path: Path) -> None:
    """Their names come in another order than the models did."""
    last = replace(SERVED, created_s=SERVED.created_s + 1)
    others = [fleet.model(f"a{number}", "a", "served", "hosted", "llm") for number in range(billed_tokens.MAX_MODELS)]
    of = replace(made(THINKING), models=[*others, last], results=[result(THINKING)])
    with stores.opened(tmp_path) as store:
        fleet.fill(store.writer, of)
        assert store.reader.models()[-1].model_id == last.model_id
        found = billed_tokens.measured_billing(store.reader, store.reader.models())
    assert found["openai/gpt-5-nano"].reasoning_tokens == 320


def test_reasoning_tokens_that_were_billed_are_in_the_price() -> None:
    scenario = Scenario(input_tokens=500, output_tokens=300)
    found = [
        endpoint_cost(remote, scenario, prices_now(NOW_S))
        for remote in (replace(THINKING, total_reasoning_tokens=0), THINKING)
    ]
    assert [cost.edge_usd for cost in found if isinstance(cost, rest.CostView)] == pytest.approx([0.18125, 0.34125])
    thinking = found[1]
    assert isinstance(thinking, rest.CostView)
    assert "with 320 reasoning tokens (measured here)" in thinking.cloud_basis
    assert "(6400 of them reasoning)" in thinking.inputs["tokens of this run"]
    assert "reasoning tokens" in thinking.inputs["cloud price"]


def test_a_board_is_compared_with_what_the_hosted_model_was_measured_to_bill(
    open_hub: Callable[[fleet.Fleet], TestClient],
) -> None:
    """Cell, API, run and explorer have one price: 500 * 0.05 + 620 * 0.08 USD per 1M, for 800 tokens of text."""
    fleet_made = made(replace(THINKING, price_provider="groq", price_model="llama-3.1-8b-instant"))
    board = fleet_made.results[-1]
    client = open_hub(fleet_made)
    client.post(f"/devices/{board.device_id}/price", data={"price_usd": "79.95", "price_source": "a shop, 2026"})
    cells = {cell["device_id"]: cell["cost"] for cell in client.get("/api/v1/compare").json()["cells"]}
    cost = cells[board.device_id]
    assert "with 320 reasoning tokens (measured here)" in cost["cloud_basis"]
    assert cost["cloud_usd"] == pytest.approx(0.09325)
    assert client.get(f"/api/v1/results/{board.result_id}/cost").json()["cloud_usd"] == cost["cloud_usd"]
    run = words(client.get(f"/runs/{board.result_id}").text)
    assert "In the cloud $0.0932" in run
    assert "500 in and 300 out per answer, with 320 reasoning tokens (measured here)" in run
    explorer = words(client.get(f"/cost/{board.result_id}").text)
    assert "320 reasoning tokens (measured here)" in explorer


@pytest.mark.parametrize(
    ("remote", "reason"),
    [
        (replace(REMOTE, on_this_host=True), ON_THIS_HOST),
        (replace(REMOTE, price_provider=None, price_model=None), NO_PRICE),
        (replace(REMOTE, price_model="gpt-of-nobody"), "has no price for the model"),
    ],
)
def test_a_price_that_is_not_known_has_a_reason(remote: Remote, reason: str) -> None:
    found = endpoint_cost(remote, Scenario(), prices_now(NOW_S))
    assert isinstance(found, str)
    assert reason in found


def test_every_page_says_that_it_is_the_cloud(open_hub: Callable[[fleet.Fleet], TestClient]) -> None:
    fleet_made = made()
    client = open_hub(fleet_made)
    home = words(client.get("/").text)
    assert "cloud" in home
    assert "a hosted endpoint: every time includes the network and its queue" in home
    assert home.count("not for this device") == 2
    card = home.split("Answers")[1].split("Show:")[0].split("api.example.com")[1]
    assert "break-even" not in card
    assert "Served by an endpoint: times include its network and queue" in home
    run = words(client.get(f"/runs/{fleet_made.results[0].result_id}").text)
    for told in ("gpt-4o-mini-2024-07-18", "2 × 429", "131 tokens", "list price, not a bill", "openai gpt-4o-mini"):
        assert told in run
    assert "differs" not in run
    about = words(client.get(f"/devices/{fleet.device_id(2)}").text)
    assert "This device is the endpoint https://api.example.com/v1" in about
    assert "Hosted models run on endpoints only" in words(client.get("/flash").text)
    refused = client.get(f"/cost/{fleet_made.results[0].result_id}")
    assert refused.status_code == 400
    assert "list price" in refused.text


def test_a_board_is_compared_with_a_hosted_model_that_was_measured(
    open_hub: Callable[[fleet.Fleet], TestClient],
) -> None:
    fleet_made = made()
    fleet_made.prices_usd[1] = 80.0
    client = open_hub(fleet_made)
    page = client.get(f"/cost/{fleet_made.results[1].result_id}?baseline=token:openai/gpt-4o-mini")
    assert page.status_code == 200, words(page.text)
    assert "measured here: TTFT 310 ms, decode 91.0 tokens/s" in words(page.text)


def test_an_endpoint_on_its_client_claims_no_cloud(open_hub: Callable[[fleet.Fleet], TestClient]) -> None:
    here = "http://127.0.0.1:8080/v1"
    fleet_made = made(replace(REMOTE, on_this_host=True, endpoint=here))
    fleet_made.facts[1] = replace(CLOUD_FACTS, endpoint=here)
    fleet_made.prices_usd[1] = 80.0
    client = open_hub(fleet_made)
    assert "measured here" not in client.get(f"/cost/{fleet_made.results[1].result_id}").text
    run = words(client.get(f"/runs/{fleet_made.results[0].result_id}").text)
    assert "its times include no network and no cloud" in run
    assert ON_THIS_HOST in run
    assert "endpoint on its client" in words(client.get("/").text)
