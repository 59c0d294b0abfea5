"""Which broker serves which settings. Beyond loopback the embedded one is refused."""

from typing import TYPE_CHECKING

from edgeprof.errors import UsageError
from edgeprof_hub.broker.base import Broker
from edgeprof_hub.broker.device_listeners import DeviceDoors
from edgeprof_hub.config import HubSettings

if TYPE_CHECKING:
    from edgeprof_hub.broker.mosquitto import MosquittoBroker


def choose(settings: HubSettings) -> Broker:
    """The broker that these settings ask for, without TLS of its own, not started yet."""
    kind = settings.broker or ("embedded" if settings.is_loopback else "mosquitto")
    folder = settings.data / "broker"
    if kind == "mosquitto":
        from edgeprof_hub.broker.mosquitto import MosquittoBroker

        return MosquittoBroker(folder, settings.host, settings.mqtt_port, settings.token)
    if kind != "embedded":
        from edgeprof_hub.broker.external import ExternalBroker

        return ExternalBroker(kind, settings.token)
    if not settings.is_loopback:
        raise UsageError(
            "broker_loopback_only",
            f"The embedded broker serves this machine only, but the hub listens on {settings.host}. "
            "Use --broker mosquitto, or --broker mqtt://HOST:PORT.",
        )
    from edgeprof_hub.broker.embedded import EmbeddedBroker

    return EmbeddedBroker(folder, settings.mqtt_port, settings.token)


def with_devices(settings: HubSettings, doors: DeviceDoors) -> "MosquittoBroker":
    """mosquitto with its doors for devices that have joined. Raises UsageError where the settings name another."""
    from edgeprof_hub.broker.mosquitto import MosquittoBroker

    if settings.broker not in ("", "mosquitto"):
        raise UsageError(
            "tls_needs_mosquitto",
            f"--tls needs the hub's own mosquitto, which knows each device by its certificate; "
            f"--broker {settings.broker} is another. Leave out --broker, or --tls.",
        )
    return MosquittoBroker(settings.data / "broker", settings.plain_host, settings.mqtt_port, settings.token, doors)
