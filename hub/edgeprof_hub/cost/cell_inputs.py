"""The inputs of a cell's cost in words, each with its origin: what the figure rests on."""

from collections.abc import Iterable, Mapping

from edgeprof.wire.messages import MetricRow
from edgeprof_hub.cost.alternative import Alternative
from edgeprof_hub.cost.catalogue.loader import Catalogue
from edgeprof_hub.cost.field import Field
from edgeprof_hub.cost.fields import usd_of
from edgeprof_hub.cost.inputs import CostInput, catalogue_input, plain, rounded
from edgeprof_hub.cost.kind import PIECES
from edgeprof_hub.cost.price_moment import Prices
from edgeprof_hub.cost.scenario import Scenario
from edgeprof_hub.cost.subject import Subject
from edgeprof_hub.cost.work import AC_SCOPE, MeasuredQuantity, per_day_of

HEARD = "the window of the Whisper models; settings and the cost page change it"


def edge_inputs(
    subject: Subject,
    scenario: Scenario,
    service: MeasuredQuantity,
    energy: MeasuredQuantity | None,
    devices: CostInput,
    prices: Prices,
) -> Iterable[CostInput]:
    """Of the device's side; `devices`: how many the volume takes."""
    yield from _work(subject, scenario, service)
    yield from _entered(subject, scenario)
    yield devices
    if energy is not None:
        row = energy.rows[0]
        yield _measured("energy", f"{rounded(row.value)} J, scope {row.scope or 'not stated'}", row)
        if row.scope != AC_SCOPE:
            yield CostInput(name="supply efficiency", value=plain(scenario.supply_efficiency), origin="assumed")
    yield from _tariff(scenario, prices)


def devices_input(devices: int, capacity_per_day: float, piece: str) -> CostInput:
    """How many the volume takes."""
    source = f"one can do {plain(round(capacity_per_day))} {piece} a day, always available"
    return CostInput(name="devices", value=str(devices), origin="assumed", source=source)


def idle_input(idle_w: float | None) -> Iterable[CostInput]:
    """The profile's figure, where there is one."""
    if idle_w is not None:
        value = f"{plain(idle_w)} W"
        yield CostInput(name="idle power, in no bill", value=value, origin="modelled", source="device profile")


def cloud_inputs(alternative: Alternative, fields: Mapping[str, Field], scenario: Scenario) -> Iterable[CostInput]:
    """Of the cloud's side."""
    yield alternative.price
    if "pages" in alternative.uses:
        yield CostInput(name="pages", value="1", origin="assumed", source="one in each inference")
    if "audio_s" in alternative.uses:
        source = "the fleet's scenario" if scenario.is_entered else HEARD
        origin = "entered" if scenario.is_entered else "assumed"
        yield CostInput(
            name="audio in an inference", value=f"{plain(scenario.audio_s)} s", origin=origin, source=source
        )
    if "instances" in alternative.uses:
        yield CostInput(
            name="rented instances", value="1", origin="assumed", source="enough for this volume; not measured"
        )
    if "tau" in alternative.uses:
        limit = f"up to {plain(scenario.cloud_tokens_limit)}"
        yield CostInput(name="cloud tokens per edge token", value="1", origin="assumed", source=limit)
        if "output_tokens" not in fields:
            yield _read(fields["input_tokens"])


def catalogue_hash(catalogue: Catalogue) -> CostInput:
    """Which price catalogue was used."""
    value = f"sha256 {catalogue.sha256}"
    return CostInput(name="price catalogue", value=value, origin="catalogue", as_of=catalogue.as_of)


def _work(subject: Subject, scenario: Scenario, service: MeasuredQuantity) -> Iterable[CostInput]:
    volume = f"{plain(per_day_of(subject.kind, scenario))} {PIECES[subject.kind]}"
    yield CostInput(name="daily volume", value=volume, origin="assumed")
    if not subject.is_language:
        yield _measured("time of one inference", f"{rounded(service.value)} ms", service.rows[0])
        return
    if subject.kind == "answer":
        read, written = scenario.input_tokens, scenario.output_tokens
        shape = f"{read} tokens in and {written} out; 1M tokens are of both, in this proportion"
        yield CostInput(name="an answer", value=shape, origin="assumed")
    for row, name in zip(service.rows, ("prefill", "decode"), strict=False):
        yield _measured(name, f"{rounded(row.value)} tokens/s", row)


def _entered(subject: Subject, scenario: Scenario) -> Iterable[CostInput]:
    low, high = scenario.lifetime_limits_years
    limits = f"{plain(low)} to {plain(high)} are usual"
    price = f"{plain(subject.price_usd or 0.0)} USD"
    yield CostInput(name="board price", value=price, origin="entered", source=subject.price_source or "")
    yield CostInput(name="lifetime", value=f"{plain(scenario.lifetime_years)} years", origin="assumed", source=limits)
    if scenario.maintenance_usd_per_year:
        upkeep = f"{plain(scenario.maintenance_usd_per_year)} USD a year"
        yield CostInput(name="maintenance", value=upkeep, origin="entered")


def _tariff(scenario: Scenario, prices: Prices) -> Iterable[CostInput]:
    if scenario.tariff_usd_per_kwh is not None:
        value = f"{plain(scenario.tariff_usd_per_kwh)} USD/kWh"
        yield CostInput(name="tariff", value=value, origin="entered", source="the fleet's scenario")
        return
    priced = prices.catalogue.get(scenario.tariff_id, "tariff")
    currency = priced.entry.currency
    yield catalogue_input("tariff", f"{plain(priced.price)} {currency}/kWh", priced, prices.day)
    rate = scenario.rate(currency)
    if currency != "USD" and rate is not None:
        value = f"{plain(usd_of(priced, scenario))} USD per {currency}"
        yield CostInput(name="exchange rate", value=value, origin="entered", as_of=rate.as_of)


def _read(field: Field) -> CostInput:
    value = f"{plain(field.value or 0)} tokens".replace(",", "")
    if field.origin == "measured":
        return CostInput(name="read by an inference", value=value, origin="measured", source="the input that was fed")
    return CostInput(name="read by an inference", value=value, origin=field.origin, source="the scenario")


def _measured(name: str, value: str, row: MetricRow) -> CostInput:
    return CostInput(name=name, value=value, origin=row.origin, source=row.metric)
