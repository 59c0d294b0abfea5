"""The inputs of the cost explorer: what each is, where its value comes from, and what a person put in its place."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from edgeprof.errors import UsageError
from edgeprof.wire import rest
from edgeprof.wire.messages import MetricRow, Result
from edgeprof_hub.compare.catalogue.loader import Catalogue, Priced
from edgeprof_hub.compare.cost_inputs import InputOrigin
from edgeprof_hub.compare.cost_scenario import Scenario
from edgeprof_hub.compare.cost_work import AC_SCOPE

MOST = 1e12
LANGUAGE = "gguf"


@dataclass(frozen=True, kw_only=True)
class Field:
    """One input. `value` None: blank, so that its part is not counted. `low`, `high`: between which it may lie."""

    key: str
    name: str
    unit: str
    value: float | None
    low: float | None = None
    high: float | None = None
    origin: InputOrigin = "assumed"
    source: str = ""
    least: float = 0.0
    most: float = MOST
    slider: tuple[float, float] | None = None
    """Ends of the slider, where there is one."""

    @property
    def limits(self) -> tuple[float, float]:
        """Low and high end; the value itself where it has none. Never asked of a blank field."""
        value = self.value or 0.0
        return (value if self.low is None else self.low, value if self.high is None else self.high)


Fields = Mapping[str, Field]


def fields_of(
    device: rest.DeviceRecord,
    model: rest.ModelRecord,
    result: Result,
    scenario: Scenario,
    catalogue: Catalogue,
    today: date,
) -> dict[str, Field]:
    """What is known of a run, and what is assumed of its use."""
    metrics = {row.metric: row for row in result.metrics}
    is_language = model.format == LANGUAGE
    made = [
        _volume(scenario, is_language),
        *(_tokens(scenario) if is_language else ()),
        _service(metrics, scenario, is_language),
        _plain("availability_percent", "Time a day that the device may work", "%", 100, least=0.01, most=100),
        _price(device),
        _plain("residual_usd", "Worth at the end", "USD", 0),
        _plain("share_percent", "Share of the device that this is charged with", "%", 100, most=100),
        Field(
            key="lifetime_years",
            name="Lifetime",
            unit="years",
            value=float(scenario.lifetime_years),
            low=float(scenario.lifetime_limits_years[0]),
            high=float(scenario.lifetime_limits_years[1]),
            source="2 to 5 years are usual",
            least=0.1,
            most=50,
            slider=(1, 10),
        ),
        _plain("discount_percent", "Interest on the money spent", "% a year", 0, most=100),
        _plain("maintenance_usd", "Maintenance", "USD a year", float(scenario.maintenance_usd_per_year) or None),
        _energy(metrics, scenario, is_language),
        _plain("idle_w", "Power while idle, day and night", "W", None, source=_idle_hint(device)),
        _efficiency(metrics, scenario),
        _tariff(scenario, catalogue, today),
        _plain("sent_bytes", "Sent by the device for each", "bytes", None),
        _plain("usd_per_gb", "Data plan", "USD/GB", None),
        _plain("retry_percent", "Requests to the cloud that are made again", "%", 0, most=1000),
        *(_tau(scenario) if is_language else ()),
        _plain("features", "Features asked of one call", "", 1, least=1, most=100),
        _plain(
            "instances", "Rented machines", "", 1, source="enough for this volume; not measured", least=1, most=10_000
        ),
        _plain("hours_a_day", "Hours a day that they are on", "h", 24, least=0.01, most=24),
        _plain("embodied_kg", "Carbon of making the device", "kg CO2e", None),
        _grid(catalogue, today),
        _accuracy(model),
    ]
    return {field.key: field for field in made}


def changed(fields: Fields, asked: Mapping[str, str]) -> dict[str, Field]:
    """The fields with what an address says in their place. Raises UsageError for a number of no use."""
    return {key: _changed(field, asked) for key, field in fields.items()}


def _changed(field: Field, asked: Mapping[str, str]) -> Field:
    given = {end: asked.get(f"{field.key}{end}", "").strip() for end in ("", ".low", ".high")}
    new = field
    # A form sends every field: one that is as it was written keeps its origin and all its digits.
    if (text := given[""]) not in ("", written(field.value)):
        value = _number(field, text)
        # Whoever puts another value in its place has no use for the old one's limits, unless they are given, too.
        new = replace(field, value=value, low=None, high=None, origin="entered", source="in this scenario")
    low = _number(field, given[".low"]) if given[".low"] not in ("", written(new.low)) else new.low
    high = _number(field, given[".high"]) if given[".high"] not in ("", written(new.high)) else new.high
    if new.value is None:
        return new
    if not (low if low is not None else new.value) <= new.value <= (high if high is not None else new.value):
        raise UsageError("bad_limits", f"{field.name}: {new.value:g} is not between its limits {low} and {high}.")
    return replace(new, low=low, high=high)


def written(value: float | None) -> str:
    """A number as a form takes it; seven digits are more than anybody measures."""
    return "" if value is None else f"{value:.7g}"


def _number(field: Field, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not field.least <= value <= field.most:
        raise UsageError(
            "bad_number",
            f"{field.name}: {text[:40]!r} is no number from {field.least:g} to {field.most:g} {field.unit}".rstrip()
            + ".",
        )
    return value


def dated(priced: Priced, today: date) -> str:
    """`electricity, households, world; GlobalPetrolPrices ..., 2025-06-30, stale`."""
    stale = ", stale" if priced.stale(today) else ""
    doubt = ", unverified" if priced.source.kind == "unverified" else ""
    return f"{priced.entry.title}; {priced.source.title}, {priced.as_of}{stale}{doubt}"


def _plain(
    key: str, name: str, unit: str, value: float | None, *, source: str = "", least: float = 0.0, most: float = MOST
) -> Field:
    return Field(key=key, name=name, unit=unit, value=value, source=source, least=least, most=most)


def _volume(scenario: Scenario, is_language: bool) -> Field:
    value = scenario.answers_per_day if is_language else scenario.inferences_per_day
    unit = "answers a day" if is_language else "inferences a day"
    return Field(key="per_day", name="Volume", unit=unit, value=float(value), least=1e-6, slider=(1, 1_000_000))


def _tokens(scenario: Scenario) -> tuple[Field, ...]:
    return (
        _plain("input_tokens", "Tokens read for an answer", "tokens", scenario.input_tokens, least=1, most=10_000_000),
        _plain("output_tokens", "Tokens written", "tokens", scenario.output_tokens, least=1, most=10_000_000),
    )


def _service(metrics: Mapping[str, MetricRow], scenario: Scenario, is_language: bool) -> Field:
    """Milliseconds of one inference, or of one answer at the two measured rates."""
    name = "Time of one answer" if is_language else "Time of one inference"
    common = Field(key="service_ms", name=name, unit="ms", value=None, origin="measured", least=1e-9)
    if is_language:
        prefill, decode = metrics.get("prefill_tokens_per_s"), metrics.get("decode_tokens_per_s")
        if prefill is None or decode is None or min(prefill.value, decode.value) <= 0:
            return common
        seconds = scenario.input_tokens / prefill.value + scenario.output_tokens / decode.value
        return replace(common, value=seconds * 1000, source="prefill and decode rate at the scenario's lengths")
    row = metrics.get("latency_mean_ms") or metrics.get("latency_p50_ms")
    return common if row is None or row.value <= 0 else _measured(common, row, 1.0)


def _measured(field: Field, row: MetricRow, times: float) -> Field:
    """The value with its 95 % interval, in the field's unit."""
    ends = [row.ci_low, row.ci_high]
    low, high = (None if end is None else end * times for end in ends)
    value = row.value * times
    is_around = low is not None and high is not None and low <= value <= high
    return replace(
        field,
        value=value,
        low=low if is_around else None,
        high=high if is_around else None,
        origin=row.origin,
        source=row.metric,
    )


def _price(device: rest.DeviceRecord) -> Field:
    return Field(
        key="price_usd",
        name="Device, all in all",
        unit="USD",
        value=device.price_usd,
        origin="entered",
        source=device.price_source or "nobody has entered it yet",
    )


def _energy(metrics: Mapping[str, MetricRow], scenario: Scenario, is_language: bool) -> Field:
    name = "Energy of one answer" if is_language else "Energy of one inference"
    row = metrics.get("energy_per_token_j" if is_language else "energy_per_inference_j")
    field = Field(
        key="energy_j", name=name, unit="J", value=None, origin="measured", source="none was measured in this run"
    )
    if row is None or row.origin != "measured" or row.value < 0:
        return field
    made = _measured(field, row, float(scenario.output_tokens) if is_language else 1.0)
    return replace(made, source=f"{row.metric}, scope {row.scope or 'not stated'}, gross")


def _efficiency(metrics: Mapping[str, MetricRow], scenario: Scenario) -> Field:
    rows = [metrics.get(name) for name in ("energy_per_inference_j", "energy_per_token_j")]
    at_the_wall = any(row is not None and row.scope == AC_SCOPE for row in rows)
    value = 1.0 if at_the_wall else float(scenario.supply_efficiency)
    limits = (1.0, 1.0) if at_the_wall else (0.75, 0.92)
    source = "the meter is at the wall" if at_the_wall else "of the power supply; 0.75 to 0.92 is plausible"
    return Field(
        key="efficiency",
        name="Supply efficiency",
        unit="",
        value=value,
        low=limits[0],
        high=limits[1],
        source=source,
        least=0.01,
        most=1,
    )


def _tau(scenario: Scenario) -> tuple[Field, ...]:
    field = Field(
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
    return (field,)


def _idle_hint(device: rest.DeviceRecord) -> str:
    from edgeprof_devices import load_profiles

    profile = load_profiles().get(device.profile_id or "")
    if profile is None or profile.idle_w is None:
        return "not counted"
    return f"not counted; the device profile's modelled figure is {profile.idle_w.high:g} W"


def _tariff(scenario: Scenario, catalogue: Catalogue, today: date) -> Field:
    field = Field(key="tariff_usd", name="Electricity", unit="USD/kWh", value=None)
    if scenario.tariff_usd_per_kwh is not None:
        value = float(scenario.tariff_usd_per_kwh)
        return replace(field, value=value, origin="entered", source="the fleet's scenario")
    priced = catalogue.get(scenario.tariff_id, "tariff")
    return replace(field, value=float(priced.price), origin="catalogue", source=dated(priced, today))


def _grid(catalogue: Catalogue, today: date) -> Field:
    priced = catalogue.get("carbon-world", "carbon")
    low, high = priced.entry.low, priced.entry.high
    return Field(
        key="grid_g",
        name="Carbon of electricity",
        unit="g CO2e/kWh",
        value=float(priced.price),
        low=None if low is None else float(low),
        high=None if high is None else float(high),
        origin="catalogue",
        source=dated(priced, today),
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
