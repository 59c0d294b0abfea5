"""Scenarios under a name: saved with their prices and figures, and shown with those of then and of now."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from edgeprof.errors import EdgeprofError
from edgeprof_hub.cost import alternatives, saved_scenario
from edgeprof_hub.cost.past_prices import prices_asked
from edgeprof_hub.cost.price_moment import Prices, written_moment
from edgeprof_hub.cost.run import PRICE_KEYS, RunCost
from edgeprof_hub.cost.saved_scenario import SavedFigures, Then
from edgeprof_hub.store.reader import SqliteReader
from edgeprof_hub.store.scenarios import KeptScenario
from edgeprof_hub.views.cost_saved import SavedView, saved_view


def to_save(run: RunCost, name: str, query: str, now_s: float) -> KeptScenario:
    """A scenario with what it says of this run with the prices that its address names. Raises for unknown prices."""
    asked = dict(parse_qsl(query))
    prices = run.prices(asked, now_s)
    then = Then(
        catalogue=prices.catalogue.sha256,
        at_s=prices.at_s,
        result_id=run.result.result_id,
        figures=_figures(run, asked, prices)[0],
    )
    tidy = urlencode([(key, value) for key, value in asked.items() if value and key not in PRICE_KEYS])
    return KeptScenario(name, tidy, saved_scenario.stored(then))


def shown(run: RunCost, reader: SqliteReader, now: Prices) -> tuple[SavedView, ...]:
    """What each saved scenario says about this run."""
    return tuple(_shown(run, reader, saved, now) for saved in reader.scenarios.all())


def _shown(run: RunCost, reader: SqliteReader, saved: KeptScenario, now: Prices) -> SavedView:
    asked, then = dict(parse_qsl(saved.query)), saved_scenario.read(saved.then_had)
    figures, problem = _figures(run, asked, now)
    address = f"/cost/{run.result.result_id}?{saved.query}"
    if then is None:
        return saved_view(saved.name, address, now=figures, problem=problem)
    pinned = urlencode({"catalogue": then.catalogue, "as_of": written_moment(then.at_s)})
    return saved_view(
        saved.name,
        address,
        now=figures,
        problem=problem,
        then=_figures_then(run, reader, asked, then, now, figures),
        then_href=f"{address}&{pinned}" if saved.query else f"{address}{pinned}",
        then_of=f"{written_moment(then.at_s).replace('T', ' ')} UTC, catalogue {then.catalogue[:12]}",
    )


def _figures_then(
    run: RunCost,
    reader: SqliteReader,
    asked: Mapping[str, str],
    then: Then,
    now: Prices,
    figures_now: SavedFigures | None,
) -> SavedFigures | None:
    """The saved ones; for another run than the saved one, computed with the prices of then."""
    if then.result_id == run.result.result_id:
        return then.figures
    if then.catalogue == now.catalogue.sha256 and not alternatives.has_price_of_moment(run.baseline(asked)):
        return figures_now
    try:
        prices = prices_asked(reader, then.catalogue, written_moment(then.at_s), now.at_s)
    except EdgeprofError:
        return None
    return _figures(run, asked, prices)[0]


def _figures(run: RunCost, asked: Mapping[str, str], prices: Prices) -> tuple[SavedFigures | None, str]:
    """Or None and why."""
    try:
        return saved_scenario.figures_of(run.summary(asked, prices)), ""
    except EdgeprofError as error:
        return None, error.message
