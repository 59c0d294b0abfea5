"""What the public rows gave: `python -m benchmarks.prediction` prints these, and a test fits them again.

Kept-back rows are not in them. A kind and processor that is missing here has too few public figures to say how far off
a prediction of it is: the answer is "cannot tell".
"""

from edgeprof.prediction.cold import Constants, ConstantsBy
from edgeprof.prediction.roofline import Kind

COLD: ConstantsBy = {
    ("decode", "cpu"): Constants(coefficients=(0.96, 4.661), spread=0.2615, rows=60),
    ("tensor", "cpu"): Constants(coefficients=(6.837,), spread=0.7018, rows=17),
}
PROBED_SPREAD: dict[Kind, float] = {"decode": 0.1167, "prefill": 0.8599, "tensor": 0.249}
"""90 % of the public rows that have two probes on their own board lie within a factor of exp(spread)."""
