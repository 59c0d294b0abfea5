"""One case that the explorer computes: the inputs with their limits on one side, a cloud baseline on the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgeprof_hub.cost import draws
from edgeprof_hub.cost.alternative import Alternative
from edgeprof_hub.cost.bill import edge_usd
from edgeprof_hub.cost.checks import CostError
from edgeprof_hub.cost.draws import Spread, Uncertain, Values
from edgeprof_hub.cost.field import Field

NEEDED = ("service_ms", "price_usd")
"""Without these there is no cost at all."""
_DRAWN = (
    *("service_ms", "availability_percent", "price_usd", "residual_usd", "share_percent", "lifetime_years"),
    *("discount_percent", "maintenance_usd", "energy_j", "idle_w", "efficiency", "tariff_usd"),
    *("sleep_w", "wake_s", "wake_j", "battery_wh", "battery_cycles", "battery_usd", "sent_bytes", "usd_per_gb"),
    *("retry_percent", "tau", "audio_s", "features", "pages", "instances", "hours_a_day"),
    *("disk_usd", "response_bytes", "egress_usd_per_gb"),
)
BATTERY = ("battery_wh", "battery_cycles", "battery_usd")
_BLANK: Values = {
    **dict.fromkeys(_DRAWN, 0.0),
    **{"features": 1.0, "pages": 1.0, "instances": 1.0, "hours_a_day": 24.0, "tau": 1.0},
}


@dataclass(frozen=True, kw_only=True)
class Case:
    """`values`: of every input, zero where it is blank. `blank`: of those that are never drawn, as they are blank."""

    alternative: Alternative
    per_day: float
    values: Values
    inputs: Sequence[Uncertain]
    blank: Values

    def bill(self, drawn: Values) -> tuple[float, float]:
        """Edge and cloud at this volume, by the drawn inputs."""
        whole = {**self.blank, **drawn}
        return edge_usd(whole, self.per_day), self.alternative.usd(whole, self.per_day)


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Both bills of one piece of work, the range between them, and who is cheaper."""

    edge_usd: float
    cloud_usd: float
    spread: Spread

    @property
    def verdict(self) -> str:
        return verdict(self.spread)


def case_of(fields: Mapping[str, Field], alternative: Alternative) -> Case:
    """Raises CostError where an input that no cost can do without is blank, or two contradict each other."""
    _check(fields)
    known = [fields[key] for key in _DRAWN if key in fields and fields[key].value is not None]
    values = values_of(fields)
    case = Case(
        alternative=alternative,
        per_day=values["per_day"],
        values=values,
        inputs=[_uncertain(field) for field in known],
        blank=_BLANK,
    )
    if alternative.usd_listed(values, case.per_day) <= 0:
        raise CostError("cost_input", f"{alternative.title} is free at this volume: no comparison.")
    return case


def values_of(fields: Mapping[str, Field]) -> Values:
    """The value of every input; of a blank one what leaves its part out."""
    known = {key: field.value for key, field in fields.items() if field.value is not None}
    return {**dict.fromkeys(fields, 0.0), **_BLANK, **known}


def _check(fields: Mapping[str, Field]) -> None:
    blank = {key for key, field in fields.items() if field.value is None}
    for key in NEEDED:
        if key in blank:
            raise CostError("cost_input", f"{fields[key].name} is missing ({fields[key].source or 'blank'}). Enter it.")
    if not {"idle_w", "sleep_w"} & blank:
        raise CostError(
            "cost_input",
            "A device idles between runs or it sleeps. Enter idle power or sleep power and leave the other blank.",
        )
    if "sleep_w" in blank and {"wake_s", "wake_j"} - blank:
        raise CostError("cost_input", "Waking up counts only for a device that sleeps. Enter sleep power, too.")
    missing = [fields[key].name for key in BATTERY if key in blank]
    if 0 < len(missing) < len(BATTERY):
        raise CostError("cost_input", f"Battery wear needs three inputs. Blank: {', '.join(missing)}.")


def summarised(case: Case) -> Summary:
    """What is saved of a case, and what a saved scenario shows of it."""
    edge, cloud = case.bill(case.values)
    return Summary(edge_usd=edge, cloud_usd=cloud, spread=draws.spread(case.inputs, case.bill))


def verdict(spread: Spread) -> str:
    """Formula 18: a winner only where the 90 % interval of the ratio leaves 1 out."""
    ratio = spread.ratio
    span = f"90 % interval of edge over cloud {_short(ratio.low)} to {_short(ratio.high)}"
    share = f"cheaper on the edge in {100 * spread.edge_cheaper_share:.0f} % of the draws"
    if spread.is_open:
        return f"No clear winner at this volume: {span}, {share}."
    winner = "Edge" if ratio.high < 1 else "Cloud"
    return f"{winner} cheaper at this volume, in what is counted: {span}, {share}."


def _uncertain(field: Field) -> Uncertain:
    low, high = field.limits
    return Uncertain(field.key, field.value or 0.0, low, high)


def _short(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"
