"""How wrong the estimator was when it was last scored: the figures that docs/fit.md and the API show.

benchmarks/fit_limits.py writes score.json beside this file.
"""

import json
from functools import cache
from pathlib import Path

from edgeprof.wire.fit_record import FitScore

FILE = Path(__file__).with_name("score.json")


@cache
def fit_score() -> FitScore:
    """As it was written; the counts are of scored models only."""
    return FitScore(**json.loads(FILE.read_bytes()))
