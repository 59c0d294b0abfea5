"""Documents of a device's join: what the operator gets to hand on, and what the device gets for it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class JoinSecret:
    """`token` is a join token (see `edgeprof.wire.join_token`). It is shown once; the hub keeps its hash."""

    token: str
    expires_at_s: float


@dataclass(frozen=True, kw_only=True)
class MqttDoor:
    """Where this device's broker is."""

    host: str
    port: int
    tls: bool


@dataclass(frozen=True, kw_only=True)
class Enrolled:
    """What a device has now: a certificate for its key, or a token where it sent no request for one."""

    ca_pem: str
    """Every CA to trust, for the hub's pages, its API and its broker."""
    certificate_pem: str | None
    token: str | None
    job_key_hex: str
    """The Ed25519 public key (32 bytes) with which the hub signs jobs."""
    hub_url: str
    mqtt: MqttDoor


@dataclass(frozen=True, kw_only=True)
class Renewed:
    """A certificate for the same key, and every CA to trust from now on."""

    certificate_pem: str
    ca_pem: str


@dataclass(frozen=True, kw_only=True)
class RevokedDevice:
    """`revoked`: how many certificates and tokens became void. `is_cut`: the broker has ended its connection."""

    device_id: str
    revoked: int
    is_cut: bool
