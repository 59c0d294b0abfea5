"""Devices' credentials: join secrets, the join itself, renewal, revocation, and the CA that all of it rests on."""

from typing import TYPE_CHECKING, Annotated, cast

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from edgeprof.errors import EdgeprofError
from edgeprof.wire import rest
from edgeprof_hub.context import HubContext
from edgeprof_hub.events import Change
from edgeprof_hub.identity.device_access import DEVICE
from edgeprof_hub.identity.tls_peer import PEER, Peer
from edgeprof_hub.people import audit
from edgeprof_hub.people.refusals import Refusals
from edgeprof_hub.routes.access import client_of, host_name
from edgeprof_hub.routes.answers import HubOf, document
from edgeprof_hub.routes.guesses import Guesses

if TYPE_CHECKING:
    from edgeprof_hub.identity.identities import Identities  # its cryptography is of no use without TLS

router = APIRouter(tags=["identity"])
open_router = APIRouter(include_in_schema=False)

DEFAULT_TTL_S = 15 * 60.0
MAX_PEM = 16_384


class NewJoinSecret(BaseModel):
    """How long it is good for, and for which device; omitted: 15 minutes, any device that has not joined yet."""

    ttl_s: Annotated[float, Field(ge=1, le=86_400, allow_inf_nan=False)] = DEFAULT_TTL_S
    device_id: Annotated[str, Field(max_length=64)] | None = None


class Enrolment(BaseModel):
    """A device's join. Without a certificate request it gets a token of its own."""

    secret: Annotated[str, Field(max_length=100)]
    device_id: Annotated[str, Field(max_length=64)]
    csr_pem: Annotated[str, Field(max_length=MAX_PEM)] | None = None


@router.post("/join-secrets", response_model=rest.JoinSecret)
def post_join_secret(hub: HubOf, wanted: NewJoinSecret | None = None) -> Response:
    """Make a secret with which one device joins, once. Only its hash is stored."""
    asked = wanted or NewJoinSecret()
    token, expires_s = _identities(hub).new_join_token(asked.ttl_s, asked.device_id)
    audit.about(asked.device_id or "", f"valid {asked.ttl_s:.0f} s")
    return document(rest.JoinSecret(token=str(token), expires_at_s=expires_s))


@router.post("/enrol", response_model=rest.Enrolled)
def post_enrol(hub: HubOf, request: Request, enrolment: Enrolment) -> Response:
    """Let a device in by its join secret. Over TLS only: the secret is on its way."""
    identities = _identities(hub)
    if request.url.scheme != "https":
        raise EdgeprofError("tls_needed", f"Join over TLS: {_url(hub, request)}.")
    from edgeprof_hub.identity.ledger import JoinRefused

    try:
        joined = identities.enrol(enrolment.secret, enrolment.device_id, enrolment.csr_pem)
    except JoinRefused as error:
        if error.is_guess:
            cast(Guesses, request.app.state.guesses).failed(client_of(request.scope))
        refusals = cast(Refusals, request.app.state.refusals)
        refusals.note(hub, "unknown", "join.refused", client_of(request.scope), error.code)
        raise
    how = "a certificate" if joined.certificate_pem is not None else "a token"
    audit.about(enrolment.device_id, f"joined with a join secret, got {how}", actor=f"device {enrolment.device_id}")
    return document(
        rest.Enrolled(
            ca_pem=identities.authority.ca_pem,
            certificate_pem=joined.certificate_pem,
            token=joined.token,
            job_key_hex=hub.job_key.public_hex if hub.job_key else "",
            hub_url=_url(hub, request),
            mqtt=_mqtt(hub, request, has_certificate=joined.certificate_pem is not None),
        )
    )


@router.post("/renew", response_model=rest.Renewed)
def post_renew(hub: HubOf, request: Request) -> Response:
    """A new certificate for the key that this connection's certificate has, and the CAs to trust from now on."""
    identities = _identities(hub)
    peer = cast("Peer | None", getattr(request.state, PEER, None))
    device_id = cast("str | None", getattr(request.state, DEVICE, None))
    if peer is None or device_id is None:
        raise EdgeprofError("certificate_needed", "Only a device that shows its certificate can renew it.")
    from cryptography import x509

    made = identities.renew(device_id, peer.serial, x509.load_der_x509_certificate(peer.der).public_key())
    return document(rest.Renewed(certificate_pem=made, ca_pem=identities.authority.ca_pem))


@router.post("/devices/{device_id}/revoke", response_model=rest.RevokedDevice)
def post_revoke(hub: HubOf, device_id: str) -> Response:
    """Void a device's certificates and its token, keep it out and end its connection. Its results stay."""
    identities = _identities(hub)
    if not identities.authority.ledger.credentials(device_id):
        raise EdgeprofError("not_found", f"Device {device_id[:80]!r} has no certificate and no token of this hub.")
    revoked = identities.revoke(device_id)
    hub.writer.call(lambda store: hub.dispatch.give_up(store, device_id))
    hub.events.publish([Change("device", device_id)])
    return document(rest.RevokedDevice(device_id=device_id, revoked=revoked.count, is_cut=revoked.is_cut))


@open_router.get("/ca.pem")
def get_ca(hub: HubOf) -> Response:
    """The CA's certificate. Check it by the hash in a join token before you trust it."""
    headers = {"cache-control": "no-store", "content-disposition": 'attachment; filename="edgeprof-ca.pem"'}
    return Response(_identities(hub).authority.ca_pem, media_type="application/x-pem-file", headers=headers)


def _identities(hub: HubContext) -> "Identities":
    if hub.identities is None:
        raise EdgeprofError("no_tls", "This hub serves no TLS, so no device can join it. Start it with --tls.")
    return hub.identities


def _url(hub: HubContext, request: Request) -> str:
    host = host_name(request.headers.get("host", "")) or hub.settings.host
    shown = f"[{host}]" if ":" in host else host
    return f"https://{shown}:{hub.settings.tls_port}"


def _mqtt(hub: HubContext, request: Request, *, has_certificate: bool) -> rest.MqttDoor:
    ports = hub.endpoint.device_ports
    port = 0 if ports is None else ports.certificate if has_certificate else ports.token
    return rest.MqttDoor(host=host_name(request.headers.get("host", "")), port=port, tls=True)
