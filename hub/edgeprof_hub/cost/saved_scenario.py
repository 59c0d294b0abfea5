"""What a saved scenario had when it was saved: its prices, and the figures of the run that it was saved on."""

import msgspec

from edgeprof_hub.cost.case import Summary


class SavedFigures(msgspec.Struct, frozen=True, kw_only=True):
    """US dollars for one piece of work, each with its 5 and 95 % points."""

    edge_usd: float
    edge_low_usd: float
    edge_high_usd: float
    cloud_usd: float
    cloud_low_usd: float
    cloud_high_usd: float
    verdict: str


class Then(msgspec.Struct, frozen=True, kw_only=True):
    """`catalogue`: the SHA-256 of its files. `figures`: None where the scenario could not be computed."""

    catalogue: str
    at_s: float
    result_id: str
    figures: SavedFigures | None


def figures_of(summary: Summary) -> SavedFigures:
    """What is saved of an answer."""
    edge, cloud = summary.spread.edge, summary.spread.cloud
    return SavedFigures(
        edge_usd=summary.edge_usd,
        edge_low_usd=edge.low,
        edge_high_usd=edge.high,
        cloud_usd=summary.cloud_usd,
        cloud_low_usd=cloud.low,
        cloud_high_usd=cloud.high,
        verdict=summary.verdict,
    )


def stored(then: Then) -> str:
    """As it lies in the database."""
    return msgspec.json.encode(then).decode()


def read(text: str | None) -> Then | None:
    """None for a scenario that an earlier release saved, without its prices."""
    return None if text is None else msgspec.json.decode(text, type=Then)
