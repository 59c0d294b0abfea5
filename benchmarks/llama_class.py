"""Prefill and decode tokens/s through llama-cpp-python's class `Llama` and its own `eval`, defaults left as they are.

Run in a process of its own by llama_fidelity. Prints {figure: [tokens/s of each repeat]}.
"""

import importlib
import json
import random
import sys
import time
from typing import Any

WARM_UP = 2


def main(path: str, prompt_tokens: int, decode_tokens: int, repeats: int) -> None:
    """One thread, the context as long as the longer of the two, memory reset before each repeat."""
    library: Any = importlib.import_module("llama_cpp")  # built from source, and not in every environment
    model = library.Llama(
        path, n_ctx=max(prompt_tokens, decode_tokens), n_threads=1, n_threads_batch=1, verbose=False, n_gpu_layers=0
    )
    draw = random.Random(1)
    rates: dict[str, list[float]] = {"prefill_tokens_per_s": [], "decode_tokens_per_s": []}
    for figure, tokens, at_once in (
        ("prefill_tokens_per_s", prompt_tokens, prompt_tokens),
        ("decode_tokens_per_s", decode_tokens, 1),
    ):
        for turn in range(WARM_UP + repeats):
            words = [draw.randrange(model.n_vocab()) for _ in range(tokens)]
            model.reset()
            started_ns = time.perf_counter_ns()
            for first in range(0, tokens, at_once):
                model.eval(words[first : first + at_once])
            took_ns = time.perf_counter_ns() - started_ns
            if turn >= WARM_UP:
                rates[figure].append(tokens / took_ns * 1e9)
    print(json.dumps(rates))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:5]))
