"""The contract between agent and hub. Everything that crosses the network is named here and nowhere else."""

WIRE_VERSION = 1
"""Raised when a change cannot be read by older code. Added fields do not raise it: unknown ones are ignored."""
