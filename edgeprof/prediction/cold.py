"""A prediction from the board's profile alone."""

import math
from collections.abc import Mapping

import msgspec

from edgeprof.prediction.board import Board
from edgeprof.prediction.fitting import time_s
from edgeprof.prediction.predicted import CannotTell, Predicted, Tier
from edgeprof.prediction.roofline import METRIC, PARAMETERS, Kind, Processor, Terms, Work, figure, terms_s

MEASURE_TWO = "Flash a small and a larger model of this kind to the board; the hub then predicts the rest."
MEASURE_ITSELF = "Profile it on the board."


class Constants(msgspec.Struct, frozen=True, kw_only=True):
    """Fitted once on public rows: what each bound costs beyond its ideal, and how far rows lie from the prediction."""

    coefficients: Terms
    spread: float
    """90 % of the rows that were left out of the fit lie within a factor of exp(spread)."""
    rows: int


ConstantsBy = Mapping[tuple[Kind, Processor], Constants]


def predict_cold(work: Work, board: Board, constants: ConstantsBy) -> Predicted | CannotTell:
    """The figure of the work's kind, with the range that 90 % of left-out rows kept to."""
    known = constants.get((work.kind, work.processor))
    if known is None:
        reason = f"Too few public figures of {work.kind} on a {work.processor.upper()} to predict one."
        return CannotTell(reason=reason, measure=MEASURE_TWO)
    if work.is_sparse:
        reason = "A mixture of experts reads a part of its bytes a token; public rows are of dense models."
        return CannotTell(reason=reason, measure=MEASURE_ITSELF)
    if work.size <= 0:
        return CannotTell(reason="The model's size or operations are unknown.", measure=MEASURE_ITSELF)
    terms = terms_s(work, board)
    if isinstance(terms, str):
        measure = MEASURE_ITSELF if terms == PARAMETERS else MEASURE_TWO
        return CannotTell(reason=f"Unknown: {terms}.", measure=measure)
    return ranged(work.kind, time_s(known.coefficients, terms), known.spread, "cold", _basis(work, board, known))


def ranged(kind: Kind, seconds: float, spread: float, tier: Tier, basis: str) -> Predicted:
    """A step's seconds as the metric's figure, between the figure divided and multiplied by exp(spread)."""
    value = figure(kind, seconds)
    low, high = value / math.exp(spread), value * math.exp(spread)
    return Predicted(
        metric=METRIC[kind],
        value=value,
        low=low,
        high=high,
        tier=tier,
        basis=basis,
    )


def _basis(work: Work, board: Board, known: Constants) -> str:
    rows = f"{known.rows} public rows"
    if work.processor == "gpu":
        return f"roofline, {board.bandwidth_theory_gb_s or 0:g} GB/s, {rows}"
    if work.kind == "decode":
        return f"roofline, memcpy {board.memcpy_gb_s or 0:g} GB/s, {rows}"
    return f"{board.cores} cores at {board.max_ghz or 0:g} GHz, {rows}"
