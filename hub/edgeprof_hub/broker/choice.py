"""Which broker serves which settings. Beyond loopback the embedded one is refused."""

from edgeprof.errors import UsageError
from edgeprof_hub.broker.base import Broker
from edgeprof_hub.config import HubSettings


def choose(settings: HubSettings) -> Broker:
    """The broker that these settings ask for, not started yet."""
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
