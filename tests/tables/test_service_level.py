"""A service level as people write it: read, refused, and contradictions named."""

import pytest

from edgeprof.errors import UsageError
from edgeprof.readiness.level import ServiceLevel
from edgeprof.readiness.parse import EXAMPLES, service_level


@pytest.mark.parametrize(
    ("text", "level"),
    [
        (
            "30 frames/s, p95 under 33 ms, 5 W, 95 % accuracy",
            ServiceLevel(rate_per_s=30, p95_ms=33, power_w=5, quality=95),
        ),
        ("10 tokens/s for 8 users at 2,000 tokens", ServiceLevel(tokens_per_s=10, users=8, context_tokens=2000)),
        ("10 tok/s at 2k context, TTFT < 2 s", ServiceLevel(tokens_per_s=10, context_tokens=2000, ttft_ms=2000)),
        ("30/s closed with p95 under 100 ms", ServiceLevel(rate_per_s=30, p95_ms=100)),
        ("30 fps for 4 cameras, sustained 30 min", ServiceLevel(rate_per_s=30, users=4, sustained_s=1800)),
        ("200 requests per second, random arrivals", ServiceLevel(rate_per_s=200, arrivals="random")),
        ("median 10 ms; p99 ≤ 40ms; 2 GiB", ServiceLevel(p50_ms=10, p99_ms=40, memory_mib=2048)),
        ("500 mW and 2 mJ per inference", ServiceLevel(power_w=0.5, energy_j=0.002)),
        ("CER under 5 %", ServiceLevel(quality_metric="character_error_rate_percent", quality=5)),
        ("under $0.02 per 1,000", ServiceLevel(usd_per_1000=0.02)),
        ("cost under $0.5 per 1M tokens", ServiceLevel(usd_per_1m_tokens=0.5)),
        ("latency under 33 ms", ServiceLevel(p95_ms=33)),
        ("at least 95 % accuracy", ServiceLevel(quality=95)),
        ("accuracy over 95", ServiceLevel(quality=95)),
        ("accuracy 0.5 %", ServiceLevel(quality=0.5)),
        ("mAP 40 %", ServiceLevel(quality_metric="map_50_95_percent", quality=40)),
        ("under 5 % CER", ServiceLevel(quality_metric="character_error_rate_percent", quality=5)),
        ("CER 0.8 %", ServiceLevel(quality_metric="character_error_rate_percent", quality=0.8)),
    ],
)
def test_a_text_is_read(text: str, level: ServiceLevel) -> None:
    assert service_level(text) == level


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_examples_are_levels(text: str) -> None:
    assert service_level(text).lines


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("banana", "'banana'"),
        ("30 fps, -5 W", "'-'"),
        ("", "sets no limit"),
        ("for 8 users", "sets no limit"),
        ("9" * 40 + " W", "Cannot read"),
        ("x" * 501, "has 501 characters"),
        ("fast and cheap", "'fast"),
        ("accuracy 0.95", "Write 95 % or 0.95 %"),
        ("mAP at least 0.4", "Write 40 % or 0.4 %"),
        ("under 95 % accuracy", "Write: accuracy at least 95 %"),
        ("accuracy ≤ 95 %", "Write: accuracy at least 95 %"),
        ("accuracy at most 95 %", "Write: accuracy at least 95 %"),
        ("CER at least 5 %", "Write: cer at most 5 %"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, named: str) -> None:
    with pytest.raises(UsageError) as refused:
        service_level(text)
    assert refused.value.code == "bad_service_level"
    assert named in refused.value.message


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("30 fps and 60 fps", "requests/s is given twice"),
        ("30 fps, every 100 ms", "requests/s is given twice"),
        ("30/s, p50 under 100 ms", "one device answers 10/s"),
        ("p95 50 ms, p99 20 ms", "p99 is never below p95"),
        ("105 % accuracy", "not a share"),
        ("0 W", "nothing meets that"),
        ("30 fps, 10 tokens/s", "Check one after the other"),
    ],
)
def test_contradictions_are_named(text: str, named: str) -> None:
    with pytest.raises(UsageError) as refused:
        service_level(text)
    assert refused.value.code == "contradictory_service_level"
    assert named in refused.value.message


def test_fields_of_a_form_add_to_the_text() -> None:
    assert service_level("30 fps", {"power_w": "5", "p95_ms": " "}) == ServiceLevel(rate_per_s=30, power_w=5)
    with pytest.raises(UsageError, match="given twice"):
        service_level("30 fps", {"rate_per_s": "60"})
    with pytest.raises(UsageError, match="not a number"):
        service_level("", {"power_w": "five"})
    with pytest.raises(UsageError, match="nothing meets that"):
        service_level("", {"power_w": "nan"})


@pytest.mark.parametrize(
    ("mib", "shown"), [(100_000 / 2**20, "0.0954"), (12.56, "12.6"), (1234.5, "1,234"), (2.0**21, "2,097,152")]
)
def test_a_small_memory_limit_is_not_shown_as_zero(mib: float, shown: str) -> None:
    assert ServiceLevel(memory_mib=mib).lines == (f"peak memory at most {shown} MiB",)
