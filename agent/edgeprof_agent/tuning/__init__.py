"""Tuning on this machine: short runs by the measuring path, answers compared, the state of a search."""
