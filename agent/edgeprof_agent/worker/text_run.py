"""Measuring a language model: repeated prompts (prefill, TTFT), then repeated generations, as llama-bench does."""

import os
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from edgeprof_agent.worker.energy import EnergyWork, run_energy
from edgeprof_agent.worker.guarded import extra, guarded
from edgeprof_agent.worker.loop_cost import loop_cost
from edgeprof_agent.worker.open_loop import run_open_loop
from edgeprof_agent.worker.opening import Opened
from edgeprof_agent.worker.reporter import Reporter
from edgeprof_agent.worker.soak import run_soak
from edgeprof_agent.worker.tensor_run import major_faults
from edgeprof_agent.worker.text_pace import Pace
from edgeprof_agent.worker.text_repeat import Repeats, repeat, rule_of
from edgeprof_agent.worker.text_sweep import sweep_text
from edgeprof_agent.worker.text_windows import Timed, windows_of
from edgeprof_agent.worker_protocol.adapter import Decode, Prefill, RemoteModel, TextModel
from edgeprof_agent.worker_protocol.document import Measured, TextFacts, WindowEnd, WorkerJob
from edgeprof_agent.worker_protocol.order import median

_WORST_FIRST: tuple[WindowEnd, ...] = ("deadline", "time", "looks", "runs", "precision")

_RESPONSES = ("response_p50_ms", "response_p95_ms", "response_p99_ms")

_ENERGIES = ("energy_per_token_j", "energy_per_prompt_token_j")
_REFILLED = (
    "this model's context cannot go back to its depth: refilling it would count as energy of prompts and generations"
)

_CACHED_REPEATS = 12
"""The prompt is evaluated once, and its last token so often."""

T = TypeVar("T")


class TextTimes(NamedTuple):
    """What a text run took. `ended` is the less welcome end of the two, with the warm-up of both.

    `cached_ns`: of a prompt that lies in memory but for its last token, and why there are none.
    """

    first_inference_ns: int
    prefills: list[Prefill]
    decodes: list[Decode]
    ended: Repeats
    major_faults: int
    cached_ns: tuple[list[int], str | None]


def measure_text(opened: Opened, model: TextModel, job: WorkerJob, reporter: Reporter) -> None:
    """The whole protocol on a loaded language model, then the sweep that was asked."""
    times = run_text(opened, model, job, reporter)
    opened.memory.end_of("measure")
    peak_kib = opened.memory.peak_kib  # before we look at anything: that memory is ours
    output, output_unread = guarded(
        model.output, None
    )  # of the last generated token: the facts below leave other logits behind
    text, unknown = _facts(model, reporter, times.cached_ns)
    remote = model.remote() if isinstance(model, RemoteModel) else None
    no_requests = _no_requests(model) if job["config"].arrival_rate_per_s > 0 else None
    absent = {**model.absent, **unknown, **(dict.fromkeys(_RESPONSES, no_requests) if no_requests else {})}
    refilled = model.refills and bool(job["config"].depth_tokens)
    if refilled and job["energy"] is not None:
        absent |= dict.fromkeys(_ENERGIES, _REFILLED)
    cost = loop_cost()
    measured: Measured = {
        "kind": "text",
        "phases_ms": {**opened.phases_ms, "first_inference_ms": times.first_inference_ns / 1e6},
        "series_ns": {
            "prefill": [prefill.prompt_ns for prefill in times.prefills] if remote is None else [],  # nobody sees it
            "ttft": [prefill.first_token_ns for prefill in times.prefills],
            "decode": [decode.total_ns for decode in times.decodes],
            "inter_token": [gap_ns for decode in times.decodes for gap_ns in decode.gaps_ns],
        },
        "absent": absent,
        "windows": windows_of(
            [Timed(decode.start_ns, decode.end_ns, decode.tokens) for decode in times.decodes],
            job["config"].depth_tokens,
        ),
        "prefill_windows": windows_of(
            [Timed(prefill.start_ns, prefill.end_ns, job["config"].prompt_tokens) for prefill in times.prefills],
            job["config"].depth_tokens,
        ),
        "prompt_tokens": job["config"].prompt_tokens,
        "decode_steps": [decode.steps for decode in times.decodes],
        "peak_kib": peak_kib,
        "memory": opened.memory.readings,
        "memory_absent": opened.memory.absent,
        "major_faults": times.major_faults,
        "loop": {
            "clock_resolution_ns": cost.clock_resolution_ns,
            "overhead_ns": cost.overhead_ns,
            "warmup_runs": times.ended.warmup,
            "settled": times.ended.settled,
            "window_end": times.ended.ended_by,
            "needed_s": times.ended.needed_s,
        },
        "output": output,
        "output_unread": output_unread,
        "steering": False,
        "text": text,
        "remote": remote,
        "affinity": sorted(os.sched_getaffinity(0)),
        "setting": model.setting(),
    }
    reporter.measured(measured)
    beyond: WorkerJob = {**job, "stop_at_ns": job["extras_stop_at_ns"]}
    if not refilled:
        extra(reporter, "energy", lambda: _energy(model, beyond, reporter))
    if no_requests is None:
        extra(reporter, "open_loop", lambda: _open_loop(model, beyond, reporter))
    extra(reporter, "sweep", lambda: sweep_text(model, opened.memory, _pace(opened, times, job), beyond, reporter))
    if job["protocol"].soak_s > 0:
        extra(reporter, "soak", lambda: _soak(model, beyond, reporter))


def _energy(model: TextModel, job: WorkerJob, reporter: Reporter) -> None:
    if job["energy"] is not None:
        reporter.energy(run_energy(_works(model, job), job["energy"], job["stop_at_ns"], reporter))


def _soak(model: TextModel, job: WorkerJob, reporter: Reporter) -> None:
    reporter.enter("soak", f"{job['protocol'].soak_s:g} s")
    reporter.soak(run_soak(lambda: _token_times_ns(model.decode()), job, reporter))


def _no_requests(model: TextModel) -> str | None:
    """Why requests cannot be timed, a failed try among the reasons."""
    reason, failure = guarded(model.no_requests, None)
    return reason or failure


def _works(model: TextModel, job: WorkerJob) -> list[EnergyWork]:
    """Prefill and decode apart. Going back to the depth between two of them is in the window, as a use has it too."""

    def prompt() -> int:
        model.prefill()
        return job["config"].prompt_tokens

    return [EnergyWork("prefill", prompt), EnergyWork("decode", lambda: model.decode().tokens)]


def _open_loop(model: TextModel, job: WorkerJob, reporter: Reporter) -> None:
    """A request is a prompt and a generation on top of it."""
    if job["config"].arrival_rate_per_s > 0:
        reporter.enter("open_loop", f"{job['config'].arrival_rate_per_s:g} arrivals a second")
        reporter.open_loop(run_open_loop(model.request, job))


def _pace(opened: Opened, times: TextTimes, job: WorkerJob) -> Pace:
    """What the run itself tells of the time that a point will take."""
    return Pace(
        round(opened.phases_ms["load_ms"] * 1e6),
        job["config"].prompt_tokens,
        round(median([prefill.prompt_ns for prefill in times.prefills])),
        median([decode.total_ns / max(1, decode.steps) for decode in times.decodes]),
    )


def _token_times_ns(decode: Decode) -> list[int]:
    """Of each token; where the binding tells none, the mean of the generation."""
    return decode.gaps_ns or [decode.total_ns // max(1, decode.steps)]


def run_text(opened: Opened, model: TextModel, job: WorkerJob, reporter: Reporter) -> TextTimes:
    """Prefill and decode in two phases, so that power may be attributed to decoding alone."""
    reporter.enter("first_inference", f"a prompt of {job['config'].prompt_tokens} tokens")
    first_ns = model.first_prompt().first_token_ns  # before any depth is filled, which would read the weights
    opened.memory.end_of("first_inference")
    faults = major_faults()  # from here on every weight has been read once
    prefills: list[Prefill] = []
    prompt_tokens = job["config"].prompt_tokens
    once = _telling(reporter, "prefill", model.prefill)
    prompts = repeat(once, lambda prefill: prompt_tokens / max(1, prefill.prompt_ns), rule_of(job), prefills)
    cached_ns = guarded(lambda: model.cached_prompt_ns(_CACHED_REPEATS), [])  # the last prompt still lies in memory
    decodes: list[Decode] = []
    once = _telling(reporter, "decode", model.decode)
    generations = repeat(once, lambda decode: max(1, decode.steps) / max(1, decode.total_ns), rule_of(job), decodes)
    worst = min(prompts, generations, key=lambda ended: _WORST_FIRST.index(ended.ended_by))
    ended = worst._replace(warmup=prompts.warmup + generations.warmup, settled=prompts.settled and generations.settled)
    return TextTimes(first_ns, prefills, decodes, ended, major_faults() - faults, cached_ns)


def _facts(
    model: TextModel, reporter: Reporter, cached_ns: tuple[list[int], str | None]
) -> tuple[TextFacts, dict[str, str]]:
    """What is read once, in no other figure's time: the memory's size, tokenizer, sampler, prompt cache.

    With the reason for each of them that failed.
    """
    reporter.enter("measure", "tokenizer, sampler")
    tokenize_ns, no_tokenizer = guarded(model.tokenize_ns, [])
    sample_ns, no_sampler = guarded(model.sample_ns, [])
    ttft_cached_ns, no_cache = cached_ns
    facts: TextFacts = {
        "kv_cache_kib": model.kv_cache_kib,
        "tokenize_ns": tokenize_ns,
        "sample_ns": sample_ns,
        "ttft_cached_ns": ttft_cached_ns,
    }
    failures = {"tokenize_ms": no_tokenizer, "sample_ms": no_sampler, "ttft_cached_ms": no_cache}
    return facts, {metric: failure for metric, failure in failures.items() if failure is not None}


def _telling(reporter: Reporter, what: str, once: Callable[[], T]) -> Callable[[], T]:
    """Says which repeat comes before each one: a slow model's progress."""
    done = 0

    def told() -> T:
        nonlocal done
        done += 1
        reporter.enter("measure", f"{what}: repeat {done}")
        return once()

    return told
