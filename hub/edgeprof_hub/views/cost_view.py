"""The cost explorer's context: the inputs as form fields, the answer, and its charts with the figures of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgeprof.tables.cost_words import volume_text
from edgeprof.wire import rest
from edgeprof.wire.messages import Result
from edgeprof_hub.cost.alternative import Alternative
from edgeprof_hub.cost.draws import Driver
from edgeprof_hub.cost.explorer import CurvePoint, Explored
from edgeprof_hub.cost.field import Field, written
from edgeprof_hub.views.cost_figures import PER, usd
from edgeprof_hub.views.cost_saved import SavedView
from edgeprof_hub.views.facts import DataTable

GROUPS: Mapping[str, tuple[str, ...]] = {
    "Use": ("per_day", "input_tokens", "output_tokens", "audio_s", "service_ms", "availability_percent", "accuracy"),
    "Device": (
        *("price_usd", "residual_usd", "share_percent", "lifetime_years", "discount_percent", "maintenance_usd"),
        *("energy_j", "idle_w", "efficiency", "tariff_usd", "sent_bytes", "usd_per_gb"),
    ),
    "Sleep between runs": ("sleep_w", "wake_s", "wake_j"),
    "Battery": ("battery_wh", "battery_cycles", "battery_usd"),
    "Cloud": (
        *("tau", "retry_percent", "features", "pages", "instances", "hours_a_day"),
        *("disk_usd", "response_bytes", "egress_usd_per_gb"),
    ),
    "Carbon": ("grid_g", "embodied_kg"),
}


@dataclass(frozen=True)
class FieldView:
    """One input as the form shows it; texts are empty where there is nothing."""

    field: Field
    value: str
    low: str
    high: str


@dataclass(frozen=True)
class DriverView:
    """One bar of the tornado: the ratio at both limits of one input."""

    name: str
    low: str
    high: str
    ratio_at_low: float
    ratio_at_high: float


@dataclass(frozen=True)
class PricesView:
    """Which prices the page shows. `older`: hash and text of the catalogues that were in use before."""

    sha256: str
    catalogue_as_of: str
    moment: str
    older: Mapping[str, str]
    are_past: bool
    day: str


@dataclass(frozen=True)
class CostPage:
    """All that the page shows. `explored` None: `problem` says what is missing."""

    result: Result
    device: rest.DeviceRecord
    model: rest.ModelRecord
    piece: str
    groups: Mapping[str, tuple[FieldView, ...]]
    baselines: Mapping[str, str]
    alternative: Alternative | None
    baseline: str
    explored: Explored | None
    problem: str
    query: str
    saved: Sequence[SavedView]
    prices: PricesView

    @property
    def break_even(self) -> str:
        """As a cell writes it: at the least where no idle power is in the bill. Empty where there is none."""
        assert self.explored is not None
        crossing = self.explored.crossing
        if crossing is None or crossing.per_day is None:
            return ""
        return volume_text(crossing.per_day, at_least=not self.explored.counts_idle)

    @property
    def table(self) -> DataTable:
        """The curve's figures, every third point."""
        assert self.explored is not None
        heads = ("Volume a day", "Edge", "5 to 95 %", "Cloud", "5 to 95 %")
        rows = [
            (
                f"{point.per_day:,.0f}" if point.per_day >= 10 else f"{point.per_day:.1f}",
                usd(point.edge),
                f"{usd(point.edge_low)} to {usd(point.edge_high)}",
                usd(point.cloud),
                f"{usd(point.cloud_low)} to {usd(point.cloud_high)}",
            )
            for point in self.explored.curve[::3]
        ]
        return DataTable(heads, tuple(rows))

    @property
    def tornado(self) -> tuple[DriverView, ...]:
        """The drivers with their names."""
        assert self.explored is not None
        fields = {view.field.key: view.field for views in self.groups.values() for view in views}
        return tuple(_driver(driver, fields[driver.name]) for driver in self.explored.drivers)


def field_views(fields: Mapping[str, Field], alternative: Alternative | None) -> dict[str, tuple[FieldView, ...]]:
    """The fields by group; of the cloud's only those that the baseline depends on."""
    used = {*(alternative.uses if alternative else ())}
    return {
        title: tuple(
            FieldView(field, written(field.value), written(field.low), written(field.high))
            for key in keys
            if (field := fields.get(key)) is not None and (title != "Cloud" or key in used)
        )
        for title, keys in GROUPS.items()
    }


def curve_of(points: Sequence[CurvePoint]) -> dict[str, object]:
    """As `charts.js` draws it: for `PER` pieces."""
    return {
        "points": [
            {name: value * (1 if name == "per_day" else PER) for name, value in vars(point).items()} for point in points
        ],
        "per": PER,
    }


def _driver(driver: Driver, field: Field) -> DriverView:
    unit = f" {field.unit}" if field.unit else ""
    return DriverView(
        field.name, f"{driver.low:.4g}{unit}", f"{driver.high:.4g}{unit}", driver.ratio_at_low, driver.ratio_at_high
    )
