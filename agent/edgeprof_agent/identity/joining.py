"""Joining a hub: check that it is the one that made the token, and only then send the token's secret.

1. Fetch the CA without trusting anybody. 2. Compare its key's hash with the token's. 3. From there on speak TLS that
trusts this CA alone. A hub that somebody puts in the way fails at 2, and has learnt nothing.
"""

import json
import ssl
import subprocess
import sys
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path

from edgeprof.errors import EdgeprofError, MissingPartError, UsageError
from edgeprof.net import hub_url, x509
from edgeprof.net.http import Server
from edgeprof.wire.join_token import JoinToken
from edgeprof.wire.joining import Enrolled
from edgeprof_agent.daemon.durable import replace_durably
from edgeprof_agent.daemon.http import HubHttp, HubUnreachable
from edgeprof_agent.daemon.trust import PIN_FILE, SEEN_FILE
from edgeprof_agent.identity import key_request
from edgeprof_agent.identity.files import CA, CERTIFICATE, FOLDER, HUB, KEY, TOKEN, DeviceIdentity

TIMEOUT_S = 15.0
WITHIN_S = 30.0
MAX_CA_BYTES = 64 * 1024
KEY_WITHIN_S = 60.0
"""A small board without random numbers at its first boot waits for them."""
NEW_KEY = "device.key.new"


@dataclass(frozen=True, kw_only=True)
class Joined:
    """`expires_s`: of the certificate; None for a token, which does not expire."""

    hub_url: str
    device_id: str
    expires_s: float | None


def join(url: str, token: JoinToken, data: Path, device_id: str, *, has_key: bool = True) -> Joined:
    """Make this device known to a hub. Raises EdgeprofError; nothing of an earlier join is touched until it is done."""
    parts = hub_url.parse(url)
    if parts.scheme != "https":
        raise UsageError("tls_needed", f"Join over TLS: --hub https://{parts.hostname}:8766.")
    folder = data / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    ca = checked_ca(f"https://{parts.netloc}", token.ca_key_sha256)
    trusting = ssl.create_default_context(cadata=ca.pem)
    hub = HubHttp(url, context=lambda: trusting)
    request = _request(folder / NEW_KEY, device_id) if has_key else None
    enrolled = hub.enrol({"secret": token.secret, "device_id": device_id, "csr_pem": request})
    _keep(folder, hub.url, enrolled)
    identity = DeviceIdentity(folder)
    identity.context()  # it can be used
    certificate = identity.certificate()
    return Joined(hub_url=hub.url, device_id=device_id, expires_s=certificate.not_after_s if certificate else None)


def checked_ca(url: str, key_sha256: str) -> x509.Certificate:
    """The hub's CA whose key has this hash. Raises EdgeprofError where it has none."""
    unchecked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unchecked.check_hostname = False
    unchecked.verify_mode = ssl.CERT_NONE  # nothing is sent, and what comes is checked by its hash
    server = Server(
        hub_url.parse(url), {}, TIMEOUT_S, lambda reason: HubUnreachable(url, reason), context=lambda: unchecked
    )
    with server.request("GET", "/ca.pem", within_s=WITHIN_S) as answer:
        found = _certificates(url, answer, server.body(answer, MAX_CA_BYTES))
    for one in found:
        if one.key_sha256 == key_sha256:
            return one
    raise EdgeprofError(
        "wrong_ca",
        f"The hub at {url} is not the one that made this join token: its CA has another key. The secret was not "
        f"sent. Check the address, and that nobody is in between. CA's key: {found[0].key_sha256[:16]}..., the "
        f"token's: {key_sha256[:16]}...",
    )


def _certificates(url: str, answer: HTTPResponse, body: bytes) -> list[x509.Certificate]:
    try:
        found = x509.certificates(body.decode("ascii")) if answer.status == 200 else []
    except ValueError:
        found = []
    if not found:
        raise EdgeprofError(
            "no_tls", f"The server at {url} offers no CA (HTTP {answer.status}). Is it a hub that runs with --tls?"
        )
    return found


def _pin(folder: Path, job_key_hex: str) -> None:
    """The key that signs the hub's jobs. What another hub's jobs said does not bind this one's."""
    pin = folder / PIN_FILE
    pinned = f"{job_key_hex}\n"
    if not pin.exists() or pin.read_text(errors="replace") != pinned:
        (folder / SEEN_FILE).unlink(missing_ok=True)
        replace_durably(pin, pinned.encode())


def _request(key_file: Path, device_id: str) -> str:
    """The key of a join that was cut off serves for the next one: the hub answers the same secret again."""
    command = [sys.executable, "-m", key_request.__name__, str(key_file), device_id]
    done = subprocess.run(command, capture_output=True, text=True, timeout=KEY_WITHIN_S, check=False)
    if done.returncode == key_request.NO_TOOL:
        raise MissingPartError(
            "no_key_tool",
            "Making a key needs the program openssl or the package cryptography, and neither is installed here. "
            "Install one: sudo apt install openssl. Or join with a token of its own: --no-key",
        )
    if done.returncode != 0:
        raise EdgeprofError("key_failed", f"Cannot make this device's key: {done.stderr.strip().splitlines()[-1:]}")
    return done.stdout


def _keep(folder: Path, url: str, enrolled: Enrolled) -> None:
    replace_durably(folder / CA, enrolled.ca_pem.encode())
    replace_durably(folder / HUB, json.dumps({"hub_url": url}, indent=2).encode())
    if enrolled.job_key_hex:
        _pin(folder, enrolled.job_key_hex)
    if enrolled.certificate_pem is not None:
        # The new key goes last: after a cut in between, joining again asks for the same key, which the hub grants.
        replace_durably(folder / KEY, (folder / NEW_KEY).read_bytes())
        replace_durably(folder / CERTIFICATE, enrolled.certificate_pem.encode())
        (folder / NEW_KEY).unlink()
        (folder / TOKEN).unlink(missing_ok=True)
    else:
        replace_durably(folder / TOKEN, f"{enrolled.token}\n".encode())
        for name in (CERTIFICATE, KEY):
            (folder / name).unlink(missing_ok=True)
