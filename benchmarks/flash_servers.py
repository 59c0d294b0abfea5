"""What `benchmarks.flash` downloads from: nginx as the limit, a hub, and a server that cuts its connections."""

import hashlib
import http.server
import os
import re
import shutil
import socketserver
import subprocess
import threading
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.hub_footprint import free_port

PATIENCE_S = 30.0
BLOCK_BYTES = 1024 * 1024
_NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{}}
http {{
  access_log off; sendfile on; default_type application/octet-stream;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{ listen 127.0.0.1:{port}; root {folder}/www; }}
}}
"""


@dataclass(frozen=True)
class ServedFile:
    """A file of random bytes, and the path by which every server here has it: that of the hub's API."""

    path: Path
    sha256: str
    size_bytes: int

    @property
    def url_path(self) -> str:
        return f"/api/v1/blobs/{self.sha256}"


def random_file(path: Path, size_bytes: int) -> ServedFile:
    """Write it, and read it once: it is in the page cache when it is served."""
    digest, left = hashlib.sha256(), size_bytes
    with path.open("wb") as stream:
        while left:
            block = os.urandom(min(BLOCK_BYTES, left))
            digest.update(block)
            stream.write(block)
            left -= len(block)
    return ServedFile(path, digest.hexdigest(), size_bytes)


@contextmanager
def nginx_with(served: ServedFile, folder: Path) -> Generator[str]:
    """One worker, sendfile on, no access log: its address."""
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    if not Path(nginx).exists():
        raise SystemExit("nginx is not installed. On Debian: `apt-get install nginx-light`.")
    port, root = free_port(), folder / "www"
    target = Path(f"{root}{served.url_path}")
    target.parent.mkdir(parents=True)
    os.link(served.path, target)
    configuration = folder / "nginx.conf"
    configuration.write_text(_NGINX.format(folder=folder, port=port))
    with subprocess.Popen([nginx, "-c", str(configuration)], stderr=subprocess.DEVNULL) as server:
        try:
            yield _ready(f"http://127.0.0.1:{port}", served.url_path)
        finally:
            server.terminate()


def upload(hub: str, served: ServedFile) -> None:
    """Store the file on a hub."""
    with served.path.open("rb") as stream:
        headers = {"Content-Length": str(served.size_bytes)}
        request = urllib.request.Request(f"{hub}{served.url_path}", stream, headers, method="PUT")
        urllib.request.urlopen(request, timeout=600).close()


@contextmanager
def cutting_server(served: ServedFile, cuts: int) -> Generator[str]:
    """Cuts the connection after equal shares of the file, `cuts` times, and goes on where a Range asks it to."""
    share = served.size_bytes // (cuts + 1)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
            start = int(asked[1]) if asked else 0
            self.send_response(206 if asked else 200)
            if asked:
                self.send_header("Content-Range", f"bytes {start}-{served.size_bytes - 1}/{served.size_bytes}")
            self.send_header("Content-Length", str(served.size_bytes - start))
            self.send_header("ETag", f'"{served.sha256}"')
            self.end_headers()
            self.wfile.flush()
            end = served.size_bytes if start // share >= cuts else (start // share + 1) * share
            with served.path.open("rb") as stream:
                while start < end:
                    start += os.sendfile(self.connection.fileno(), stream.fileno(), start, end - start)
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def _ready(url: str, path: str) -> str:
    end_s = time.monotonic() + PATIENCE_S
    request = urllib.request.Request(f"{url}{path}", method="HEAD")
    while True:
        try:
            urllib.request.urlopen(request, timeout=1).close()
        except OSError:
            if time.monotonic() > end_s:
                raise SystemExit(f"{url} did not answer within {PATIENCE_S:.0f} s.") from None
            time.sleep(0.05)
        else:
            return url
