"""A real OpenAI-compatible llama.cpp server: run as a program, it serves a GGUF file until it is ended.

    python -m benchmarks.llama_server MODEL.gguf NAME

Its first line is its address.
"""

import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast


@contextmanager
def llama_server(model: Path, name: str) -> Generator[str]:
    """The URL of the server while the block runs, as an endpoint is named."""
    command = [sys.executable, "-m", "benchmarks.llama_server", str(model), name]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        yield f"{process.stdout.readline().strip()}/v1"
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _serve(model: str, name: str) -> None:
    import xllamacpp

    api = cast(Any, xllamacpp)
    params = api.CommonParams()
    params.model.path = model
    params.model_alias = {name}
    params.port = 0
    params.n_ctx = 2048
    params.n_parallel = 1
    params.cpuparams.n_threads = 1
    params.warmup = False
    params.chat_template = "{% for message in messages %}{{ message.content }}{% endfor %}"
    server = api.Server(params)
    print(server.listening_address, flush=True)
    time.sleep(3600)


if __name__ == "__main__":
    _serve(sys.argv[1], sys.argv[2])
