"""What must hold for every device, price list and volume."""

from decimal import Decimal as D
from decimal import localcontext

from hypothesis import given
from hypothesis import strategies as st

from tests.hub import cost_oracle as formulas
from tests.hub import cost_oracle_cloud as cloud
from tests.hub.cost_oracle_cloud import Tier, crossing_per_day

ROUNDING = D("1e-20")


def amounts(low: str, high: str, places: int) -> st.SearchStrategy[D]:
    return st.decimals(D(low), D(high), places=places)


volumes = amounts("1", "1000000", 1)
parts_usd = st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), amounts("0", "100", 6), min_size=1)


@st.composite
def edges(draw: st.DrawFn) -> formulas.EdgeCost:
    fixed = draw(parts_usd)
    variable = {f"v{name}": usd / 1000 for name, usd in draw(parts_usd).items()}
    return formulas.EdgeCost(fixed_usd_per_day=fixed, variable_usd=variable)


@st.composite
def price_lists(draw: st.DrawFn) -> tuple[Tier, ...]:
    """Free units, then falling prices."""
    limits = draw(st.lists(st.integers(1_000, 50_000_000), max_size=3, unique=True))
    prices = sorted(draw(st.lists(amounts("0.0001", "0.01", 5), min_size=len(limits) + 1, max_size=len(limits) + 1)))
    tiers = [Tier(None if n is None else D(n), p) for n, p in zip([*sorted(limits), None], prices[::-1], strict=True)]
    return cloud.with_free_units(tiers, D(draw(st.sampled_from([0, 500, 1000]))))


@given(edges(), volumes, volumes)
def test_more_volume_never_raises_the_cost_of_a_unit(edge: formulas.EdgeCost, one: D, other: D):
    fewer, more = sorted((one, other))
    assert formulas.full_usd(edge, more) <= formulas.full_usd(edge, fewer) + ROUNDING


@given(edges(), volumes)
def test_the_parts_add_up_to_the_view(edge: formulas.EdgeCost, per_day: D):
    parts = formulas.full_parts_usd(edge, per_day)
    assert set(parts) == {*edge.fixed_usd_per_day, *edge.variable_usd}
    assert sum(parts.values(), D(0)) == formulas.full_usd(edge, per_day)
    assert abs(formulas.full_usd(edge, per_day) * per_day - daily_usd(edge, per_day)) < D("1e-15")


def daily_usd(edge: formulas.EdgeCost, per_day: D) -> D:
    return edge.fixed_total_usd_per_day + formulas.marginal_usd(edge) * per_day


@given(edges(), volumes, amounts("0.001", "100", 3))
def test_the_three_views_are_in_order(edge: formulas.EdgeCost, per_day: D, service_s: D):
    capacity = formulas.capacity_per_day(service_s)
    if per_day <= capacity:
        assert formulas.marginal_usd(edge) <= formulas.floor_usd(edge, capacity) + ROUNDING
        assert formulas.floor_usd(edge, capacity) <= formulas.full_usd(edge, per_day) + ROUNDING


@given(volumes, amounts("0.001", "100", 3))
def test_as_many_devices_as_needed_can_do_the_volume_and_one_fewer_cannot(per_day: D, service_s: D):
    capacity = formulas.capacity_per_day(service_s)
    devices = formulas.devices_needed(per_day, capacity)
    with localcontext(prec=50):
        assert devices * capacity >= per_day - ROUNDING
        assert devices == 1 or (devices - 1) * capacity < per_day


@given(price_lists(), volumes, volumes)
def test_a_larger_month_never_has_a_smaller_bill(tiers: tuple[Tier, ...], one: D, other: D):
    fewer, more = sorted((one, other))
    assert cloud.month_usd(fewer, tiers) <= cloud.month_usd(more, tiers)
    assert cloud.month_usd(more, tiers) <= more * max(tier.usd_per_unit for tier in tiers)


@given(edges(), price_lists())
def test_at_break_even_both_bills_are_equal_and_before_it_the_cloud_is_cheaper(
    edge: formulas.EdgeCost, tiers: tuple[Tier, ...]
):
    per_day = crossing_per_day(edge, tiers, capacity=D(10**12))
    if per_day is None or per_day == 0:
        return
    month = cloud.DAYS_PER_MONTH
    at, before = per_day, per_day * D("0.9")
    cloud_at = cloud.month_usd(at * month, tiers)
    assert abs(daily_usd(edge, at) * month - cloud_at) <= D("1e-12") * max(D(1), cloud_at)
    assert daily_usd(edge, before) * month >= cloud.month_usd(before * month, tiers)
