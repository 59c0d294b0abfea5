"""What lm-eval's GGUF path asks of a server (`echo` and `logprobs`), answered by the engine that edgeprof runs.

    python -m benchmarks.echo_server MODEL.gguf THREADS

Its first line is its address. The choices of lm-eval and edgeprof are then compared on one build of llama.cpp: another
build rounds otherwise, which alone moves a log-likelihood by nats.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, cast

from edgeprof_agent.runtimes.llama.llamacapi import LlamaCapi
from edgeprof_agent.runtimes.llama.llamacpp import LlamaModel
from edgeprof_agent.worker_protocol.document import job_from


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        model = cast(_Server, self.server).model
        data = json.dumps(
            {"choices": [{"text": body["prompt"], "logprobs": _logprobs(model, body["prompt"])}]}
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


class _Server(HTTPServer):
    def __init__(self, model: LlamaModel) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.model = model


def _logprobs(model: LlamaModel, prompt: str) -> dict[str, Any]:
    """In the form of OpenAI's completions, with a last token that stands for the generated one."""
    tokens = model.tokenize(prompt)
    values = [None, *model.token_log_likelihoods(tokens), 0.0]
    texts = [*(model.detokenize([token]) for token in tokens), "."]
    offsets = [sum(map(len, texts[:place])) for place in range(len(texts))]
    tops = [{text: value or 0.0} for text, value in zip(texts, values, strict=True)]
    return {"tokens": texts, "token_logprobs": values, "text_offset": offsets, "top_logprobs": tops}


def main() -> None:
    """Serves until it is ended."""
    path, threads = sys.argv[1], int(sys.argv[2])
    config = dict(provider="cpu", threads=threads, prompt_tokens=1, decode_tokens=1, depth_tokens=0)
    job: dict[str, Any] = dict(course="evaluate", model_path=path, config=config, protocol=dict(seed=1))
    server = _Server(LlamaCapi().open(job_from({**job, "eval_callback": False})))
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
