"""Joules from a trace of power: planning the load, validating the trace, windows, uncertainty, figures."""
