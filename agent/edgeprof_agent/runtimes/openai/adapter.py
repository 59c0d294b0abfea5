"""Any OpenAI-compatible endpoint: streamed chat completions, timed where a client sees them.

An endpoint is asked as its users ask it: no token ids, no cache of ours, no logits. TTFT is from the request to the
first text that arrives, with network and queue in it; decode is what arrives between the first and the last text.
"""

import itertools
import os
from collections.abc import Sequence
from typing import Literal, NamedTuple

from edgeprof.version import __version__
from edgeprof_agent.runtimes.lengths import first_lengths
from edgeprof_agent.runtimes.openai.answers import Usage
from edgeprof_agent.runtimes.openai.http import Connection, Reply
from edgeprof_agent.runtimes.openai.prompts import FEW_WORDS, MANY_WORDS, Prompts
from edgeprof_agent.runtimes.openai.requests import Asking
from edgeprof_agent.runtimes.openai.writing import Writer
from edgeprof_agent.worker_protocol.adapter import Decode, Generated, Lengths, Prefill, RuntimeFailure
from edgeprof_agent.worker_protocol.document import Operators, Output, RuntimeSetting, WorkerJob, no_operators
from edgeprof_agent.worker_protocol.remote_facts import RemoteFacts

MAX_SHORT = 5
CONNECTS = 7
"""One more than a median with an interval takes."""
_UNKNOWN_MACHINE = "the machine behind an endpoint is not known"
_CLIENT = "it would describe the client, not the model"
ABSENT = {
    "prefill_tokens_per_s": "an endpoint does not report prompt evaluation; TTFT includes network and queue",
    "ttft_cached_ms": "an endpoint controls its own prompt cache; every prompt here is a new one",
    "tokenize_ms": "an endpoint tokenizes within the request",
    "sample_ms": "an endpoint samples within the request",
    "kv_cache_mib": _UNKNOWN_MACHINE,
    "peak_memory_mib": _UNKNOWN_MACHINE,
    "model_size_mib": "an endpoint does not report the size of its model",
    "baseline_memory_mib": _CLIENT,
    "worker_start_ms": _CLIENT,
    "runtime_import_ms": _CLIENT,
    "load_ms": "an endpoint has its model loaded already, or does not report it",
}
_COALESCED = dict.fromkeys(
    ("inter_token_p50_ms", "inter_token_p95_ms", "inter_token_p99_ms"),
    "the endpoint sends several tokens at once, so the time of a single token is not visible",
)


class OpenAiApi:
    """Nothing to import but the standard library's client."""

    def open(self, job: WorkerJob) -> "EndpointModel":
        endpoint = job["endpoint"]
        if endpoint is None:
            raise RuntimeFailure("load_error", "A served model needs an endpoint. Name one with --endpoint.")
        if job["config"].depth_tokens:
            raise RuntimeFailure("load_error", "An endpoint keeps no context between requests. Leave the depth at 0.")
        key = os.environ.get(endpoint["key_variable"]) if endpoint["key_variable"] else None
        connection = Connection(endpoint["url"], key.strip() if key else None)
        return EndpointModel(Asking(connection, job, endpoint), job)


class EndpointModel:
    """A model as its endpoint serves it. Opening it asks twice, to learn its tokens and which fields it takes."""

    kind: Literal["text"] = "text"

    def __init__(self, asking: Asking, job: WorkerJob) -> None:
        self.absent = dict(ABSENT)
        self.kv_cache_kib: float | None = None
        self.refills = False
        self._asking = asking
        self._writer = Writer(asking)
        self._job = job
        self._prompts = Prompts()
        self._lengths = first_lengths(job)
        self._connect_ns = asking.connects(CONNECTS)
        few = asking.first(self._prompts.words(FEW_WORDS))
        many = asking.ask(self._prompts.words(MANY_WORDS), 1)
        self._prompts.learned(Asking.usage(few).prompt_tokens, Asking.usage(many).prompt_tokens)
        self._timed_prompts: list[int] = []
        self._one_by_one: list[bool] = []

    def resize_context(self, lengths: Lengths) -> None:
        if lengths.depth_tokens:
            raise RuntimeFailure("load_error", "An endpoint keeps no context between requests, so there is no depth.")
        self._lengths = lengths

    def release_context(self) -> None:
        """Nothing is held."""

    def close(self) -> None:
        self._asking.close()

    def first_prompt(self) -> Prefill:
        return self.prefill()

    def prefill(self) -> Prefill:
        reply = self._asking.ask(self._prompts.of_tokens(self._lengths.prompt_tokens), 1)
        self._timed_prompts.append(Asking.usage(reply).prompt_tokens)
        first_ns = _first_ns(reply) - reply.started_ns
        return Prefill(first_ns, first_ns, reply.started_ns, reply.ended_ns)

    def decode(self) -> Decode:
        """An answer that ends at once tells no speed, and is asked for again: a model may choose its end."""
        tokens = 0
        for _ in range(MAX_SHORT):
            decode, usage = self._generation()
            if decode is not None:
                return decode
            tokens = usage.completion_tokens
        raise RuntimeFailure(
            "inference_error",
            f"{MAX_SHORT} answers in a row came in one piece, the last one of {tokens} tokens, so decode speed "
            "cannot be measured. Request more with --decode-tokens.",
        )

    def _generation(self) -> tuple[Decode | None, Usage]:
        reply = self._asking.ask(self._prompts.counting(), self._lengths.decode_tokens + 1)
        usage, shown_ns = Asking.usage(reply), reply.shown_ns
        _first_ns(reply)
        seen = steps_of(usage, len(shown_ns))
        if seen.steps < 1:
            return None, usage
        gaps_ns = [after - before for before, after in itertools.pairwise(shown_ns)] if seen.one_by_one else []
        self._one_by_one.append(seen.one_by_one)
        total_ns = shown_ns[-1] - shown_ns[0]
        spans = (total_ns, gaps_ns, reply.started_ns, reply.ended_ns)
        return Decode(seen.steps, usage.completion_tokens, *spans), usage

    def no_requests(self) -> str | None:
        return None

    def request(self) -> None:
        self._asking.ask(self._prompts.of_tokens(self._lengths.prompt_tokens), self._lengths.decode_tokens + 1)

    def cached_prompt_ns(self, repeats: int) -> list[int]:
        return []

    def tokenize_ns(self) -> list[int]:
        return []

    def sample_ns(self) -> list[int]:
        return []

    def output(self) -> Output | None:
        return None

    def write(self, prompt: str, max_tokens: int, stop: Sequence[str], *, temperature: float, seed: int) -> Generated:
        """The answer to a user's message. Raises RuntimeFailure."""
        return self._writer.write(prompt, max_tokens, stop, temperature=temperature, seed=seed)

    def remote(self) -> RemoteFacts:
        """What was asked and answered so far."""
        if self._one_by_one.count(True) * 2 < len(self._one_by_one):
            self.absent |= _COALESCED
        return self._asking.facts(self._connect_ns, self._timed_prompts)

    def setting(self) -> RuntimeSetting:
        lengths, is_evaluation = self._lengths, self._job["course"] == "evaluate"
        prompts: dict[str, str] = {
            "prompt": f"about {lengths.prompt_tokens} tokens of text",
            "generated": f"up to {lengths.decode_tokens + 1} tokens",
        }
        source = "random common words, different for every request and run"
        chosen = "the endpoint chooses tokens by its own default, unless the model's document sets it"
        return {
            "runtime_version": __version__,
            "threads": 0,
            "provider": "endpoint",
            "delegate": None,
            "inputs": {"prompt": "text"} if is_evaluation else prompts,
            "input_source": "items of the evaluation set" if is_evaluation else source,
            "notes": [
                "times are the client's: they include network and the endpoint's queue",
                *(self._writer.notes() if is_evaluation else [chosen]),
                *self._asking.notes(),
            ],
        }

    def operators(self) -> Operators:
        return no_operators("an endpoint does not report its operators or their precision")


class Steps(NamedTuple):
    """Tokens between the first and the last part of an answer; `one_by_one`: each part was one of them."""

    steps: int
    one_by_one: bool


def steps_of(usage: Usage, parts: int) -> Steps:
    """From the endpoint's count and the number of parts that showed text.

    The last token, an end of text, is often billed and not shown. Where an endpoint puts several tokens into a part,
    those of the first part came before the clock of the generation started, and an even share is taken off for them.
    """
    plain = usage.completion_tokens - usage.reasoning
    tokens = usage.completion_tokens if parts > plain else plain  # more: its reasoning is shown, too
    if tokens - 1 <= parts <= tokens:
        return Steps(parts - 1, True)
    return Steps(round(tokens * (parts - 1) / parts), False)


def _first_ns(reply: Reply) -> int:
    """When the first token was seen. A single one that shows no text (half a character, the end) came with the end."""
    usage = Asking.usage(reply)
    if reply.shown_ns:
        return reply.shown_ns[0]
    if usage.completion_tokens <= 1 and not usage.reasoning:
        return reply.ended_ns
    raise RuntimeFailure(
        "inference_error",
        f"The endpoint billed {usage.completion_tokens} tokens ({usage.reasoning} of them reasoning) and showed no "
        "text, so there was no first token to time. For a reasoning model, set its effort in the model's document: "
        "`edgeprof endpoint model NAME --parameter reasoning_effort=minimal`.",
    )
