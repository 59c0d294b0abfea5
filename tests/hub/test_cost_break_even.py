"""The break-even is the least whole volume at which the device costs no more: there it does, one below it does not."""

from decimal import Decimal as D

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from edgeprof_hub.cost import bill
from edgeprof_hub.cost.break_even import break_even_per_day, pays
from edgeprof_hub.cost.tiers import MONTH_DAYS, Tier
from tests.hub import cost_oracle, cost_oracle_cloud
from tests.hub.explorer_cases import camera, flat, priced, values

PRICES_USD = st.integers(1, 100).map(lambda tenths_of_a_cent: tenths_of_a_cent / 10_000)


@st.composite
def price_lists(draw: st.DrawFn, falling: bool = True) -> tuple[Tier, ...]:
    """Free units, tiers that fall (or do as they like), an end or none."""
    limits = sorted(draw(st.lists(st.integers(50, 200_000), max_size=3, unique=True)))
    ends = [*map(float, limits), draw(st.sampled_from((None, 2_000_000.0)))]
    usd = draw(st.lists(PRICES_USD, min_size=len(ends), max_size=len(ends)))
    listed = [Tier(end, price) for end, price in zip(ends, sorted(usd, reverse=True) if falling else usd, strict=True)]
    free = draw(st.sampled_from((0.0, 10.0, 1000.0)))
    return (Tier(free, 0.0), *listed) if free else tuple(listed)


def board(price: float, service_ms: float, upkeep: float, joules: float) -> dict[str, float]:
    """Idle power is in no cell's bill; the tariff and the supply are the camera's."""
    asked = {"price_usd": price, "service_ms": service_ms, "maintenance_usd": upkeep, "energy_j": joules}
    return {**values(camera()), **asked, "idle_w": 0.0}


boards = st.builds(
    board,
    price=st.floats(0, 3000),
    service_ms=st.floats(0.1, 5e6),
    upkeep=st.floats(0, 200),
    joules=st.one_of(st.just(0.0), st.floats(0, 20_000)),
)


@given(of=boards, tiers=st.one_of(price_lists(), price_lists(falling=False)))
def test_there_the_device_costs_no_more_and_one_below_it_does(of: dict[str, float], tiers: tuple[Tier, ...]) -> None:
    cloud = priced(tiers)
    found = break_even_per_day(of, cloud)
    if found is None:
        return
    assert found >= 1
    assert found <= bill.capacity_per_day(of) * (1 + 1e-12)
    assert bill.devices_for(of, found) == 1
    assert found <= cloud.max_per_day(of)
    assert pays(of, cloud, found)
    assert found == 1 or not pays(of, cloud, found - 1)


@example(
    of=board(160.0, 2.0, 0.0, 0.0), tiers=(Tier(None, 0.001),)
)  # 146.12: 147 and not 146, which the explorer rounded it to
@given(of=boards, tiers=st.one_of(price_lists(), price_lists(falling=False)))
def test_it_is_the_one_that_is_found_by_trying_each_volume_in_decimal(
    of: dict[str, float], tiers: tuple[Tier, ...]
) -> None:
    exact = {key: D(repr(value)) for key, value in of.items()}
    edge = cost_oracle.EdgeCost(
        fixed_usd_per_day={
            "hardware": cost_oracle.capex_usd_per_day(hardware_usd=exact["price_usd"]),
            "maintenance": cost_oracle.maintenance_usd_per_day(exact["maintenance_usd"]),
        },
        variable_usd={"energy": cost_oracle.energy_usd(cost_oracle.wall_j(exact["energy_j"]), exact["tariff_usd"])},
    )
    listed = [cost_oracle_cloud.Tier(None if t.up_to is None else D(repr(t.up_to)), D(repr(t.usd))) for t in tiers]
    last = tiers[-1].up_to
    most = min(int(bill.capacity_per_day(of)), 2500, 2500 if last is None else int(last / MONTH_DAYS))
    theirs = cost_oracle_cloud.least_whole_per_day(edge, listed, most)
    ours = break_even_per_day(of, priced(tiers))
    if theirs is None:
        # A tie that only Decimal tells apart is one here.
        assert ours is None or ours > most or _is_tie(of, tiers, ours)
    else:
        assert ours == theirs or (ours is not None and ours < theirs and _is_tie(of, tiers, ours))


def _is_tie(of: dict[str, float], tiers: tuple[Tier, ...], per_day: int) -> bool:
    return priced(tiers).usd(of, per_day) == pytest.approx(bill.edge_usd(of, per_day), rel=1e-9)


@given(price=st.floats(1, 3000), service_ms=st.floats(1000, 5e6), volume=st.integers(1, 100_000))
def test_a_volume_that_takes_two_devices_is_never_the_break_even(price: float, service_ms: float, volume: int) -> None:
    """A second device doubles the bill: what one device does not reach, is never."""
    of = board(price, service_ms, 0.0, 0.0)
    capacity = bill.capacity_per_day(of)
    usd = price / 3 / 365 / volume
    found = break_even_per_day(of, flat(usd))
    assume(abs(capacity - volume) > 1e-6)
    assert (found is None) == (volume > capacity)
    if volume > capacity:
        assert bill.devices_for(of, volume) > 1


@pytest.mark.parametrize(
    ("price", "cloud_usd", "volume"),
    [(160.0, 0.001, 147), (109.5, 0.001, 100), (109.5, 0.00125, 80), (0.0, 0.001, 1), (0.5, 0.01, 1)],
)
def test_equal_bills_are_a_break_even_and_a_part_of_a_piece_is_a_whole_one(
    price: float, cloud_usd: float, volume: int
) -> None:
    assert break_even_per_day(board(price, 2.0, 0.0, 0.0), flat(cloud_usd)) == volume


def test_free_units_move_it_and_the_list_s_end_ends_the_search() -> None:
    of = board(109.5, 2.0, 0.0, 0.0)
    free = priced((Tier(1000.0, 0.0), Tier(None, 0.001)))
    assert break_even_per_day(of, free) == 133  # 100 and a day's part of the thousand, 32.9
    assert break_even_per_day(of, priced((Tier(1000.0, 0.001),))) is None
