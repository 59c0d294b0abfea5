"""Conditions on time: percentiles, TTFT, and the rate that a device carries. Pure."""

from collections.abc import Iterable

from edgeprof.readiness.condition import (
    Condition,
    Judged,
    against,
    at_context,
    best_of,
    condition,
    measured_runs,
    weighed,
    with_remark,
)
from edgeprof.readiness.evidence import Evidence, RunFacts, SetUp, evidence_of
from edgeprof.readiness.level import MIN_SOAK_S, ServiceLevel
from edgeprof.readiness.status import Status, at_least

_PERCENTILES = ("p50", "p90", "p95", "p99")
_NOT_CARRIED = "exceed its capacity"
"""What a load run says in the place of response times that it could not give."""
TIGHTER = "--precision 0.005"


def latency_conditions(level: ServiceLevel, set_up: SetUp, is_language: bool) -> list[Condition]:
    """One for each percentile that is limited."""
    made: list[Condition] = []
    for name in _PERCENTILES:
        limit_ms = getattr(level, f"{name}_ms")
        if limit_ms is None:
            continue
        if level.arrivals == "random" and not is_language:
            made.append(_response(level, set_up, name, limit_ms))
        else:
            made.append(_service(level, set_up, name, limit_ms, is_language))
    return made


def _service(level: ServiceLevel, set_up: SetUp, name: str, limit_ms: float, is_language: bool) -> Condition:
    """Service time: of one inference, or between two tokens."""
    stem = "inter_token" if is_language else "latency"

    def judge(run: RunFacts) -> Judged | None:
        return _percentile(run, stem, name, limit_ms)

    if is_language:
        chosen = at_context(set_up, level.context_tokens or 0, lambda run: run.depth_tokens, judge)
    else:
        chosen = next(filter(None, map(judge, measured_runs(set_up))), None)
    options = f"--depth-tokens {level.context_tokens}" if is_language and level.context_tokens else TIGHTER
    missing = f"Not measured{_at_context(level, is_language)}"
    return condition(
        f"{name} {'inter-token' if is_language else 'latency'}",
        f"at most {limit_ms:g} ms",
        chosen,
        _why(set_up, f"{stem}_{name}_ms", missing),
        _command(set_up, options),
    )


def _percentile(run: RunFacts, stem: str, name: str, limit_ms: float) -> Judged | None:
    """A percentile; where it misses the limit already, a lower one or the sustained median: it is never below them.

    Where it was not measured, a higher one that meets the limit: it is never above.
    """
    lower = [f"{stem}_{each}_ms" for each in _PERCENTILES[: _PERCENTILES.index(name)]]
    for metric in ("sustained_p50_ms", *lower):
        bound = evidence_of(run, metric)
        if bound is not None and bound.ci_low is not None and bound.ci_low > limit_ms:
            judged = against(run, bound, limit_ms)
            if judged.status == "not met":
                return Judged("not met", bound, run, (f"{name} is never below this {metric.split('_ms')[0]}",))
    found = evidence_of(run, f"{stem}_{name}_ms")
    if found is not None:
        return against(run, found, limit_ms)
    higher = [f"{stem}_{each}_ms" for each in _PERCENTILES[_PERCENTILES.index(name) + 1 :]]
    above = [against(run, each, limit_ms) for metric in higher if (each := evidence_of(run, metric)) is not None]
    return next((each for each in above if each.status in ("met", "met with limits")), None)


def _response(level: ServiceLevel, set_up: SetUp, name: str, limit_ms: float) -> Condition:
    """Response time, queueing included, from runs whose requests arrived at random.

    A run at the load or above shows that the limit is held; one at the load or below shows that it is missed.
    """
    load = level.load_per_s or 0.0
    shown: list[Judged] = []
    for run in measured_runs(set_up, lambda run: run.rate_per_s > 0):
        found = evidence_of(run, f"response_{name}_ms")
        if found is not None:
            judged = against(run, found, limit_ms)
            is_told = run.rate_per_s >= load if judged.status != "not met" else run.rate_per_s <= load
            shown += [judged] if is_told else []
        elif run.rate_per_s <= load and _NOT_CARRIED in run.absent.get(f"response_{name}_ms", "") and not run.unreal:
            shown.append(Judged("not met", None, run, (f"{run.rate_per_s:g} requests/s were not answered in time",)))
    return condition(
        f"{name} response",
        f"at most {limit_ms:g} ms at {load:g}/s",
        best_of(shown),
        f"No load run at {load:g} requests/s",
        _command(set_up, f"--rate {load:g}"),
    )


def ttft_condition(level: ServiceLevel, set_up: SetUp) -> Condition | None:
    """Time to the first token of a prompt at least as long as demanded."""
    if level.ttft_ms is None:
        return None
    context = level.context_tokens or 0
    limit_ms = level.ttft_ms

    def judge(run: RunFacts) -> Judged | None:
        found = evidence_of(run, "ttft_ms")
        return None if found is None else against(run, found, limit_ms)

    best = at_context(set_up, context, lambda run: run.timed_prompt_tokens, judge)
    if best is not None and level.users > 1 and best.status != "unmeasured":
        best = with_remark(best, f"of one user alone; prompts of {level.users} users may wait for each other")
    options = f"--prompt-tokens {context}" if context else TIGHTER
    return condition(
        "TTFT",
        f"at most {level.ttft_ms:g} ms",
        best,
        _why(set_up, "ttft_ms", f"Not measured{_at_context(level, True)}"),
        _command(set_up, options),
    )


def capacity_of(run: RunFacts, is_language: bool) -> Evidence | None:
    """Requests, or tokens, a second of one device, from the end of a soak where there is one.

    Without a soak, the rate of requests is that of the window; its interval is that of the median latency, scaled.
    """
    if is_language:
        return evidence_of(run, "sustained_tokens_per_s") or evidence_of(run, "decode_tokens_per_s")
    sustained = evidence_of(run, "sustained_p50_ms")
    if sustained is not None and sustained.value > 0:
        return _as_rate(sustained, 1e3 / sustained.value, sustained)
    median, rate = evidence_of(run, "latency_p50_ms"), evidence_of(run, "throughput_per_s")
    if median is None or median.value <= 0:
        return rate
    return _as_rate(median, 1e3 / median.value if rate is None else rate.value, rate or median)


def _as_rate(time: Evidence, rate: float, source: Evidence) -> Evidence:
    """A rate with the relative interval of a time."""
    has_interval = time.ci_low is not None and time.ci_high is not None and time.low > 0
    return Evidence(
        metric="throughput_per_s",
        value=rate,
        unit="requests/s",
        ci_low=rate * time.value / time.high if has_interval else None,
        ci_high=rate * time.value / time.low if has_interval else None,
        n=time.n,
        result_id=source.result_id,
        origin=source.origin,
        unreal=time.unreal or source.unreal,
    )


def capacity_runs(level: ServiceLevel, set_up: SetUp, is_language: bool) -> list[tuple[RunFacts, Evidence]]:
    """Every run that tells a capacity at the demanded context: those with a soak first."""
    context = level.context_tokens or 0
    runs = measured_runs(set_up, lambda run: not is_language or run.depth_tokens >= context)
    found = [(run, rate) for run in runs if (rate := capacity_of(run, is_language)) is not None]
    return sorted(found, key=lambda pair: -pair[0].soak_s)


def rate_condition(level: ServiceLevel, set_up: SetUp, is_language: bool, utilisation: float) -> Condition | None:
    """Whether one device carries the load with headroom: load / capacity at most `utilisation` (utilisation law).

    The interval decides; a rate that holds for a window only is ready with limits until a soak has shown it.
    """
    load = level.load_per_s
    if load is None:
        return None

    def judge(run: RunFacts) -> Judged | None:
        rate = capacity_of(run, is_language)
        return None if rate is None else _carried(level, run, rate, load, utilisation)

    if is_language:
        best = at_context(set_up, level.context_tokens or 0, lambda run: run.depth_tokens, judge)
    else:
        best = next((judge(run) for run, _ in capacity_runs(level, set_up, is_language)), None)
    if best is not None and is_language and level.users > 1 and best.status not in ("unmeasured", "not met"):
        best = with_remark(best, f"{level.users} users take turns; batching is not measured")
    needed_s = level.sustained_s or MIN_SOAK_S
    depth = f"--depth-tokens {level.context_tokens} " if is_language and level.context_tokens else ""
    unit = "tokens/s" if is_language else "requests/s"
    return condition(
        "rate",
        f"{load:g} {unit} on at most {utilisation:.0%} of one device",
        best,
        _why(
            set_up,
            "decode_tokens_per_s" if is_language else "throughput_per_s",
            f"Not measured{_at_context(level, is_language)}",
        ),
        _command(set_up, f"{depth}--soak {max(10, needed_s):g}"),
    )


def _carried(level: ServiceLevel, run: RunFacts, rate: Evidence, load: float, utilisation: float) -> Judged:
    plain = at_least(rate, load)
    status: Status = plain if plain in ("not met", "undecided", "unmeasured") else "met with limits"
    if at_least(rate, load / utilisation) == "met":
        status = "met"
    judged = weighed(run, rate, status, load / rate.value if rate.value > 0 else float("inf"))
    if judged.status in ("unmeasured", "not met"):
        return judged
    if plain == "met" and status == "met with limits":
        share = f"{load / rate.value:.0%} of the device would be busy"
        kept = tuple(each for each in judged.remarks if "interval includes" not in each)
        judged = Judged(judged.status, rate, run, (*kept, share))
    needed_s = level.sustained_s or MIN_SOAK_S
    if run.soak_s >= needed_s and ("sustained_p50_ms" in run.figures or "sustained_tokens_per_s" in run.figures):
        return judged
    lasted = f"sustained for {run.soak_s:g} s" if run.soak_s else "a short window, no soak"
    return with_remark(judged, lasted, "met with limits" if level.sustained_s is None else "unmeasured")


def _at_context(level: ServiceLevel, is_language: bool) -> str:
    return f" at {level.context_tokens:,} tokens of context" if is_language and level.context_tokens else ""


def _why(set_up: SetUp, metric: str, otherwise: str) -> str:
    """The run's own reason, where a run was to give the figure and could not."""
    reasons: Iterable[str] = (run.absent[metric] for run in set_up.runs if metric in run.absent)
    return next((f"{otherwise}: {reason.rstrip('.')}" for reason in reasons), otherwise)


def _command(set_up: SetUp, options: str) -> str:
    return f"{set_up.measure} {options}" if set_up.measure else ""
