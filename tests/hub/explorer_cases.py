"""A device, two models and their runs, of which the explorer computes the cost."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime

from edgeprof.wire import rest
from edgeprof_hub.cost import field as cost_field
from edgeprof_hub.cost import fields as cost_fields
from edgeprof_hub.cost.alternative import Alternative
from edgeprof_hub.cost.field import Field
from edgeprof_hub.cost.inputs import CostInput
from edgeprof_hub.cost.price_moment import prices_now
from edgeprof_hub.cost.scenario import Scenario
from edgeprof_hub.cost.subject import subject_of
from edgeprof_hub.cost.tiers import MONTH_DAYS, Tier, month_usd
from tests.hub import fleet

TODAY = date(2026, 11, 27)
PRICES = prices_now(datetime(2026, 11, 27, tzinfo=UTC).timestamp())
LABELS = "call:aws-rekognition-detect-labels"
CNN = fleet.model("cnn", "cnn", task="image-classification")
LLM = fleet.model("llm", "llm", "gguf", "Q4_1", "llm")
RUNS = [
    fleet.result(1, CNN, fleet.vision_rows(40.0, 1.0)),
    fleet.result(1, LLM, fleet.language_rows(38.0)),
    fleet.result(2, CNN, fleet.vision_rows(40.0, 1.0), emulated=True),
    fleet.result(1, CNN, failure=fleet.UNSUPPORTED),
]
DEVICE = rest.DeviceRecord(
    device_id=fleet.device_id(1),
    name="pi",
    label="pi",
    online=True,
    last_seen_s=0.0,
    agent_version="",
    hostname="",
    profile_id="rpi-5-8",
    profile_title=None,
    profile_reason="",
    emulated=False,
    price_usd=120.0,
    price_source="a shop",
    facts=None,
)


def fields(**asked: str) -> dict[str, Field]:
    found = cost_fields.fields_of(subject_of(DEVICE, CNN, RUNS[0]), Scenario(), PRICES)
    return cost_field.changed(found, asked)


def camera(**asked: str) -> dict[str, Field]:
    """Example A of the golden ones: 1.8 J in 0.35 s, idle 3 W, upkeep 12 USD a year."""
    given = {
        "price_usd": "120",
        "lifetime_years": "3",
        "maintenance_usd": "12",
        "service_ms": "350",
        "energy_j": "1.8",
        "idle_w": "3",
        "tariff_usd": "0.1872",
        "efficiency": "0.85",
    }
    made = cost_field.changed(fields(), {**given, **asked})
    return {key: replace(field, low=None, high=None) for key, field in made.items()}


def values(found: dict[str, Field]) -> dict[str, float]:
    return {key: field.value or 0.0 for key, field in found.items()}


def flat(usd: float) -> Alternative:
    return priced((Tier(None, usd),))


def priced(tiers: tuple[Tier, ...]) -> Alternative:
    """One sold by the piece at these prices."""

    def usd(_: Mapping[str, float], per_day: float) -> float:
        return month_usd(per_day * MONTH_DAYS, tiers) / (per_day * MONTH_DAYS)

    return Alternative(
        key="x",
        title="flat",
        basis="",
        source="",
        price=CostInput(name="cloud price", value="", origin="assumed"),
        as_of=TODAY,
        usd=usd,
        tiers=tiers,
        units=lambda _: 1.0,
        uses=(),
        not_counted=(),
    )
