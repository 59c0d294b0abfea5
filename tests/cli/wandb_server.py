"""W&B's server as far as a run's upload uses it, recorded against wandb 0.31.0: it keeps what it gets."""

import gzip
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

NOT_LOGGED_IN = {"errors": [{"message": "user is not logged in"}]}
Answer = tuple[int, object]


class WandbServer(ThreadingHTTPServer):
    """`stream_status`: what uploads of figures are answered; `knows_key`: whether it lets anybody in."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.buckets: dict[str, dict[str, Any]] = {}
        self.history: dict[str, list[dict[str, Any]]] = {}
        self.exit_codes: dict[str, int] = {}
        self.paths: set[str] = set()
        self.knows_key = True
        self.stream_status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, path: str, body: bytes) -> Answer:
        self.paths.add(path.split("/")[1])
        if path == "/graphql":
            asked = json.loads(body)
            return (200, {"data": self._data(asked)}) if self.knows_key else (401, NOT_LOGGED_IN)
        if path.endswith("/file_stream"):
            return self._stream(path.split("/")[-2], json.loads(body))
        return 200, {}

    def _data(self, asked: dict[str, Any]) -> dict[str, Any]:
        with_values: dict[str, Any] = asked.get("variables") or {}
        match asked.get("operationName"):
            case "UpsertBucket":
                given = {key: value for key, value in with_values.items() if value is not None}
                bucket = self.buckets.setdefault(given["name"], {})
                bucket |= given
                entity = {"id": "e", "name": given.get("entity", "me")}
                project = {"id": "p", "name": given["project"], "entity": entity}
                told = {"id": "b", "name": given["name"], "displayName": given.get("displayName"), "project": project}
                return {"upsertBucket": {"bucket": {**told, "historyLineCount": 0}, "inserted": True}}
            case "CreateRunFiles":
                files = [{"name": name, "uploadUrl": f"{self.url}/upload/{name}"} for name in with_values["files"]]
                return {"createRunFiles": {"runID": "b", "uploadHeaders": [], "files": files}}
            case _:
                return {"serverInfo": {"features": []}}

    def _stream(self, run_id: str, body: dict[str, Any]) -> Answer:
        if self.stream_status != 200:
            return self.stream_status, {"error": "it does not take this"}
        lines = body.get("files", {}).get("wandb-history.jsonl", {}).get("content", [])
        self.history.setdefault(run_id, []).extend(json.loads(line) for line in lines)
        if body.get("complete"):
            self.exit_codes[run_id] = int(body["exitcode"])
        return 200, {}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _do(self) -> None:
        server = self.server
        assert isinstance(server, WandbServer)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        status, answer = server.answer(self.path, body)
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = _do

    def handle(self) -> None:
        # wandb's service drops its connections when it ends.
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def wandb_server() -> Generator[WandbServer]:
    """A server that answers."""
    with WandbServer() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
