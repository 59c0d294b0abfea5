"""Evaluation sets as folders: read, check, write, import, fetch."""

from edgeprof.quality.sets.folder import read_set, set_manifest, write_set

__all__ = ["read_set", "set_manifest", "write_set"]
