"""How a profiler's figures are written, in a terminal and on a page. Pure."""

from edgeprof.tables.figures import number


def time_text(time_ms: float) -> str:
    """Milliseconds. A node that the profiler's clock saw no step of took less than that step, of 1 µs, and not 0.

    >>> time_text(0.0), time_text(1.2345)
    ('< 0.001', '1.23')
    """
    return number(time_ms) if time_ms else "< 0.001"
