"""Requests to an endpoint with what goes wrong around them: fields that it refuses, limits, errors, counts."""

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from edgeprof.modelfiles import served_file
from edgeprof.net.backoff import Backoff
from edgeprof_agent.runtimes.openai.answers import Usage
from edgeprof_agent.runtimes.openai.http import Connection, EndpointRefusal, EndpointUnreachable, Reply
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure
from edgeprof_agent.worker_protocol.document import EndpointAsk, WorkerJob
from edgeprof_agent.worker_protocol.remote_facts import RemoteFacts

NO_FIELDS: Mapping[str, object] = {}
MAX_IN_A_ROW = 5
"""Errors in a row after which the endpoint is given up."""
RETRY = Backoff(0.5, 30.0, jitter=False)
"""1, 2, 4 and 8 s."""
_PASSING = frozenset(("408", "409", "425", "429", "500", "502", "503", "504", "529"))
_LIMITS = ("max_completion_tokens", "max_tokens")
"""The present name of the limit of an answer, and the older one that many servers still want."""
_SAYS: dict[str, str] = {
    "401": "It needs a valid key. Name the variable that holds it with --endpoint-key-env.",
    "403": "The key may not use this model.",
    "404": "It has no such model or address. `edgeprof endpoint check` lists what it serves.",
}


class Asking:
    """One model at one endpoint. An error that passes is counted, waited for and asked again; it is in no time."""

    def __init__(
        self, connection: Connection, job: WorkerJob, endpoint: EndpointAsk, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._connection = connection
        self._url = endpoint["url"]
        self._stop_at_ns = max(job["stop_at_ns"], job["extras_stop_at_ns"])
        self._served = served_file.read(Path(job["model_path"]))
        self._limit = _LIMITS[0]
        self._sleep = sleep
        self._errors: Counter[str] = Counter()
        self._usages: list[Usage] = []
        self._answered_as: str | None = None

    def connects(self, times: int) -> list[int]:
        """How long opening a connection takes. Raises RuntimeFailure where none can be opened."""
        try:
            return [self._connection.connect() for _ in range(times)]
        except EndpointUnreachable as error:
            raise RuntimeFailure("load_error", f"Cannot reach {self._url} ({error.kind}): {error}.") from error

    def first(self, prompt: str) -> Reply:
        """The first request, which finds out what the limit of an answer is called here."""
        why = ""
        for limit in _LIMITS:
            self._limit = limit
            try:
                reply = self.ask(prompt, 1)
            except _Unknown as unknown:
                why = str(unknown)
                self._errors.clear()  # finding out is no failure of the endpoint
                continue
            if self.usage(reply).completion_tokens <= 1:
                return reply
            why = f"{self._url} sent more than the one token that was requested."
        raise RuntimeFailure("load_error", why)

    def ask(self, prompt: str, most_tokens: int, fields: Mapping[str, object] = NO_FIELDS) -> Reply:
        """One answer in full. `fields`: more of the request; the model's document overrides them.

        Raises RuntimeFailure where the endpoint refuses for good, or fails too often.
        """
        body = {**fields, **self._body(prompt, most_tokens)}
        for number in range(1, MAX_IN_A_ROW + 1):
            pause_s = RETRY.delay_s(number)
            try:
                reply = self._connection.chat(body)
            except EndpointRefusal as refusal:
                self._errors[refusal.kind] += 1
                problem = self._refused(refusal)
                wait_s = pause_s if refusal.retry_after_s is None else refusal.retry_after_s
            except EndpointUnreachable as broken:
                self._errors[broken.kind] += 1
                problem, wait_s = f"{self._url}: {broken}", pause_s
            else:
                self._usages.append(self.usage(reply))
                self._answered_as = reply.model or self._answered_as
                return reply
            out_of_time = time.monotonic_ns() + wait_s * 1e9 > self._stop_at_ns
            if number == MAX_IN_A_ROW or out_of_time:
                raise RuntimeFailure("inference_error", f"{number} requests in a row failed. Last error: {problem}")
            self._sleep(wait_s)
        raise AssertionError

    @staticmethod
    def usage(reply: Reply) -> Usage:
        """The endpoint's count. Raises RuntimeFailure where it gives none: nothing could be told per token."""
        if reply.usage is None:
            raise RuntimeFailure(
                "inference_error",
                "The endpoint does not report how many tokens an answer has, so speed and price per token are "
                "unknown. Its stream has no `usage`, which stream_options.include_usage requests.",
            )
        return reply.usage

    def facts(self, connect_ns: list[int], prompt_tokens: list[int]) -> RemoteFacts:
        price = self._served.price
        return {
            "model": self._served.model,
            "answered_as": self._answered_as,
            "price": (price.provider, price.model) if price else None,
            "connect_ns": connect_ns,
            "requests": len(self._usages),
            "errors": dict(self._errors),
            "prompt_tokens": prompt_tokens,
            "total_input_tokens": sum(usage.prompt_tokens for usage in self._usages),
            "total_cached_tokens": sum(usage.cached for usage in self._usages),
            "total_output_tokens": sum(usage.completion_tokens for usage in self._usages),
            "total_reasoning_tokens": sum(usage.reasoning for usage in self._usages),
        }

    def notes(self) -> list[str]:
        """What of a request is not the same everywhere."""
        parameters = self._served.parameters
        fields = ", ".join(f"{name}={json.dumps(value)}" for name, value in sorted(parameters.items()))
        return [f"requested as {self._served.model}, {self._limit}{f', {fields}' if fields else ''}"]

    def close(self) -> None:
        self._connection.close()

    def _body(self, prompt: str, most_tokens: int) -> dict[str, object]:
        return {
            **self._served.parameters,
            "model": self._served.model,
            "messages": [{"role": "user", "content": prompt}],
            "stream": True,
            "stream_options": {"include_usage": True},
            self._limit: most_tokens,
        }

    def _refused(self, refusal: EndpointRefusal) -> str:
        """The sentence of an error that passes; raises for one that does not."""
        problem = f"{self._url} answered {refusal.kind}: {refusal}"
        if refusal.kind == "stream" or refusal.kind in _PASSING:
            return problem
        if refusal.kind in ("400", "422") and self._limit in str(refusal) and not self._usages:
            raise _Unknown("load_error", problem)
        advice = _SAYS.get(refusal.kind, "")
        code = "inference_error" if self._usages else "load_error"
        raise RuntimeFailure(code, f"{problem}{'' if problem.endswith('.') else '.'} {advice}".rstrip())


class _Unknown(RuntimeFailure):
    """A field of the request is not known there."""
