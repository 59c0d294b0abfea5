"""Predictions beside the matrix: for cells without a measurement."""

from collections.abc import Mapping

from edgeprof.prediction.predicted import Predicted
from edgeprof_hub.store.base import ReadStore

PredictedCells = Mapping[tuple[str, str], Predicted]
"""By model id and device id."""


def predicted_cells(_store: ReadStore) -> PredictedCells:
    """None yet: the comparison shows these cells as not run."""
    return {}
