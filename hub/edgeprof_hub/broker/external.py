"""A broker that somebody else runs, named by a URL."""

from urllib.parse import urlsplit

from edgeprof.errors import UsageError
from edgeprof_hub.broker.base import AGENT_USER, BrokerEndpoint

_PORTS = {"mqtt": 1883, "mqtts": 8883}


class ExternalBroker:
    """`mqtt://[user@]host[:port]` or `mqtts://...`; the password is the hub's token."""

    def __init__(self, url: str, token: str | None) -> None:
        self._endpoint = parse(url, token)

    @property
    def title(self) -> str:
        return "external (delivery guarantees are its own; results do not depend on it)"

    def start(self) -> BrokerEndpoint:
        return self._endpoint

    def stop(self) -> None:
        """It is not ours to stop."""


def parse(url: str, token: str | None) -> BrokerEndpoint:
    """Raises UsageError for a URL that names no broker, or that carries a secret."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme not in _PORTS or not host:
        raise UsageError(
            "bad_broker", f"{url!r} is not a broker. Use embedded, mosquitto, mqtt://HOST:PORT or mqtts://HOST:PORT."
        )
    if parts.password:
        raise UsageError(
            "password_in_url",
            "A broker URL must not hold a password: other users of this machine could read it. "
            "The broker's password is the hub's token (--token-file or EDGEPROF_TOKEN).",
        )
    user = parts.username or (AGENT_USER if token else None)
    return BrokerEndpoint(
        host=host,
        port=port or _PORTS[parts.scheme],
        tls=parts.scheme == "mqtts",
        username=user,
        password=token,
        agent_host=host,
        agent_username=user,
    )
