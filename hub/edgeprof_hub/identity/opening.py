"""What a hub with TLS opens at its start: the authority with fresh files, and what the broker is told of devices."""

from edgeprof_hub.broker.device_listeners import DeviceDoors
from edgeprof_hub.config import IDENTITY, HubSettings
from edgeprof_hub.identity.authority import Authority
from edgeprof_hub.identity.identities import DeviceGate, Identities
from edgeprof_hub.identity.machine_names import machine_names


def opened(settings: HubSettings) -> Authority:
    """The authority, with a revocation list and a server's certificate that are good from now on."""
    authority = Authority.open(settings.data / IDENTITY)
    authority.write_crl()
    authority.keep_server(machine_names(settings.host, settings.tls_names))
    return authority


def doors_of(settings: HubSettings, authority: Authority) -> DeviceDoors:
    """The broker's doors for devices."""
    return DeviceDoors(
        identity=authority.folder,
        host=settings.host,
        port=settings.mqtt_tls_port,
        token_lines=authority.ledger.broker_lines,
    )


def identities_of(settings: HubSettings, authority: Authority, gate: DeviceGate) -> Identities:
    """Everything joined."""
    return Identities(authority, gate, lambda: machine_names(settings.host, settings.tls_names))
