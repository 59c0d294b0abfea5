"""What an agent requests before it connects: whether the hub is there, where its broker is, whether its id is free."""

import time

from fastapi import APIRouter, Request, Response

from edgeprof.errors import EdgeprofError
from edgeprof.version import __version__
from edgeprof.wire import WIRE_VERSION, rest, topics
from edgeprof.wire.messages import MAX_HOLDINGS, Bootstrap, Hello, Holdings, Wanted
from edgeprof.wire.words import WORDS
from edgeprof_hub.failures import not_found
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
    return document(
        Bootstrap(
            hub_id=hub.hub_id,
            hub_version=__version__,
            hub_time_s=time.time(),
            site=hub.settings.site,
            wire_min=WIRE_VERSION,
            wire_max=WIRE_VERSION,
            mqtt_host=endpoint.agent_host or host_name(request.headers.get("host", "")),
            mqtt_port=endpoint.port,
            mqtt_tls=endpoint.tls,
            mqtt_username=endpoint.agent_username,
            hub_session=hub.hub_session,
            words=WORDS,
        )
    )


@router.post("/claims")
def claim(hub: HubOf, hello: Hello) -> dict[str, str]:
    """Announce a session of a device. 409 while another session of it is alive."""
    if hello.wire != WIRE_VERSION:
        raise EdgeprofError(
            "wire_version",
            f"The agent uses wire version {hello.wire}, the hub {WIRE_VERSION}. "
            "Install the same edgeprof release on both.",
        )
    if not topics.is_name(hello.device_id):
        raise EdgeprofError("bad_device_id", f"A device id must match {topics.NAME_PATTERN}.")
    hub.claims.take(hello, time.monotonic())
    return {"session_id": hello.session_id}


@router.get("/heard/{device_id}", response_model=rest.HeardDevice)
def heard(hub: HubOf, device_id: str) -> Response:
    """Whether the hub hears a device: what an installation and an upgrade are settled by."""
    record = hub.reader.device(device_id)
    if record is None:
        raise not_found("device", device_id)
    return document(
        rest.HeardDevice(
            device_id=record.device_id,
            label=record.label,
            online=record.online,
            agent_version=record.agent_version,
            last_seen_s=record.last_seen_s,
        )
    )


@router.post("/holdings", response_model=Wanted)
def holdings(hub: HubOf, holdings: Holdings) -> Response:
    """Results that an agent still holds. The answer names those that this hub has lost; the agent sends them again."""
    if len(holdings.results) > MAX_HOLDINGS:
        raise EdgeprofError(
            "too_large", f"{len(holdings.results)} results; at most {MAX_HOLDINGS} are allowed at once."
        )
    return document(Wanted(result_ids=tuple(sorted(hub.reader.lacking(holdings.results)))))
