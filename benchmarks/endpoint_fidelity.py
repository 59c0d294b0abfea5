"""What our client says of an endpoint, over what its server says of the same requests: a real llama.cpp server here.

llama.cpp's server tells with each answer how long it evaluated the prompt and how long it generated, by its own clock.
On loopback there is no network between the two, so that what is left is our client and the server's HTTP. Each pair is
one request: both clocks saw the same one.
"""

import argparse
import json
from pathlib import Path

import msgspec

from benchmarks.llama_server import llama_server
from benchmarks.paired import median_ratio
from edgeprof_agent.runtimes.openai.answers import StreamEvent
from edgeprof_agent.runtimes.openai.http import Connection, Reply
from edgeprof_agent.runtimes.openai.prompts import FEW_WORDS, MANY_WORDS, Prompts
from edgeprof_exports.catalogue import recipe_named
from edgeprof_exports.fetch import ensure


class _Timings(msgspec.Struct):
    prompt_ms: float
    predicted_n: int
    predicted_ms: float


class _Timed(StreamEvent, frozen=True):
    """A part with llama.cpp's own addition to the API."""

    timings: _Timings | None = None


_DECODER = msgspec.json.Decoder(_Timed)
RECIPE = "smollm2-135m-q4-1"


class _Eavesdropping(Connection):
    """The client itself, which keeps what the server timed."""

    timed = _Timings(0.0, 0, 0.0)

    def decoded(self, content: bytes) -> StreamEvent:
        part = _DECODER.decode(content)
        self.timed = part.timings or self.timed
        return part


def main() -> None:
    """Prompts and generations, one after the other; the ratio of both clocks in each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--prompt-tokens", type=int, default=128)
    parser.add_argument("--decode-tokens", type=int, default=32)
    parser.add_argument("--json", type=Path, help="keep the pairs here")
    asked = parser.parse_args()
    weights = ensure(recipe_named(RECIPE), lambda text: None)
    with llama_server(weights, "smollm2") as url:
        connection = _Eavesdropping(url, None)
        prompts = Prompts()
        counted = [_asked(connection, prompts.words(words), 1).usage for words in (FEW_WORDS, MANY_WORDS)]
        prompts.learned(*(usage.prompt_tokens for usage in counted if usage))
        ttft: list[tuple[float, float]] = []
        decode: list[tuple[float, float]] = []
        for _ in range(asked.pairs):
            reply = _asked(connection, prompts.of_tokens(asked.prompt_tokens), 1)
            ttft.append(((reply.shown_ns[0] - reply.started_ns) / 1e6, connection.timed.prompt_ms))
            reply = _asked(connection, prompts.counting(), asked.decode_tokens + 1)
            steps, told = len(reply.shown_ns) - 1, connection.timed
            client = steps / (reply.shown_ns[-1] - reply.shown_ns[0]) * 1e9
            decode.append((client, (told.predicted_n - 1) / told.predicted_ms * 1e3))
    print(f"TTFT of the client over the server's own prompt time: {median_ratio(ttft)}")
    print(f"decode tokens/s of the client over the server's own:  {median_ratio(decode)}")
    if asked.json:
        asked.json.write_text(json.dumps({"ttft_ms": ttft, "decode_tokens_per_s": decode}))


def _asked(connection: Connection, prompt: str, tokens: int) -> Reply:
    body: dict[str, object] = {
        "model": "smollm2",
        "messages": [{"role": "user", "content": prompt}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_completion_tokens": tokens,
        "ignore_eos": True,
        "cache_prompt": False,
    }
    return connection.chat(body)


if __name__ == "__main__":
    main()
