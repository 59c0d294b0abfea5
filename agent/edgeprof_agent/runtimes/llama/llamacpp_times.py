"""Where the time of a generated token goes, by operator: llama.cpp's evaluation callback, asked for after the run.

The callback is called before and after a node, and the engine stops in between. The time of a node lies between the two
calls: what Python takes is in no operator's time, but in the token's. Steps with the callback alternate with steps
without it, and both medians are told.
"""

import ctypes
import time
from collections import Counter
from collections.abc import Callable

from edgeprof_agent.runtimes.llama.llamacpp_api import EvalCallback, LlamaApi, Model
from edgeprof_agent.runtimes.llama.llamacpp_context import LlamaContext, Tokens
from edgeprof_agent.runtimes.llama.llamacpp_graph import Ggml, Tensor
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure

_NOTHING_RUNS = frozenset(("NONE", "VIEW", "RESHAPE", "PERMUTE", "TRANSPOSE"))
_STEPS = 8
_LIMIT_NS = 4_000_000_000
"""A slow model has fewer steps, but one."""
_SHOWN = 6


class NodeClock:
    """Adds up the time of each operator in a step. `callback` must outlive the context."""

    def __init__(self, api: LlamaApi, ggml: Ggml) -> None:
        self._ggml = ggml
        self._began_ns = 0
        self.times_ns: Counter[str] = Counter()
        self.callback: EvalCallback = api.ggml_backend_sched_eval_callback(self._see)

    def _see(self, tensor: int, ask: bool, _: object) -> bool:
        now_ns = time.perf_counter_ns()
        name = self._ggml.ggml_op_desc(ctypes.byref(Tensor.from_address(tensor))).decode()
        if ask:
            if name in _NOTHING_RUNS:
                return False  # it is passed together with the next one
            self._began_ns = time.perf_counter_ns()
        else:
            self.times_ns[name] += now_ns - self._began_ns
        return True


def operator_times(api: LlamaApi, model: Model, ggml: Ggml, threads: int, token: Callable[[], Tokens]) -> str:
    """One sentence: each operator's share of a token, with what the callback costs. `token` draws one token."""
    clock = NodeClock(api, ggml)
    plain = LlamaContext(api, model, _STEPS + 1, threads)
    try:
        timed = LlamaContext(api, model, _STEPS + 1, threads, clock.callback)
    except RuntimeFailure:
        plain.close()
        raise
    try:
        plain.evaluate(token())
        timed.evaluate(token())
        plains_ns: list[int] = []
        steps: list[tuple[int, dict[str, int]]] = []
        start_ns = time.perf_counter_ns()
        while len(steps) < _STEPS and time.perf_counter_ns() - start_ns < _LIMIT_NS:
            plains_ns.append(_step_ns(plain, token()))
            clock.times_ns.clear()
            took_ns = _step_ns(timed, token())
            steps.append((took_ns, dict(clock.times_ns)))
    finally:
        plain.close()
        timed.close()
    steps.sort(key=lambda step: step[0])
    timed_ns, times_ns = steps[len(steps) // 2]
    return sentence(times_ns, sorted(plains_ns)[len(plains_ns) // 2], timed_ns, len(steps))


def sentence(times_ns: dict[str, int], plain_ns: int, timed_ns: int, steps: int) -> str:
    """The times of one step, in words. `plain_ns`: of a step that nobody watches."""
    total_ns = sum(times_ns.values())
    ordered = sorted(times_ns.items(), key=lambda item: -item[1])
    parts = [f"{name} {value / 1e6:.3g} ms ({value / total_ns:.0%})" for name, value in ordered[:_SHOWN]]
    rest_ns = sum(value for _, value in ordered[_SHOWN:])
    rest = [f"{len(ordered) - _SHOWN} others {rest_ns / 1e6:.3g} ms"] if rest_ns else []
    return (
        f"time by operator in one generated token, the median of {steps}: {', '.join([*parts, *rest])}. "
        f"They add up to {total_ns / plain_ns:.2f} of a token's time without this reading, which itself makes a "
        f"token {timed_ns / plain_ns:.2f} times as long"
    )


def _step_ns(context: LlamaContext, token: Tokens) -> int:
    start_ns = time.perf_counter_ns()
    context.evaluate(token)
    return time.perf_counter_ns() - start_ns
