"""What an agent requests before it connects: whether the hub is there, where its broker is, whether its id is free."""

import time
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from edgeprof.errors import EdgeprofError
from edgeprof.version import __version__
from edgeprof.wire import WIRE_VERSION, rest, topics
from edgeprof.wire.messages import MAX_HOLDINGS, Bootstrap, Hello, Holdings, Wanted
from edgeprof.wire.words import WORDS
from edgeprof_hub.context import HubContext
from edgeprof_hub.failures import not_found
from edgeprof_hub.identity import device_access
from edgeprof_hub.identity.tls_peer import PEER
from edgeprof_hub.routes.access import host_name
from edgeprof_hub.routes.answers import HubOf, document

router = APIRouter(tags=["agents"])


@router.get("/healthz")
def healthz(hub: HubOf) -> dict[str, bool]:
    """Whether the hub answers, whether its broker does, and whether its database is whole as far as is known."""
    is_whole = hub.health.message is None
    return {"ok": is_whole, "broker_connected": hub.link.is_connected, "database_whole": is_whole}


@router.get("/bootstrap", response_model=Bootstrap)
def bootstrap(hub: HubOf, request: Request) -> Response:
    """Everything an agent needs besides the hub's URL."""
    endpoint = hub.endpoint
    door = _device_door(hub, request)
    return document(
        Bootstrap(
            hub_id=hub.hub_id,
            hub_version=__version__,
            hub_time_s=time.time(),
            site=hub.settings.site,
            wire_min=WIRE_VERSION,
            wire_max=WIRE_VERSION,
            mqtt_host=endpoint.agent_host or host_name(request.headers.get("host", "")),
            mqtt_port=door.port if door else endpoint.port,
            mqtt_tls=endpoint.tls or door is not None,
            mqtt_username=door.username if door else endpoint.agent_username,
            hub_session=hub.hub_session,
            seal_key_hex=_seal_key(hub, request),
            words=WORDS,
        )
    )


@router.post("/claims")
def claim(hub: HubOf, request: Request, hello: Hello) -> dict[str, str]:
    """Announce a session of a device. 409 while another session of it is alive."""
    try:
        _let_in(hub, request, hello)
    except EdgeprofError as error:
        hub.refused.note(hello, error.message)
        raise
    hub.refused.let_in(hello)
    return {"session_id": hello.session_id}


def _let_in(hub: HubContext, request: Request, hello: Hello) -> None:
    device_access.check_own(_device_of(request), hello.device_id)
    if hello.wire != WIRE_VERSION:
        raise EdgeprofError(
            "wire_version",
            f"The agent uses wire version {hello.wire}, the hub {WIRE_VERSION}. "
            "Install the same edgeprof release on both.",
        )
    if not topics.is_name(hello.device_id):
        raise EdgeprofError("bad_device_id", f"A device id must match {topics.NAME_PATTERN}.")
    hub.claims.take(hello, time.monotonic())


@router.get("/presence/{device_id}", response_model=rest.DevicePresence)
def presence(hub: HubOf, request: Request, device_id: str) -> Response:
    """Whether the hub hears a device: what an installation and an upgrade are settled by."""
    device_access.check_own(_device_of(request), device_id)
    record = hub.reader.device(device_id)
    if record is None:
        raise not_found("device", device_id)
    return document(
        rest.DevicePresence(
            device_id=record.device_id,
            label=record.label,
            online=record.online,
            agent_version=record.agent_version,
            last_seen_s=record.last_seen_s,
        )
    )


@router.post("/holdings", response_model=Wanted)
def holdings(hub: HubOf, request: Request, holdings: Holdings) -> Response:
    """Results that an agent still holds. The answer names those that this hub has lost; the agent sends them again."""
    device_access.check_own(_device_of(request), holdings.device_id)
    if len(holdings.results) > MAX_HOLDINGS:
        raise EdgeprofError(
            "too_large", f"{len(holdings.results)} results; at most {MAX_HOLDINGS} are allowed at once."
        )
    return document(Wanted(result_ids=tuple(sorted(hub.reader.lacking(holdings.results)))))


def _seal_key(hub: HubContext, request: Request) -> str:
    """For a device that has shown its own credential, and over TLS alone: whoever reads the key can use it."""
    device_id = _device_of(request)
    if device_id is None or hub.seals is None or request.url.scheme != "https":
        return ""
    return hub.seals.key_of(device_id).hex()


@dataclass(frozen=True)
class _Door:
    port: int
    username: str | None


def _device_door(hub: HubContext, request: Request) -> _Door | None:
    """The broker's listener for a device that has joined; None for an agent that shows the shared token, or none."""
    device_id, ports = _device_of(request), hub.endpoint.device_ports
    if device_id is None or ports is None:
        return None
    if getattr(request.state, PEER, None) is not None:
        return _Door(ports.certificate, None)
    return _Door(ports.token, device_id)


def _device_of(request: Request) -> str | None:
    return getattr(request.state, device_access.DEVICE, None)
