"""Signatures by a hub's key: what is signed, and how it is checked with the standard library alone."""
