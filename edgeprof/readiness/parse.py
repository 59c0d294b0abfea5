"""A service level from a short text, as people write one, and from the fields of a form. Pure."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from edgeprof.errors import UsageError
from edgeprof.readiness.contradictions import contradictions
from edgeprof.readiness.level import MIN_SOAK_S, TITLES, ServiceLevel
from edgeprof.wire.metrics import METRICS

MAX_CHARS = 500
EXAMPLES = (
    "30 frames/s, p95 under 33 ms, 5 W, 95 % accuracy",
    "10 tokens/s for 8 users at 2,000 tokens, TTFT under 2 s",
    "p99 under 50 ms, 200 MiB",
)
_N = r"(?<![\d.])(\d{1,12}(?:\.\d{1,9})?)"
"""A number; longer ones are no quantity of this field, and stay unread."""
_VALUE = rf"(?P<value>{_N})"
_UPPER = r"\s*(?:latency\s*)?(?:under|below|at\s+most|less\s+than|within|max(?:imum)?|up\s+to|<=|≤|<|of|is|=|:)?\s*"
_UNDER = r"(?P<under>under|below|at\s+most|less\s+than|within|max(?:imum)?|up\s+to|<=|≤|<)"
_OVER = r"(?P<over>at\s+least|more\s+than|over|above|from|min(?:imum)?|>=|≥|>)"
_BOUND = rf"(?:{_UNDER}|{_OVER}|of|is|=|:)?"
_TIME = r"\s*(µs|us|ms|s)\b"
_PER_S = r"\s*(?:/\s*s(?:ec(?:ond)?)?\b|per\s+s(?:ec(?:ond)?)?\b|a\s+second\b)"
_THING = r"(?:frames?|images?|inferences?|requests?|items?|samples?|req|answers?|calls?|queries)"
_TIME_MS = {"us": 1e-3, "µs": 1e-3, "ms": 1.0, "s": 1e3}
_DURATION_S = {"s": 1.0, "m": 60.0, "h": 3600.0}
_MIB = {"kib": 2**-10, "mib": 1.0, "gib": 2.0**10, "kb": 1e3 / 2**20, "mb": 1e6 / 2**20, "gb": 1e9 / 2**20}
_WATTS = {"m": 1e-3, "k": 1e3}
_JOULES = {"m": 1e-3, "µ": 1e-6, "u": 1e-6}
_QUALITIES = {
    "top-5 accuracy": "top5_accuracy_percent",
    "top5 accuracy": "top5_accuracy_percent",
    "accuracy": "accuracy_percent",
    "exact match": "exact_match_percent",
    "map at 0.5": "map_50_percent",
    "map": "map_50_95_percent",
    "cer": "character_error_rate_percent",
    "f1": "f1_percent",
    "recall": "recall_percent",
    "precision": "precision_percent",
}
_QUALITY = "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in _QUALITIES)
_FILLER = re.compile(
    r"\b(?:and|with|at|for|the|a|an|on|in|each|per|must|be|is|of|to|latency|cost|costs|power|memory)\b"
)
Found = dict[str, Any]
"""Fields of a ServiceLevel that one piece of the text sets."""


def _time(name: str) -> Callable[[re.Match[str]], Found]:
    return lambda found: {name: float(found[1]) * _TIME_MS[found[2]]}


def _percentile(found: re.Match[str]) -> Found:
    return {f"p{found[1]}_ms": float(found[2]) * _TIME_MS[found[3]]}


def _quality(found: re.Match[str]) -> Found:
    """Refuses a bound that makes no sense of this metric, and a share where all of them are in percent."""
    name, value = " ".join(found["quality"].split()), float(found["value"])
    metric = METRICS[_QUALITIES[name]]
    wrong, right = ("over", "at most") if metric.better == "lower" else ("under", "at least")
    if found[wrong]:
        raise UsageError(
            "bad_service_level",
            f"'{found[wrong]}' is a limit on the wrong side: {metric.better} {name} is better. "
            f"Write: {name} {right} {value:g} %.",
        )
    if not found["percent"] and value <= 1:
        raise UsageError(
            "bad_service_level", f"{name} {value:g}: give it in percent. Write {100 * value:.12g} % or {value:g} %."
        )
    return {"quality_metric": metric.name, "quality": value}


_RULES: tuple[tuple[str, Callable[[re.Match[str]], Found]], ...] = (
    (
        rf"\b(?:sustained|for)\s+(?:for\s+)?{_N}\s*(?:(s)(?:ec(?:onds?)?)?|(m)in(?:utes?)?|(h)(?:ours?)?)\b",
        lambda f: {"sustained_s": float(f[1]) * _DURATION_S[f[2] or f[3] or f[4]]},
    ),
    (r"\bsustained\b", lambda _: {"sustained_s": MIN_SOAK_S}),
    (
        rf"(?:\bcosts?{_UPPER})?(?:under|below|at\s+most)?\s*(?:us)?\$\s*{_N}\s*(?:/|per|a)\s*"
        r"(?:1000|1k|thousand)(?:\s*(?:inferences|requests|images|frames|answers))?",
        lambda f: {"usd_per_1000": float(f[1])},
    ),
    (
        rf"(?:\bcosts?{_UPPER})?(?:under|below|at\s+most)?\s*(?:us)?\$\s*{_N}\s*(?:/|per|a)\s*"
        r"(?:1000000|1\s*m|million)\s*tokens?",
        lambda f: {"usd_per_1m_tokens": float(f[1])},
    ),
    (rf"\bp\s*(50|90|95|99){_UPPER}{_N}{_TIME}", _percentile),
    (rf"\b(50|90|95|99)th\s+percentile{_UPPER}{_N}{_TIME}", _percentile),
    (rf"\bmedian{_UPPER}{_N}{_TIME}", _time("p50_ms")),
    (rf"\b(?:ttft|time\s+to\s+(?:the\s+)?first\s+token|first\s+token){_UPPER}{_N}{_TIME}", _time("ttft_ms")),
    (rf"\bevery\s+{_N}{_TIME}", lambda f: {"rate_per_s": 1e3 / max(float(f[1]) * _TIME_MS[f[2]], 1e-12)}),
    (rf"\b{_N}\s*(?:tokens?|tok|t){_PER_S}", lambda f: {"tokens_per_s": float(f[1])}),
    (rf"\b{_N}\s*{_THING}?{_PER_S}", lambda f: {"rate_per_s": float(f[1])}),
    (rf"\b{_N}\s*(?:fps|hz|qps|rps)\b", lambda f: {"rate_per_s": float(f[1])}),
    (rf"\b(?:latency|response(?:\s+time)?|answers?)?{_UPPER}{_N}{_TIME}", _time("p95_ms")),
    (r"\b(\d{1,9})\s*(?:users?|clients?|cameras?|streams?|sessions?|people)\b", lambda f: {"users": int(f[1])}),
    (
        rf"\b(?:(?:context|prompt)(?:\s+of)?\s+)?{_N}\s*(k)?\s*(?:tokens?|tok)?\s*(?:of\s+)?(?:context|prompt|tokens?)\b",
        lambda f: {"context_tokens": round(float(f[1]) * (1000 if f[2] else 1))},
    ),
    (
        rf"(?:under|below|at\s+most|<=|≤|<)?\s*\b{_N}\s*(m|k)?(?:w|watts?)\b",
        lambda f: {"power_w": float(f[1]) * _WATTS.get(f[2] or "", 1.0)},
    ),
    (
        rf"(?:under|below|at\s+most|<=|≤|<)?\s*\b{_N}\s*(m|µ|u)?(?:j|joules?)\b"
        r"(?:\s*(?:/|per|an?)\s*(?:inference|frame|image|request|token))?",
        lambda f: {"energy_j": float(f[1]) * _JOULES.get(f[2] or "", 1.0)},
    ),
    (
        rf"(?:under|below|at\s+most|<=|≤|<)?\s*\b{_N}\s*(kib|mib|gib|kb|mb|gb)\b(?:\s*(?:of\s+)?(?:memory|ram))?",
        lambda f: {"memory_mib": float(f[1]) * _MIB[f[2]]},
    ),
    (
        rf"{_BOUND}\s*\b{_VALUE}\s*(?P<percent>%)\s*(?P<quality>{_QUALITY})\b",
        _quality,
    ),
    (rf"\b(?P<quality>{_QUALITY})\s*{_BOUND}\s*{_VALUE}\s*(?P<percent>%)?", _quality),
    (r"\b(?:random(?:ly)?(?:\s+arrivals?)?|poisson(?:\s+arrivals?)?|open\s+loop)\b", lambda _: {"arrivals": "random"}),
    (r"\b(?:paced(?:\s+arrivals?)?|closed(?:\s+loop)?|one\s+at\s+a\s+time)\b", lambda _: {"arrivals": "paced"}),
)
_COMPILED = tuple((re.compile(pattern), make) for pattern, make in _RULES)
FORM_FIELDS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(("rate_per_s", "tokens_per_s", "p50_ms", "p90_ms", "p95_ms", "p99_ms", "ttft_ms"), float),
    **dict.fromkeys(
        ("power_w", "energy_j", "memory_mib", "quality", "usd_per_1000", "usd_per_1m_tokens", "sustained_s"), float
    ),
    "users": int,
    "context_tokens": int,
    "arrivals": str,
}
"""What a form may set beside the text, by the fields of a ServiceLevel."""


def service_level(text: str, form: Mapping[str, str] | None = None) -> ServiceLevel:
    """The level that a text and a form's fields state together.

    Raises UsageError: `bad_service_level` names what could not be read, `contradictory_service_level` what cannot hold
    together.

    >>> service_level("30 frames/s, p95 under 33 ms, 5 W, 95 % accuracy").lines[1]
    'p95 at most 33 ms'
    """
    if len(text) > MAX_CHARS:
        raise UsageError(
            "bad_service_level", f"The service level has {len(text):,} characters. Use at most {MAX_CHARS}."
        )
    found = [*_pieces(text), *_fields(form or {})]
    merged = _merged(found)
    level = ServiceLevel(**merged)
    if level.is_empty:
        raise UsageError("bad_service_level", f"The service level sets no limit. Write it as: {EXAMPLES[0]}.")
    wrong = contradictions(level)
    if wrong:
        raise UsageError("contradictory_service_level", " ".join(wrong))
    return level


def _pieces(text: str) -> list[Found]:
    """Each piece that a rule reads is taken out of the text; what is left must be words without a meaning."""
    left = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text.lower())
    found: list[Found] = []
    for pattern, make in _COMPILED:
        for match in pattern.finditer(left):
            found.append(make(match))
        left = pattern.sub(" , ", left)
    unread = [piece.strip(" .") for piece in re.split(r"[,;\n]", _FILLER.sub(" ", left)) if piece.strip(" .")]
    if unread:
        raise UsageError(
            "bad_service_level", f"Cannot read {', '.join(map(repr, unread))[:120]} in it. Write it as: {EXAMPLES[0]}."
        )
    return found


def _fields(form: Mapping[str, str]) -> list[Found]:
    found: list[Found] = []
    for name, kind in FORM_FIELDS.items():
        text = form.get(name, "").strip().replace(",", "")
        if not text or (name == "arrivals" and text not in ("paced", "random")):
            continue
        try:
            found.append({name: kind(text)})
        except ValueError:
            raise UsageError("bad_service_level", f"{TITLES[name]}: {text[:40]!r} is not a number.") from None
    return found


def _merged(found: list[Found]) -> Found:
    merged: Found = {}
    for piece in found:
        for name, value in piece.items():
            if name in merged and merged[name] != value:
                raise UsageError(
                    "contradictory_service_level",
                    f"{TITLES[name]} is given twice: {merged[name]} and {value}. Keep one of them.",
                )
            merged[name] = value
    return merged
