"""A saved scenario as the explorer shows it: both sides with the prices of then, and with those of now."""

from dataclasses import dataclass

from edgeprof_hub.cost.saved_scenario import SavedFigures
from edgeprof_hub.views.cost_figures import usd


@dataclass(frozen=True)
class SavedView:
    """Texts; empty where there is nothing. `problem`: why there is none now."""

    name: str
    href: str
    edge_then: str
    edge_now: str
    cloud_then: str
    cloud_now: str
    verdict_then: str
    verdict: str
    problem: str
    then_href: str
    then_of: str


def saved_view(
    name: str,
    href: str,
    *,
    now: SavedFigures | None,
    problem: str,
    then: SavedFigures | None = None,
    then_href: str = "",
    then_of: str = "",
) -> SavedView:
    """The row of one scenario."""
    return SavedView(
        name=name,
        href=href,
        edge_then=_edge(then),
        edge_now=_edge(now),
        cloud_then=_cloud(then),
        cloud_now=_cloud(now),
        verdict_then=then.verdict if then else "",
        verdict=now.verdict if now else "",
        problem=problem,
        then_href=then_href,
        then_of=then_of,
    )


def _edge(figures: SavedFigures | None) -> str:
    if figures is None:
        return ""
    return f"{usd(figures.edge_usd)} ({usd(figures.edge_low_usd)} to {usd(figures.edge_high_usd)})"


def _cloud(figures: SavedFigures | None) -> str:
    if figures is None:
        return ""
    return f"{usd(figures.cloud_usd)} ({usd(figures.cloud_low_usd)} to {usd(figures.cloud_high_usd)})"
