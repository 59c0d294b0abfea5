"""The inputs of the cost explorer: what is known of a run, and what is assumed of its use and of the cloud."""

from dataclasses import replace

from edgeprof.wire import rest
from edgeprof.wire.formats import is_language
from edgeprof.wire.messages import Result
from edgeprof_hub.cost.field import Field, dated, plain_field, source_of
from edgeprof_hub.cost.fields_edge import edge_fields
from edgeprof_hub.cost.kind import PIECES, WorkKind, fed_tokens, kind_of
from edgeprof_hub.cost.price_moment import Prices
from edgeprof_hub.cost.scenario import Scenario


def fields_of(
    device: rest.DeviceRecord, model: rest.ModelRecord, result: Result, scenario: Scenario, prices: Prices
) -> dict[str, Field]:
    """What is known of a run, and what is assumed of its use."""
    metrics = {row.metric: row for row in result.metrics}
    kind, writes = kind_of(model.task, model.format), is_language(model.format)
    made = [
        _volume(scenario, kind),
        *_content(scenario, kind, result, writes),
        *edge_fields(device, metrics, scenario, kind, writes),
        _tariff(scenario, prices),
        *_cloud(scenario, kind, prices),
        plain_field("embodied_kg", "Carbon of making the device", "kg CO2e", None),
        _grid(prices),
        _accuracy(model),
    ]
    return {field.key: field for field in made}


def _volume(scenario: Scenario, kind: WorkKind) -> Field:
    value = scenario.answers_per_day if kind == "answer" else scenario.inferences_per_day
    unit, ends = f"{PIECES[kind]} a day", (1, 1_000_000)
    return _whose(Field(key="per_day", name="Volume", unit=unit, value=float(value), least=1e-6, slider=ends), scenario)


def _content(scenario: Scenario, kind: WorkKind, result: Result, writes: bool) -> tuple[Field, ...]:
    """What one piece of work holds, where a cloud's price depends on it."""
    read = _tokens("input_tokens", "Tokens read for an answer", scenario.input_tokens, scenario)
    if kind == "answer":
        return (read, _tokens("output_tokens", "Tokens written", scenario.output_tokens, scenario))
    if kind == "reading":
        field = replace(read, name="Tokens read by an inference")
        fed = fed_tokens(result.effective.inputs) if result.effective and not writes else None
        return (replace(field, value=fed, origin="measured", source="the input that was fed") if fed else field,)
    if kind == "listening":
        source = "the window of the Whisper models; enter what this model hears at once"
        heard = plain_field("audio_s", "Audio heard by an inference", "s", float(scenario.audio_s), source=source)
        return (_whose(replace(heard, least=0.001), scenario),)
    return ()


def _tokens(key: str, name: str, value: int, scenario: Scenario) -> Field:
    return _whose(plain_field(key, name, "tokens", value, least=1, most=10_000_000), scenario)


def _whose(field: Field, scenario: Scenario) -> Field:
    """The field as a person set it for the fleet, or as edgeprof assumes it."""
    return replace(field, origin="entered", source="the fleet's scenario") if scenario.is_entered else field


def _cloud(scenario: Scenario, kind: WorkKind, prices: Prices) -> tuple[Field, ...]:
    enough = "enough for this volume; not measured"
    return (
        plain_field("retry_percent", "Requests to the cloud that are made again", "%", 0, most=1000),
        *((_tau(scenario),) if kind in ("answer", "reading") else ()),
        plain_field("features", "Features asked of one call", "", 1, least=1, most=100),
        plain_field("pages", "Pages in one inference", "", 1, least=1e-6, most=10_000),
        plain_field("instances", "Rented machines", "", 1, source=enough, least=1, most=10_000),
        plain_field("hours_a_day", "Hours a day that they are on", "h", 24, least=0.01, most=24),
        plain_field("disk_usd", "Disks of the rented machines, all together", "USD a month", None),
        plain_field("response_bytes", "Sent back by the rented machine for each", "bytes", None),
        plain_field("egress_usd_per_gb", "What it asks for a GB that it sends", "USD/GB", None, source=_egress(prices)),
    )


def _egress(prices: Prices) -> str:
    """List prices, as a hint: which cloud it is, and whether its free GB are used up, is the user's to say."""
    known = [priced for _, priced in sorted(prices.catalogue.entries.items()) if priced.entry.kind == "egress"]
    if not known:
        return "not counted"
    listed = ", ".join(f"{priced.entry.vendor} {priced.price:f}" for priced in known)
    sources = "; ".join(sorted({source_of(priced, prices.day) for priced in known}))
    return f"not counted; list prices: {listed} ({sources})"


def _tau(scenario: Scenario) -> Field:
    return Field(
        key="tau",
        name="Cloud tokens for one of ours",
        unit="",
        value=1.0,
        low=1.0,
        high=float(scenario.cloud_tokens_limit),
        source="tokenizers cut the same text differently",
        least=0.01,
        most=100,
    )


def _tariff(scenario: Scenario, prices: Prices) -> Field:
    field = Field(key="tariff_usd", name="Electricity", unit="USD/kWh", value=None)
    if scenario.tariff_usd_per_kwh is not None:
        value = float(scenario.tariff_usd_per_kwh)
        return replace(field, value=value, origin="entered", source="the fleet's scenario")
    priced = prices.catalogue.get(scenario.tariff_id, "tariff")
    return replace(field, value=float(priced.price), origin="catalogue", source=dated(priced, prices.day))


def _grid(prices: Prices) -> Field:
    priced = prices.catalogue.get("carbon-world", "carbon")
    low, high = priced.entry.low, priced.entry.high
    return Field(
        key="grid_g",
        name="Carbon of electricity",
        unit="g CO2e/kWh",
        value=float(priced.price),
        low=None if low is None else float(low),
        high=None if high is None else float(high),
        origin="catalogue",
        source=dated(priced, prices.day),
    )


def _accuracy(model: rest.ModelRecord) -> Field:
    return Field(
        key="accuracy",
        name="Share of answers that are right",
        unit="",
        value=model.accuracy,
        origin="entered",
        source=model.accuracy_on or "not known",
        least=1e-9,
        most=1,
    )
