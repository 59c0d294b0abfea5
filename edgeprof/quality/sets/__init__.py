"""Evaluation sets as folders: read, check, write, import, fetch."""

from edgeprof.quality.sets.folder import own_files, read_set, write_set

__all__ = ["own_files", "read_set", "write_set"]
