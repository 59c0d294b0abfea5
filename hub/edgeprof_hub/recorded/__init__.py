"""A hub's results as one file, and a read-only hub that shows such a file."""
