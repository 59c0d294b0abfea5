"""An OpenAI-compatible endpoint that does one thing wrong. What it sends was recorded from llama.cpp's server."""

import json
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WORD = "word "


class OddEndpoint(ThreadingHTTPServer):
    """Counts a token for each word of a prompt and five around it. What is odd about it is in its attributes."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.key = ""
        self.refusals: list[tuple[int, str, dict[str, str]]] = []
        """Answers to the next requests, before any that is good."""
        self.old_limit = False
        """It knows `max_tokens` only, and says so."""
        self.ignores_limit = False
        self.tells_usage = True
        self.reasoning = 0
        """Tokens that are billed and never shown."""
        self.at_once = 1
        """Tokens in a part of the stream."""
        self.breaks_after = 0
        """Parts after which the connection is cut; 0: it is not."""
        self.says_error_within = ""
        self.models = 1
        self.after_the_end = b""
        self.closes = False
        """It closes the connection after each answer, without saying so before."""
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def parts(self, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        limit = body.get("max_tokens" if self.old_limit or "max_tokens" in body else "max_completion_tokens", 64)
        tokens = 64 if self.ignores_limit else limit
        shown = max(0, tokens - self.reasoning)
        yield {"choices": [{"delta": {"role": "assistant", "content": None}}], "model": "odd-1"}
        if self.says_error_within:
            yield {"error": {"message": self.says_error_within, "code": 500}}
            return
        for first in range(0, shown, self.at_once):
            time.sleep(0.002)
            yield {"choices": [{"delta": {"content": WORD * min(self.at_once, shown - first)}}], "model": "odd-1"}
        if self.tells_usage:
            told: dict[str, Any] = {
                "prompt_tokens": 5 + len(body["messages"][0]["content"].split()),
                "completion_tokens": tokens,
                "prompt_tokens_details": {"cached_tokens": 3},
            }
            if self.reasoning:
                told["completion_tokens_details"] = {"reasoning_tokens": min(self.reasoning, tokens)}
            yield {"choices": [], "model": "odd-1", "usage": told}


class _Handler(BaseHTTPRequestHandler):
    server: OddEndpoint  # type: ignore[assignment]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else what is sent piece by piece arrives at once, as no real server lets it

    def do_GET(self) -> None:
        if self.path == "/v1/models" and self._has_key():
            self._say(200, json.dumps({"object": "list", "data": [{"id": "odd-1"}] * self.server.models}))
        else:
            self._say(401, json.dumps({"error": {"message": f"Incorrect API key: {self.server.key}x."}}))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.bodies.append(body)
        self.server.headers.append(dict(self.headers.items()))
        if not self._has_key():
            said = self.headers.get("Authorization", "none")
            self._say(401, json.dumps({"error": {"message": f"Incorrect API key provided: {said}."}}))
        elif self.server.refusals:
            status, text, headers = self.server.refusals.pop(0)
            self._say(status, text, headers)
        elif self.server.old_limit and "max_tokens" not in body:
            self._say(400, json.dumps({"error": {"message": "Unknown field: max_completion_tokens"}}))
        else:
            self._stream(body)

    def _has_key(self) -> bool:
        return not self.server.key or self.headers.get("Authorization") == f"Bearer {self.server.key}"

    def _stream(self, body: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number, part in enumerate(self.server.parts(body), 1):
            self._chunk(f"data: {json.dumps(part)}\n\n".encode())
            if number == self.server.breaks_after:
                self.close_connection = True
                self.connection.close()
                return
        self._chunk(b": a comment\n\ndata: [DONE]\n\n" + self.server.after_the_end)
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()
        self.close_connection = self.server.closes

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _say(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        data = text.encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


@contextmanager
def odd_endpoint() -> Generator[OddEndpoint]:
    """It answers while the block runs."""
    server = OddEndpoint()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
