"""What a cell of a cloud endpoint costs: its list price by the token, for the scenario's answers."""

from dataclasses import replace

from edgeprof.errors import EdgeprofError
from edgeprof.wire import rest
from edgeprof.wire.remote import Remote
from edgeprof_hub.cost.alternative import Alternative, key_of
from edgeprof_hub.cost.alternatives import alternative_of
from edgeprof_hub.cost.bill import settled
from edgeprof_hub.cost.billed_tokens import billed_tokens
from edgeprof_hub.cost.case import values_of
from edgeprof_hub.cost.fields import content_fields
from edgeprof_hub.cost.inputs import CostInput, plain
from edgeprof_hub.cost.price_moment import Prices, written_moment
from edgeprof_hub.cost.scenario import Scenario, TokenBaseline
from edgeprof_hub.cost.work import PER_1M_TOKENS

ON_THIS_HOST = "This endpoint runs on its client's machine: it is not a cloud and has no list price."
NO_PRICE = (
    "The model's document names no price. Name it: "
    "`edgeprof endpoint model NAME --price-provider PROVIDER --price-model MODEL`."
)
VERDICT = "This is the cloud: the figure is its list price, not a bill."


def endpoint_cost(remote: Remote, scenario: Scenario, prices: Prices) -> rest.CostView | str:
    """The list price of the scenario's answers; a text is the reason why there is none."""
    if remote.on_this_host:
        return ON_THIS_HOST
    if remote.price_provider is None or remote.price_model is None:
        return NO_PRICE
    sold_as = TokenBaseline(remote.price_provider, remote.price_model)
    fields = {field.key: field for field in content_fields(scenario, "answer")}
    name = f"{remote.price_provider}/{remote.price_model}"
    own = replace(prices, billed={**prices.billed, name: billed_tokens(remote)})
    try:
        listed = alternative_of(key_of(sold_as), fields, own)
    except EdgeprofError as error:
        return error.message
    return _view(listed, listed.usd(values_of(fields), scenario.answers_per_day), remote, scenario, prices)


def _view(listed: Alternative, answer_usd: float, remote: Remote, scenario: Scenario, prices: Prices) -> rest.CostView:
    catalogue = prices.catalogue
    usd = settled(answer_usd * 1_000_000 / (scenario.input_tokens + scenario.output_tokens))
    inputs = (
        CostInput(name="daily volume", value=f"{plain(scenario.answers_per_day)} answers", origin="assumed"),
        listed.price,
        CostInput(
            name="tokens of this run",
            value=_tokens_of_run(remote),
            origin="measured",
            source="all of its requests, as the endpoint counts them",
        ),
        CostInput(
            name="price catalogue", value=f"sha256 {catalogue.sha256}", origin="catalogue", as_of=catalogue.as_of
        ),
    )
    return rest.CostView(
        unit=PER_1M_TOKENS,
        edge_usd=usd,
        edge_parts_usd={"list price": usd},
        not_counted=(*listed.not_counted, "quality (its accuracy on the same test is unknown)"),
        cloud_usd=None,
        cloud_name="this device is the cloud",
        cloud_basis=listed.basis,
        per_day=scenario.answers_per_day,
        break_even_per_day=None,
        break_even_kind="is_cloud",
        verdict=VERDICT,
        inputs={item.name: item.text() for item in inputs},
        as_of=str(listed.as_of),
        catalogue_sha256=catalogue.sha256,
        priced_at=written_moment(prices.at_s),
    )


def _tokens_of_run(remote: Remote) -> str:
    cached = f" ({remote.total_cached_tokens} of them cached)" if remote.total_cached_tokens else ""
    reasoning = f" ({remote.total_reasoning_tokens} of them reasoning)" if remote.total_reasoning_tokens else ""
    return f"{remote.total_input_tokens} in{cached}, {remote.total_output_tokens} out{reasoning}"
