"""Token prices come from the real genai-prices package, dated, without any network."""

from datetime import UTC, datetime
from decimal import Decimal as D
from importlib.metadata import version

import pytest

from edgeprof_hub.cost.checks import CostError
from edgeprof_hub.cost.prices import TokenQuote, audio_quote, token_quote


def at(year: int, month: int, day: int) -> float:
    return datetime(year, month, day, 12, tzinfo=UTC).timestamp()


def quote(provider: str, model: str, at_s: float) -> TokenQuote:
    return token_quote(provider=provider, model=model, input_tokens=500, output_tokens=300, at_s=at_s)


def test_a_hosted_small_model_is_priced_to_the_micro_dollar():
    found = quote("groq", "llama-3.1-8b-instant", at(2026, 11, 23))
    assert found.usd == D("0.000049")
    assert {use.kind: use.usd_per_million for use in found.uses} == {"input": D("0.05"), "output": D("0.08")}
    assert (found.provider, found.model_id) == ("Groq", "llama-3.1-8b-instant")
    assert found.source == f"genai-prices {version('genai-prices')}"
    assert found.as_of == datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_the_moment_decides_the_price():
    before, after = (
        quote("openrouter", "meta-llama/llama-3.2-1b-instruct", moment).usd
        for moment in (at(2026, 10, 1), at(2026, 11, 23))
    )
    assert (before, after) == (D("0.0000055"), D("0.0000738"))


def test_a_model_of_which_the_price_fell_has_the_price_of_the_moment():
    before, after = (
        token_quote(provider="openai", model="o3", input_tokens=1_000_000, output_tokens=0, at_s=moment)
        for moment in (at(2025, 5, 1), at(2026, 11, 27))
    )
    assert [found.usd for found in (before, after)] == [10, 2]


@pytest.mark.parametrize(
    ("provider", "model", "usd_per_million"),
    [("openai", "text-embedding-3-small", "0.02"), ("google", "gemini-embedding-001", "0.15")],
)
def test_an_embedding_is_priced_by_what_it_reads(provider: str, model: str, usd_per_million: str):
    found = token_quote(provider=provider, model=model, input_tokens=256, output_tokens=0, at_s=at(2026, 11, 27))
    assert [(use.kind, use.usd_per_million) for use in found.uses] == [("input", D(usd_per_million))]


@pytest.mark.parametrize(
    ("provider", "model", "hour_usd", "least_s"),
    [
        ("openai", "whisper-1", "0.36", 0),
        ("openai", "gpt-transcribe", "0.27", 0),
        ("groq", "whisper-large-v3-turbo", "0.04", 10),
        ("mistral", "voxtral-mini-2602", "0.18", 0),
    ],
)
def test_hosted_speech_is_priced_by_the_hour_with_its_minimum(provider: str, model: str, hour_usd: str, least_s: int):
    found = audio_quote(provider=provider, model=model, at_s=at(2026, 11, 27))
    assert (found.hour_usd, found.billing.minimum_s) == (D(hour_usd), least_s)
    assert found.billing.units(1.0) * 3600 == pytest.approx(max(1, least_s), rel=1e-12)


def test_a_model_that_is_not_sold_that_way_has_no_price_of_that_kind():
    with pytest.raises(CostError, match="no price by the hour of audio"):
        audio_quote(provider="openai", model="text-embedding-3-small", at_s=at(2026, 11, 27))
    with pytest.raises(CostError, match="no price by the token"):
        quote("openai", "whisper-1", at(2026, 11, 27))


@pytest.mark.parametrize(("provider", "model"), [("groq", "no-such-model"), ("no-such-provider", "llama")])
def test_a_model_without_a_price_is_named(provider: str, model: str):
    with pytest.raises(CostError, match=f"no price for the model '{model}' of '{provider}'") as refused:
        quote(provider, model, at(2026, 11, 23))
    assert refused.value.code == "price_unknown"


def test_a_request_without_tokens_or_at_no_moment_is_refused():
    with pytest.raises(CostError, match="at least one input token"):
        token_quote(provider="groq", model="llama-3.1-8b-instant", input_tokens=0, output_tokens=1, at_s=0.0)
    with pytest.raises(CostError, match="not a time"):
        quote("groq", "llama-3.1-8b-instant", float("nan"))


def test_reasoning_is_billed_as_output_and_cached_input_at_its_own_price():
    moment = at(2026, 11, 27)
    plain, thinking = (
        token_quote(
            provider="openai",
            model="gpt-5-nano",
            input_tokens=500,
            output_tokens=300,
            reasoning_tokens=count,
            at_s=moment,
        )
        for count in (0, 320)
    )
    assert (plain.usd, thinking.usd) == (D("0.000145"), D("0.000273"))
    cached = token_quote(
        provider="openai", model="gpt-5-nano", input_tokens=500, output_tokens=300, cached_tokens=400, at_s=moment
    )
    assert {use.kind: (use.tokens, use.usd_per_million) for use in cached.uses} == {
        "input": (100, D("0.05")),
        "cached input": (400, D("0.005")),
        "output": (300, D("0.4")),
    }
    assert cached.usd == D("0.000127")


def test_a_cache_without_a_price_of_its_own_is_billed_as_input():
    whole = token_quote(
        provider="groq",
        model="llama-3.1-8b-instant",
        input_tokens=500,
        output_tokens=300,
        cached_tokens=500,
        at_s=at(2026, 11, 27),
    )
    assert whole.usd == quote("groq", "llama-3.1-8b-instant", at(2026, 11, 27)).usd
    with pytest.raises(CostError, match="501 cached tokens are not a part of 500"):
        token_quote(
            provider="groq",
            model="llama-3.1-8b-instant",
            input_tokens=500,
            output_tokens=300,
            cached_tokens=501,
            at_s=at(2026, 11, 27),
        )


def test_a_price_of_zero_is_a_price_and_an_unknown_one_is_not():
    free = quote("openrouter", "cognitivecomputations/dolphin3.0-mistral-24b:free", at(2026, 11, 27))
    assert free.usd == 0
    assert [use.usd_per_million for use in free.uses] == [0, 0]
    with pytest.raises(CostError, match="no price by the token"):
        quote("cerebras", "qwen-3-coder-480b", at(2026, 11, 27))
