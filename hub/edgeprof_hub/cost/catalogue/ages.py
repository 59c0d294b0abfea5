"""How old an entry of each kind may get before it is stale: by how often its source is renewed.

A price that was read on a seller's page is as old as that day. A statistic is as old as the end of the period that it
covers, and is published months to years after it.
"""

from collections.abc import Mapping

from edgeprof_hub.cost.catalogue.schema import EntryKind

SELLERS_LIST_DAYS = 365
"""A list price changes rarely and with notice. A year asks for one look at each seller's page a year."""
TARIFF_DAYS = 730
"""An average of a half year or of a year comes out months after its end and stands until the next one does, so that a
current one can be more than a year old. Two years also bear one renewal that was missed."""
GRID_CARBON_DAYS = 2920
"""A yearly statistic that reaches the packages that we read it from years late: codecarbon has countries of 2023, and
the world's average out of a report of 2019. Grids change slowly: ecologits differs from it by 4 % for the world, and
`low` and `high` of an entry span both. Eight years ask for a newer report of the world before 2028."""

MAX_AGE_DAYS: Mapping[EntryKind, int] = {
    "call": SELLERS_LIST_DAYS,
    "audio": SELLERS_LIST_DAYS,
    "page": SELLERS_LIST_DAYS,
    "instance": SELLERS_LIST_DAYS,
    "egress": SELLERS_LIST_DAYS,
    "tariff": TARIFF_DAYS,
    "carbon": GRID_CARBON_DAYS,
}
"""Prices by the token are not here: genai-prices does not date them, and its version is shown instead."""
