"""The explorer's inputs about the device: how fast it is, what it costs, what it draws from the wall or a battery."""

from collections.abc import Mapping
from dataclasses import replace

from edgeprof.wire import rest
from edgeprof.wire.messages import MetricRow
from edgeprof_devices import load_profiles
from edgeprof_hub.cost.field import Field, measured_field, plain_field
from edgeprof_hub.cost.kind import PIECES, WorkKind
from edgeprof_hub.cost.scenario import Scenario
from edgeprof_hub.cost.work import AC_SCOPE


def edge_fields(
    device: rest.DeviceRecord,
    metrics: Mapping[str, MetricRow],
    scenario: Scenario,
    kind: WorkKind,
    is_language: bool,
) -> tuple[Field, ...]:
    """In the order in which they are drawn. `is_language`: the run measured rates, not the time of an inference."""
    return (
        _service(metrics, scenario, kind, is_language),
        plain_field("availability_percent", "Time a day that the device may work", "%", 100, least=0.01, most=100),
        _price(device),
        plain_field("residual_usd", "Worth at the end", "USD", 0),
        plain_field("share_percent", "Share of the device that this is charged with", "%", 100, most=100),
        _lifetime(scenario),
        plain_field("discount_percent", "Interest on the money spent", "% a year", 0, most=100),
        plain_field("maintenance_usd", "Maintenance", "USD a year", float(scenario.maintenance_usd_per_year) or None),
        _energy(metrics, scenario, kind, is_language),
        plain_field("idle_w", "Power while idle, day and night", "W", None, source=_idle_hint(device)),
        *_sleep(),
        *_battery(),
        _efficiency(metrics, scenario),
        plain_field("sent_bytes", "Sent by the device for each", "bytes", None),
        plain_field("usd_per_gb", "Data plan", "USD/GB", None),
    )


def _service(metrics: Mapping[str, MetricRow], scenario: Scenario, kind: WorkKind, is_language: bool) -> Field:
    """Milliseconds of one inference, or of one answer at the two measured rates."""
    name = f"Time of one {PIECES[kind].removesuffix('s')}"
    common = Field(key="service_ms", name=name, unit="ms", value=None, origin="measured", least=1e-9)
    if not is_language:
        row = metrics.get("latency_mean_ms") or metrics.get("latency_p50_ms")
        return common if row is None or row.value <= 0 else measured_field(common, row, 1.0)
    prefill, decode = metrics.get("prefill_tokens_per_s"), metrics.get("decode_tokens_per_s")
    if prefill is None or prefill.value <= 0:
        return common
    if kind == "reading":
        seconds = scenario.input_tokens / prefill.value
        return replace(common, value=seconds * 1000, source="prefill rate at the scenario's length")
    if decode is None or decode.value <= 0:
        return common
    seconds = scenario.input_tokens / prefill.value + scenario.output_tokens / decode.value
    return replace(common, value=seconds * 1000, source="prefill and decode rate at the scenario's lengths")


def _price(device: rest.DeviceRecord) -> Field:
    return Field(
        key="price_usd",
        name="Device, all in all",
        unit="USD",
        value=device.price_usd,
        origin="entered",
        source=device.price_source or "nobody has entered it yet",
    )


def _lifetime(scenario: Scenario) -> Field:
    low, high = scenario.lifetime_limits_years
    return Field(
        key="lifetime_years",
        name="Lifetime",
        unit="years",
        value=float(scenario.lifetime_years),
        low=float(low),
        high=float(high),
        source="2 to 5 years are usual",
        least=0.1,
        most=50,
        slider=(1, 10),
    )


def _energy(metrics: Mapping[str, MetricRow], scenario: Scenario, kind: WorkKind, is_language: bool) -> Field:
    field = Field(
        key="energy_j",
        name=f"Energy of one {PIECES[kind].removesuffix('s')}",
        unit="J",
        value=None,
        origin="measured",
        source="none was measured in this run",
    )
    # What was measured for a written token says nothing of a model that only reads.
    row = metrics.get("energy_per_token_j" if is_language else "energy_per_inference_j")
    if row is None or row.origin != "measured" or row.value < 0 or (is_language and kind == "reading"):
        return field
    made = measured_field(field, row, float(scenario.output_tokens) if is_language else 1.0)
    return replace(made, source=f"{row.metric}, scope {row.scope or 'not stated'}, gross")


def _sleep() -> tuple[Field, ...]:
    """Blank: the device does not sleep between runs."""
    source = "not counted; instead of power while idle, for a device that sleeps between runs"
    with_sleep = "not counted; only with power asleep"
    return (
        plain_field("sleep_w", "Power asleep", "W", None, source=source),
        plain_field("wake_s", "Time to wake up for each", "s", None, source=with_sleep, most=86_400),
        plain_field("wake_j", "Energy to wake up for each", "J", None, source=with_sleep),
    )


def _battery() -> tuple[Field, ...]:
    """Blank: the device has none, or its wear is not counted."""
    source = "not counted; all three, for a device that runs on a battery"
    return (
        plain_field("battery_wh", "Energy of a full battery", "Wh", None, source=source, least=1e-6),
        plain_field("battery_cycles", "Full cycles in its life", "cycles", None, source=source, least=1),
        plain_field("battery_usd", "A new battery", "USD", None, source=source),
    )


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


def _idle_hint(device: rest.DeviceRecord) -> str:
    profile = load_profiles().get(device.profile_id or "")
    if profile is None or profile.idle_w is None:
        return "not counted"
    return f"not counted; the device profile's modelled figure is {profile.idle_w.high:g} W"
