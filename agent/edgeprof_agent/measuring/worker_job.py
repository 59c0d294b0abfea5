"""What a worker is asked: the job document of a request, for a cold start or for the measurement."""

import time
from dataclasses import replace

from edgeprof.wire.evidence import SweepAt
from edgeprof.wire.formats import INPUTS_SUFFIX
from edgeprof.wire.messages import RunConfig, RunProtocol
from edgeprof_agent.endpoint import Endpoint
from edgeprof_agent.measuring.model_facts import NO_FACTS, ModelFacts
from edgeprof_agent.measuring.request import MeasureRequest
from edgeprof_agent.sensors.cgroup_limits import own_threads
from edgeprof_agent.worker_protocol.document import Course, EndpointAsk, EnergyAsk, SweepAsk, WorkerJob

_SAMPLING_SHARE = 0.8
"""The part of the time left after which a worker takes no more samples; the rest is for its report."""
_POINT_ROOM_S = 10.0
"""Of one sweep point: reshaping, and a first run that is slower."""
_SOAK_ROOM = 1.1
_SLOW_TOKENS_PER_S = 10.0
"""What a point of a language model is given time for: half of what a Raspberry Pi does with a model of 1e9 weights."""


def extra_time_s(config: RunConfig, protocol: RunProtocol) -> float:
    """What is asked beyond the measured window has time of its own, beyond the deadline."""
    point_s = protocol.warmup_limit_s + max(protocol.window_s, protocol.window_limit_s) + _POINT_ROOM_S
    open_loop_s = _open_loop_s(config, protocol)
    points_s = sum(point_s + _tokens_s(at, config) for at in protocol.sweep)
    return points_s + open_loop_s + protocol.soak_s * _SOAK_ROOM


def _tokens_s(at: SweepAt, config: RunConfig) -> float:
    """Of a language model's point (0 of any other): its depth, and two prompts and generations: a warm-up and one."""
    if at.prompt_tokens is None and at.depth_tokens is None:
        return 0.0
    depth = config.depth_tokens if at.depth_tokens is None else at.depth_tokens
    prompt = config.prompt_tokens if at.prompt_tokens is None else at.prompt_tokens
    return (depth + 2 * prompt + 2 * config.decode_tokens) / _SLOW_TOKENS_PER_S


def _open_loop_s(config: RunConfig, protocol: RunProtocol) -> float:
    """At most: the loop gives up after twice its planned length."""
    if config.arrival_rate_per_s <= 0:
        return 0.0
    if protocol.open_loop_requests:
        return 2 * protocol.open_loop_requests / config.arrival_rate_per_s
    return 2 * max(protocol.window_s, protocol.window_limit_s)


def job_of(
    request: MeasureRequest,
    course: Course,
    left_s: float,
    beyond_s: float | None = None,
    energy: EnergyAsk | None = None,
    *,
    facts: ModelFacts = NO_FACTS,
    eval_callback: bool = True,
) -> WorkerJob:
    """The job of a worker that is started now and killed in `left_s` and `beyond_s` seconds (None: without energy)."""
    beyond_s = extra_time_s(request.config, request.protocol) if beyond_s is None else beyond_s
    config, protocol = request.config, request.protocol
    usable = own_threads(len(request.cores) if request.cores is not None else None)
    manifest = request.model.manifest
    folder = request.model_dir.resolve()
    now_ns = time.monotonic_ns()
    inputs = [file.path for file in manifest.files if file.path.endswith(INPUTS_SUFFIX)]
    return {
        "course": course,
        "config": replace(config, threads=config.threads or usable),
        "protocol": replace(protocol, window_limit_s=max(protocol.window_s, protocol.window_limit_s), sweep=()),
        "model_path": str(folder / manifest.entry),  # a link by its own name: a split model's parts are found by it
        "model_files": [str(folder / file.path) for file in manifest.files if file.path not in inputs],
        "inputs_path": str(folder / inputs[0]) if inputs else None,
        "inputs": facts.inputs,
        "vocabulary": facts.vocabulary,
        "stop_at_ns": now_ns + int(left_s * _SAMPLING_SHARE * 1e9),
        "extras_stop_at_ns": now_ns + int((left_s * _SAMPLING_SHARE + beyond_s) * 1e9),
        "sweep": [_ask(at) for at in protocol.sweep],
        "energy": energy,
        "endpoint": _endpoint(request.endpoint),
        "evaluation": None,
        "eval_callback": eval_callback,
    }


def _endpoint(endpoint: Endpoint | None) -> EndpointAsk | None:
    return {"url": endpoint.url, "key_variable": endpoint.key_variable} if endpoint else None


def _ask(at: SweepAt) -> SweepAsk:
    return {
        "shapes": {name: list(sizes) for name, sizes in at.shapes.items()},
        "prompt_tokens": at.prompt_tokens,
        "depth_tokens": at.depth_tokens,
    }
