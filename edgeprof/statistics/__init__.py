"""Samples to figures that can be trusted: percentiles with intervals, drift, modes, noise floors, verdicts.

Pure functions on the standard library: an agent without numpy runs them. docs/statistics.md gives each rule's source.
"""
