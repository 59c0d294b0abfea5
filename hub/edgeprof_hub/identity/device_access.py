"""What a device that has joined may ask of the hub: its own jobs' files, its own session and results, nothing else."""

from dataclasses import dataclass
from typing import cast

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

from edgeprof.errors import EdgeprofError
from edgeprof_hub.context import HubContext
from edgeprof_hub.failures import error_response
from edgeprof_hub.identity import tokens
from edgeprof_hub.identity.ledger import Credential
from edgeprof_hub.identity.tls_peer import PEER, Peer

DEVICE = "device_id"
"""In the state of a request: the device whose credential it has shown."""
ALLOWED = {
    ("GET", "/api/v1/bootstrap"),
    ("POST", "/api/v1/claims"),
    ("POST", "/api/v1/holdings"),
    ("POST", "/api/v1/renew"),
}
ALLOWED_BELOW = {
    ("GET", "/api/v1/presence/"),
    ("GET", "/api/v1/blobs/"),
    ("HEAD", "/api/v1/blobs/"),
    ("HEAD", "/api/v1/artifacts/"),
    ("PUT", "/api/v1/artifacts/"),
}


@dataclass(frozen=True)
class Caller:
    """A request that shows a device's credential. `refusal`: why it is not served, None where it is."""

    device_id: str
    refusal: Response | None


def caller_of(scope: Scope, bearer: str) -> Caller | None:
    """Whose device a request is; None where it shows no device's credential, or a token that nobody was given."""
    hub = cast("HubContext | None", getattr(scope["app"].state, "hub", None))
    if hub is None or hub.identities is None:
        return None
    ledger = hub.identities.authority.ledger
    peer = cast("Peer | None", scope.get("state", {}).get(PEER))
    if peer is not None:
        found = ledger.certificate(peer.serial)
        if found is None or found.device_id != peer.device_id:
            return Caller(peer.device_id, _refused("device_unknown", _UNKNOWN))
    elif tokens.is_token(bearer):
        found = ledger.token(bearer)
        if found is None:
            return None
    else:
        return None
    return Caller(found.device_id, _refusal(found, scope["method"], scope["path"]))


def _refusal(found: Credential, method: str, path: str) -> Response | None:
    if found.revoked_s is not None:
        return _refused("device_revoked", _REVOKED.format(device_id=found.device_id))
    is_allowed = (method, path) in ALLOWED or any(
        method == verb and path.startswith(start) for verb, start in ALLOWED_BELOW
    )
    return None if is_allowed else _refused("device_not_allowed", "A device may not ask this of the hub.")


def check_own(device_id: str | None, named: str) -> None:
    """Raises EdgeprofError where a device's credential came with another device's id."""
    if device_id is not None and device_id != named:
        raise EdgeprofError("device_not_allowed", f"The credential of {device_id} does not speak for {named[:80]}.")


def bearer_of(headers: Headers) -> str:
    """The token that a request shows, or an empty text."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else ""


def _refused(code: str, message: str) -> Response:
    return error_response(403, code, message)


_UNKNOWN = (
    "The hub's list of certificates does not hold this one. Join the device again: make a join secret for it on the "
    "hub (edgeprof hub join-secret --device ID)."
)
_REVOKED = (
    "The hub's operator has revoked the access of {device_id}. To let it in again, make a join secret for it on the "
    "hub: edgeprof hub join-secret --device {device_id}"
)
