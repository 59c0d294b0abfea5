"""What the hub needs of a broker: that it runs, where it is, and what it promises."""

from dataclasses import dataclass
from typing import Protocol

from edgeprof_hub.broker.device_listeners import DevicePorts

AGENT_USER = "edgeprof"
"""The user name that agents send with the shared token."""


@dataclass(frozen=True, kw_only=True)
class BrokerEndpoint:
    """Where the hub connects, where its agents connect, and who they say they are."""

    host: str
    port: int
    tls: bool = False
    username: str | None = None
    password: str | None = None
    agent_host: str | None = None
    """None: the name by which the agent reached the hub."""
    agent_username: str | None = None
    device_ports: DevicePorts | None = None
    """Where devices that have joined connect by TLS; None where the hub serves none."""


class Broker(Protocol):
    """One kind of broker."""

    @property
    def title(self) -> str:
        """Its name and what it guarantees, in one line."""
        ...

    def start(self) -> BrokerEndpoint:
        """Make it run, and come back when it answers. Raises EdgeprofError."""
        ...

    def stop(self) -> None: ...
