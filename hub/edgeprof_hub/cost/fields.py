"""The inputs of a cost: what is known of a run, and what is assumed of its use and of the cloud."""

from dataclasses import replace

from edgeprof_hub.cost.catalogue.loader import Priced
from edgeprof_hub.cost.checks import CostError
from edgeprof_hub.cost.field import Field, dated, plain_field, source_of
from edgeprof_hub.cost.fields_edge import edge_fields
from edgeprof_hub.cost.kind import PIECES, WorkKind
from edgeprof_hub.cost.price_moment import Prices
from edgeprof_hub.cost.scenario import Scenario
from edgeprof_hub.cost.subject import Subject
from edgeprof_hub.cost.work import per_day_of

_RETRIES = plain_field("retry_percent", "Cloud requests that are retried", "%", 0, most=1000)
_ENOUGH = "enough for this volume; not measured"
_RENTED = (
    plain_field("features", "Features per call", "", 1, least=1, most=100),
    plain_field("pages", "Pages per inference", "", 1, least=1e-6, most=10_000),
    plain_field("instances", "Rented machines", "", 1, source=_ENOUGH, least=1, most=10_000),
    plain_field("hours_a_day", "Hours a day they run", "h", 24, least=0.01, most=24),
    plain_field("disk_usd", "Disks of all rented machines", "USD a month", None),
    plain_field("response_bytes", "Sent back by the machine per inference", "bytes", None),
)
_EGRESS = plain_field("egress_usd_per_gb", "Egress price", "USD/GB", None)
_EMBODIED = plain_field("embodied_kg", "Carbon of making the device", "kg CO2e", None)


def fields_of(subject: Subject, scenario: Scenario, prices: Prices) -> dict[str, Field]:
    """What is known of a run, and what is assumed of its use."""
    made = [
        _volume(scenario, subject.kind),
        *content_fields(scenario, subject.kind, subject.fed_tokens),
        *edge_fields(subject, scenario),
        _tariff(scenario, prices),
        *_cloud(scenario, subject.kind, prices),
        _EMBODIED,
        _grid(prices),
        _accuracy(subject),
    ]
    return {field.key: field for field in made}


def _volume(scenario: Scenario, kind: WorkKind) -> Field:
    value = per_day_of(kind, scenario)
    unit, ends = f"{PIECES[kind]} a day", (1, 1_000_000)
    return _whose(Field(key="per_day", name="Volume", unit=unit, value=value, least=1e-6, slider=ends), scenario)


def content_fields(scenario: Scenario, kind: WorkKind, fed: int | None = None) -> tuple[Field, ...]:
    """What one piece of work holds, where a cloud's price depends on it. `fed`: tokens, as the run says it."""
    read = _tokens("input_tokens", "Tokens read per answer", scenario.input_tokens, scenario)
    if kind == "answer":
        return (read, _tokens("output_tokens", "Tokens written per answer", scenario.output_tokens, scenario))
    if kind == "reading":
        field = replace(read, name="Tokens read per inference")
        return (replace(field, value=fed, origin="measured", source="the input that was fed") if fed else field,)
    if kind == "listening":
        source = "the window of the Whisper models; enter the length this model takes"
        heard = plain_field("audio_s", "Audio per inference", "s", scenario.audio_s, source=source)
        return (_whose(replace(heard, least=0.001), scenario),)
    return ()


def _tokens(key: str, name: str, value: int, scenario: Scenario) -> Field:
    return _whose(plain_field(key, name, "tokens", value, least=1, most=10_000_000), scenario)


def _whose(field: Field, scenario: Scenario) -> Field:
    """The field as a person set it for the fleet, or as edgeprof assumes it."""
    return replace(field, origin="entered", source="the fleet's scenario") if scenario.is_entered else field


def _cloud(scenario: Scenario, kind: WorkKind, prices: Prices) -> tuple[Field, ...]:
    tau = (_tau(scenario),) if kind in ("answer", "reading") else ()
    return (_RETRIES, *tau, *_RENTED, replace(_EGRESS, source=_egress(prices)))


def _egress(prices: Prices) -> str:
    """List prices, as a hint: which cloud it is, and whether its free GB are used up, is the user's to say."""
    known = prices.catalogue.egress
    if not known:
        return "not counted"
    listed = ", ".join(f"{priced.entry.vendor} {priced.price:f}" for priced in known)
    sources = "; ".join(sorted({source_of(priced, prices.day) for priced in known}))
    return f"not counted; list prices: {listed} ({sources})"


def _tau(scenario: Scenario) -> Field:
    return Field(
        key="tau",
        name="Cloud tokens per device token",
        unit="",
        value=1.0,
        low=1.0,
        high=scenario.cloud_tokens_limit,
        source="tokenizers differ on the same text",
        least=0.01,
        most=100,
    )


def _tariff(scenario: Scenario, prices: Prices) -> Field:
    """Raises CostError for one in a currency of which the scenario has no exchange rate."""
    field = Field(key="tariff_usd", name="Electricity", unit="USD/kWh", value=None)
    if scenario.tariff_usd_per_kwh is not None:
        value = scenario.tariff_usd_per_kwh
        return replace(field, value=value, origin="entered", source="the fleet's scenario")
    priced = prices.catalogue.get(scenario.tariff_id, "tariff")
    value = float(priced.price) * usd_of(priced, scenario)
    return replace(field, value=value, origin="catalogue", source=dated(priced, prices.day))


def usd_of(priced: Priced, scenario: Scenario) -> float:
    """What a unit of an entry's currency is in US dollars."""
    currency = priced.entry.currency
    if currency == "USD":
        return 1.0
    rate = scenario.rate(currency)
    if rate is None:
        raise CostError(
            "price_currency", f"{priced.entry.id} is in {currency}: the scenario has no exchange rate for it."
        )
    return rate.usd


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


def _accuracy(subject: Subject) -> Field:
    low, high = subject.accuracy_ends or (None, None)
    return Field(
        key="accuracy",
        name="Share of right answers",
        unit="",
        value=subject.accuracy,
        low=low,
        high=high,
        origin="measured" if subject.accuracy_ends else "entered",
        source=subject.accuracy_on or "unknown",
        least=1e-9,
        most=1,
    )
