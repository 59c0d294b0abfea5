"""Shares of right answers, for the tasks; the formula is in `edgeprof/statistics/shares.py`."""

from edgeprof.statistics.distributions import normal_quantile
from edgeprof.statistics.shares import wilson as wilson

Z_95 = normal_quantile(0.975)
"""The 97.5 % quantile of the normal distribution."""
