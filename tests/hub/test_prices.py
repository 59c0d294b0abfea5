"""Token prices come from the real genai-prices package, dated, without any network."""

from datetime import UTC, datetime
from decimal import Decimal as D
from importlib.metadata import version

import pytest

from edgeprof_hub.compare.cost import CostError
from edgeprof_hub.compare.cost_cloud import tokens_usd
from edgeprof_hub.compare.prices import TokenQuote, token_quote


def at(year: int, month: int, day: int) -> float:
    return datetime(year, month, day, 12, tzinfo=UTC).timestamp()


def quote(provider: str, model: str, at_s: float) -> TokenQuote:
    return token_quote(provider=provider, model=model, input_tokens=500, output_tokens=300, at_s=at_s)


def test_a_hosted_small_model_is_priced_to_the_micro_dollar():
    found = quote("groq", "llama-3.1-8b-instant", at(2026, 11, 23))
    assert tokens_usd(found.uses) == D("0.000049")
    assert {use.kind: use.usd_per_million for use in found.uses} == {"input": D("0.05"), "output": D("0.08")}
    assert (found.provider, found.model_id) == ("Groq", "llama-3.1-8b-instant")
    assert found.source == f"genai-prices {version('genai-prices')}"
    assert found.as_of == datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_the_moment_decides_the_price():
    before, after = (
        tokens_usd(quote("openrouter", "meta-llama/llama-3.2-1b-instruct", moment).uses)
        for moment in (at(2026, 10, 1), at(2026, 11, 23))
    )
    assert (before, after) == (D("0.0000055"), D("0.0000738"))


@pytest.mark.parametrize(("provider", "model"), [("groq", "no-such-model"), ("no-such-provider", "llama")])
def test_a_model_without_a_price_is_named(provider: str, model: str):
    with pytest.raises(CostError, match=f"no price for the model '{model}' of '{provider}'") as refused:
        quote(provider, model, at(2026, 11, 23))
    assert refused.value.code == "price_unknown"


def test_a_request_without_tokens_or_at_no_moment_is_refused():
    with pytest.raises(CostError, match="at least one of each"):
        token_quote(provider="groq", model="llama-3.1-8b-instant", input_tokens=0, output_tokens=1, at_s=0.0)
    with pytest.raises(CostError, match="no moment"):
        quote("groq", "llama-3.1-8b-instant", float("nan"))
