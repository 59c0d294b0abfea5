"""The version: its one source, for the package and for what is built from it."""

__version__ = "0.1.0"
