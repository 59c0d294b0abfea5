"""What in a service level cannot hold together, each named with a way out. Pure."""

from itertools import pairwise

from edgeprof.readiness.level import TITLES, ServiceLevel

_PERCENTILES = ("p50_ms", "p90_ms", "p95_ms", "p99_ms")


def contradictions(level: ServiceLevel) -> list[str]:
    """A sentence each; empty where the level can be met by some device.

    A rate above 1 / p95 is none: with 30 requests/s and a p95 of 100 ms, 1 in 20 may be slow and the others fast. A
    rate above 1 / p50 is one, where one request is served at a time: a device that uses its p50 limit up misses the
    rate (utilisation law, U = X · S <= 1; Denning and Buzen, ACM Computing Surveys 10(3), 1978).

    >>> contradictions(ServiceLevel(rate_per_s=30, p95_ms=100))
    []
    >>> contradictions(ServiceLevel(rate_per_s=30, p50_ms=100))[0]
    '30/s and a p50 of 100 ms: one device answers 10/s at that latency. Lower p50 to 33.3 ms or the rate to 10/s.'
    """
    return [*_order(level), *_rate(level), *_range(level), *_kinds(level)]


def _order(level: ServiceLevel) -> list[str]:
    limits = [(name[:-3], value) for name in _PERCENTILES if (value := getattr(level, name)) is not None]
    return [
        f"{low} at most {low_ms:g} ms and {high} at most {high_ms:g} ms: {high} is never below {low}. Swap them, or "
        f"leave {low} out."
        for (low, low_ms), (high, high_ms) in pairwise(limits)
        if high_ms < low_ms
    ]


def _rate(level: ServiceLevel) -> list[str]:
    rate = level.rate_per_s if level.tokens_per_s is None else level.tokens_per_s
    if rate is None or not level.p50_ms:
        return []
    possible = 1e3 / level.p50_ms
    if rate <= possible * (1 + 1e-9):
        return []
    return [
        f"{rate:g}/s and a p50 of {level.p50_ms:g} ms: one device answers {possible:.3g}/s at that latency. Lower p50 "
        f"to {1e3 / rate:.3g} ms or the rate to {possible:.3g}/s."
    ]


def _range(level: ServiceLevel) -> list[str]:
    found: list[str] = []
    if level.quality is not None and level.quality_metric.endswith("_percent") and not 0 < level.quality <= 100:
        found.append(f"{level.quality:g} % is not a share. Use a value above 0 and at most 100 %.")
    zero = ("rate_per_s", "tokens_per_s", "users", *_PERCENTILES, "ttft_ms", "power_w", "energy_j", "memory_mib")
    for name in (*zero, "context_tokens", "sustained_s", "usd_per_1000", "usd_per_1m_tokens"):
        value = getattr(level, name)
        if value is not None and not 0 < value < 1e15:
            found.append(f"{TITLES[name]}: {str(value)[:20]}: nothing meets that. Use a value above 0.")
    return found


def _kinds(level: ServiceLevel) -> list[str]:
    if level.is_of_language and level.is_of_inference:
        return [
            "Requests and tokens in one level: models that answer at once write no tokens. Check one after the other."
        ]
    if level.ttft_ms is not None and level.arrivals == "random":
        return ["Random arrivals are measured for models that answer at once. Leave `random arrivals` or TTFT out."]
    return []
