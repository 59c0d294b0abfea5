"""The inputs about the device: how fast it is, what it costs, what it draws from the wall or a battery."""

from dataclasses import replace

from edgeprof_hub.cost.checks import CostError
from edgeprof_hub.cost.field import Field, measured_field, plain_field
from edgeprof_hub.cost.kind import PIECES
from edgeprof_hub.cost.scenario import Scenario
from edgeprof_hub.cost.subject import Subject
from edgeprof_hub.cost.work import AC_SCOPE, MeasuredQuantity, energy_j, service_ms

_AVAILABILITY = plain_field("availability_percent", "Availability", "%", 100, least=0.01, most=100)
_WORTH = (
    plain_field("residual_usd", "Residual value", "USD", 0),
    plain_field("share_percent", "Share of the device charged to this work", "%", 100, most=100),
)
_DISCOUNT = plain_field("discount_percent", "Discount rate", "% a year", 0, most=100)
_SLEEPS = "not counted; replaces idle power for a device that sleeps between runs"
_WITH_SLEEP = "not counted; needs sleep power"
_SLEEP = (
    plain_field("sleep_w", "Sleep power", "W", None, source=_SLEEPS),
    plain_field("wake_s", "Time to wake up", "s", None, source=_WITH_SLEEP, most=86_400),
    plain_field("wake_j", "Energy to wake up", "J", None, source=_WITH_SLEEP),
)
"""Blank: the device does not sleep between runs."""
_ON_BATTERY = "not counted; enter all three for a device on a battery"
_BATTERY = (
    plain_field("battery_wh", "Energy of a full battery", "Wh", None, source=_ON_BATTERY, least=1e-6),
    plain_field("battery_cycles", "Full cycles in its life", "cycles", None, source=_ON_BATTERY, least=1),
    plain_field("battery_usd", "A new battery", "USD", None, source=_ON_BATTERY),
)
"""Blank: the device has none, or its wear is not counted."""
_NETWORK = (
    plain_field("sent_bytes", "Sent by the device per inference", "bytes", None),
    plain_field("usd_per_gb", "Data plan", "USD/GB", None),
)


def edge_fields(subject: Subject, scenario: Scenario) -> tuple[Field, ...]:
    """In the order in which they are drawn."""
    energy = _energy_j(subject, scenario)
    return (
        _service(subject, scenario),
        _AVAILABILITY,
        _price(subject),
        *_WORTH,
        _lifetime(scenario),
        _DISCOUNT,
        plain_field("maintenance_usd", "Maintenance", "USD a year", scenario.maintenance_usd_per_year or None),
        _energy(subject, energy),
        plain_field("idle_w", "Idle power, day and night", "W", None, source=_idle_hint(subject)),
        *_SLEEP,
        *_BATTERY,
        _efficiency(subject, scenario),
        *_NETWORK,
    )


def _service(subject: Subject, scenario: Scenario) -> Field:
    """Blank where it was not measured: a person may enter it."""
    name = f"Time of one {PIECES[subject.kind].removesuffix('s')}"
    field = Field(key="service_ms", name=name, unit="ms", value=None, origin="measured", least=1e-9)
    try:
        measured = service_ms(subject, scenario)
    except CostError:
        return field
    if not subject.is_language:
        return measured_field(field, measured.rows[0], 1.0)
    rates = "prefill rate at the scenario's length"
    if len(measured.rows) > 1:
        rates = "prefill and decode rate at the scenario's lengths"
    return replace(field, value=measured.value, source=rates)


def _price(subject: Subject) -> Field:
    return Field(
        key="price_usd",
        name="Device price",
        unit="USD",
        value=subject.price_usd,
        origin="entered",
        source=subject.price_source or "not entered",
    )


def _lifetime(scenario: Scenario) -> Field:
    low, high = scenario.lifetime_limits_years
    return Field(
        key="lifetime_years",
        name="Lifetime",
        unit="years",
        value=scenario.lifetime_years,
        low=low,
        high=high,
        source="2 to 5 years are usual",
        least=0.1,
        most=50,
        slider=(1, 10),
    )


def _energy_j(subject: Subject, scenario: Scenario) -> MeasuredQuantity | None:
    try:
        return energy_j(subject, scenario)
    except CostError:
        return None


def _energy(subject: Subject, energy: MeasuredQuantity | None) -> Field:
    field = Field(
        key="energy_j",
        name=f"Energy of one {PIECES[subject.kind].removesuffix('s')}",
        unit="J",
        value=None,
        origin="measured",
        source="not measured in this run",
    )
    if energy is None:
        return field
    row = energy.rows[0]
    made = measured_field(field, row, energy.times)
    return replace(made, source=f"{row.metric}, scope {row.scope or 'not stated'}, gross")


def _efficiency(subject: Subject, scenario: Scenario) -> Field:
    rows = [subject.metrics.get(name) for name in ("energy_per_inference_j", "energy_per_token_j")]
    at_the_wall = any(row is not None and row.scope == AC_SCOPE for row in rows)
    value = 1.0 if at_the_wall else scenario.supply_efficiency
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


def _idle_hint(subject: Subject) -> str:
    if subject.idle_w is None:
        return "not counted"
    return f"not counted; the device profile's modelled figure is {subject.idle_w:g} W"
