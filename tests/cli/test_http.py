"""The one HTTP module: what a broken exchange is called, where a token goes, proxies, redirects, certificates."""

import shutil
import socket
import ssl
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest

from edgeprof.errors import EdgeprofError
from edgeprof.net import http
from tests.hub.live import free_port


class Recording(ThreadingHTTPServer):
    """Keeps (method, target, headers, body) of each request; `redirects`: status and target of the first answers."""

    def __init__(self, *redirects: tuple[int, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        self.redirects = list(redirects)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    def _do(self) -> None:
        server = self.server
        assert isinstance(server, Recording)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        server.seen.append((self.command, self.path, headers, body))
        status, location = server.redirects.pop(0) if server.redirects else (200, "")
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"done")

    do_GET = do_POST = do_CONNECT = _do

    def log_message(self, format: str, *args: object) -> None:
        """Tests are silent."""


@contextmanager
def recording(*redirects: tuple[int, str], context: ssl.SSLContext | None = None) -> Generator[Recording]:
    with Recording(*redirects) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def server_at(url: str, timeout_s: float = 5) -> http.Server:
    return http.Server(urlsplit(url), http.bearer("t0ken"), timeout_s, lambda reason: EdgeprofError("away", reason))


def fetch(method: str, url: str, body: bytes | None = None) -> tuple[int, bytes]:
    with http.fetched(method, url, {"Content-Type": "text/plain", "X-Own": "1"}, body, 5) as answer:
        return answer.status, answer.read()


def test_a_request_shows_the_token_and_a_refusal_is_an_answer() -> None:
    with recording((503, "")) as server:
        with server_at(server.url).request("POST", "/p?q=1", {"X-Own": "1"}, b"body") as answer:
            assert (answer.status, answer.read()) == (503, b"done")
        ((method, target, headers, body),) = server.seen
    assert (method, target, body) == ("POST", "/p?q=1", b"body")
    assert (headers["authorization"], headers["x-own"]) == ("Bearer t0ken", "1")


def test_a_token_does_not_follow_a_redirect() -> None:
    with recording() as other, recording((302, other.url)) as server:
        with server_at(server.url).request("GET", "/") as answer:
            assert answer.status == 302
        assert other.seen == []


def test_no_token_is_no_header() -> None:
    assert http.bearer(None) == {}
    assert http.bearer("") == {}


def test_every_way_to_get_no_answer_is_the_callers_error() -> None:
    with (
        pytest.raises(EdgeprofError, match=r"^Connection refused$"),
        server_at(f"http://127.0.0.1:{free_port()}").request("GET", "/"),
    ):
        pass
    with (
        pytest.raises(EdgeprofError, match="Invalid header value"),
        server_at("http://127.0.0.1:1").request("GET", "/", {"X-Own": "two\nlines"}),
    ):
        pass
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(EdgeprofError, match="timed out"), server_at(url, 0.05).request("GET", "/"):
            pass


def test_what_the_block_itself_raises_is_no_error_of_the_server() -> None:
    with recording() as server, pytest.raises(OSError, match="disk"), server_at(server.url).request("GET", "/"):
        raise OSError("disk")


def test_an_error_without_words_is_called_by_its_name() -> None:
    assert http.reason_of(ConnectionResetError()) == "ConnectionResetError"
    assert http.reason_of(OSError(113, "No route to host")) == "No route to host"


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirected_post_goes_on_as_a_get_without_its_body(status: int) -> None:
    with recording((status, "/elsewhere?x=1")) as server:
        assert fetch("POST", f"{server.url}/hook", b"body") == (200, b"done")
        _, (method, target, headers, body) = server.seen
    assert (method, target, body) == ("GET", "/elsewhere?x=1", b"")
    assert "content-type" not in headers
    assert headers["x-own"] == "1"


@pytest.mark.parametrize("status", [307, 308])
def test_a_redirect_that_keeps_the_method_is_followed_by_a_get_alone(status: int) -> None:
    with recording((status, "/elsewhere")) as server:
        assert fetch("POST", server.url, b"body")[0] == status
        server.redirects.append((status, "/elsewhere"))
        assert fetch("GET", server.url)[0] == 200


def test_a_circle_of_redirects_ends() -> None:
    circle = [(302, "/")] * 30
    with recording(*circle) as server, pytest.raises(http.BREAKS, match="more than 10 redirects"):
        fetch("GET", server.url)


@pytest.mark.parametrize("url", ["ftp://x/y", "x", "http://"])
def test_what_is_no_address_breaks_before_any_connection(url: str) -> None:
    with pytest.raises(http.BREAKS, match="begins with http"):
        fetch("GET", url)


def test_a_redirect_out_of_http_is_not_followed() -> None:
    with recording((302, "file:///etc/passwd")) as server, pytest.raises(http.BREAKS, match="begins with http"):
        fetch("GET", server.url)


def test_the_environments_proxy_carries_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    with recording() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.replace("//", "//me:p%40ss@"))
        assert fetch("GET", "http://hub.invalid:81/p?q") == (200, b"done")
        ((_, target, headers, _),) = proxy.seen
        assert target == "http://hub.invalid:81/p?q"
        assert headers["proxy-authorization"] == "Basic bWU6cEBzcw=="
        assert headers["host"] == "hub.invalid:81"
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with recording() as direct:
            assert fetch("GET", direct.url)[0] == 200
            assert len(direct.seen) == 1


def test_tls_goes_through_a_proxy_in_a_tunnel(monkeypatch: pytest.MonkeyPatch) -> None:
    with recording((403, "")) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        with pytest.raises(OSError, match="403"):
            fetch("GET", "https://hub.invalid/p?secret")
        ((method, target, _, _),) = proxy.seen
    assert (method, target) == ("CONNECT", "hub.invalid:443")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 127.0.0.1, signed by itself; key and certificate in one file."""
    if not (openssl := shutil.which("openssl")):
        pytest.skip("needs openssl, which makes the certificate")
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    subject = ["-subj", "/CN=edgeprof test", "-addext", "subjectAltName=IP:127.0.0.1"]
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    made = [openssl, "req", "-x509", "-days", "2", *new_key, *subject, "-keyout", str(file), "-out", str(file) + ".crt"]
    subprocess.run(made, check=True, capture_output=True)
    file.write_text(file.read_text() + Path(str(file) + ".crt").read_text())
    return file


def test_a_certificate_is_verified(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with recording(context=context) as server:
        url = server.url.replace("http:", "https:")
        refused = pytest.raises(EdgeprofError, match="its certificate is refused: self-signed")
        with refused, server_at(url).request("GET", "/"):
            pass
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with server_at(url).request("GET", "/") as answer:
            assert answer.read() == b"done"
        assert fetch("GET", url) == (200, b"done")
        with pytest.raises(ssl.SSLCertVerificationError):
            fetch("GET", url.replace("127.0.0.1", "localhost"))
