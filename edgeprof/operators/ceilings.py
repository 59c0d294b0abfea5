"""What an engine reaches on a device at best: arithmetic by precision, and the memory's bandwidth."""

import msgspec


class Ceiling(msgspec.Struct, frozen=True, kw_only=True):
    """Measured by the engine's own kernels on this machine with so many threads: another engine has others."""

    runtime: str
    runtime_version: str
    threads: int
    bandwidth_gb_s: float
    """10^9 bytes read and written a second, in blocks far larger than the caches."""
    peak_gflop_s: dict[str, float]
    """By precision: 10^9 operations a second, a multiply-add being two."""
    measured_at: str
    """ISO 8601, UTC."""
