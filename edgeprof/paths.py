"""Where edgeprof keeps things: the cache (may go at any time) and the state (results live there)."""

import os
from pathlib import Path

from platformdirs import user_cache_path, user_state_path


def cache_dir() -> Path:
    """Downloads and unpacked models; `EDGEPROF_CACHE` overrides it. Deleting it costs a download, nothing else."""
    return Path(os.environ.get("EDGEPROF_CACHE") or user_cache_path("edgeprof"))


def state_dir(part: str) -> Path:
    """The state of one part (`hub`, `agent`, `demo`); `EDGEPROF_STATE` overrides the folder above it."""
    return Path(os.environ.get("EDGEPROF_STATE") or user_state_path("edgeprof")) / part
