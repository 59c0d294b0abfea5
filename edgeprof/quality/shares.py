"""Shares of right answers, for the tasks; the formula is in `edgeprof/statistics/shares.py`."""

from edgeprof.statistics.shares import wilson as wilson
