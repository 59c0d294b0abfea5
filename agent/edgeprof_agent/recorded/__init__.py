"""Recorded machines: captured on a board, played back where nobody has it."""
