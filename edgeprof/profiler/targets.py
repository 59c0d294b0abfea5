"""What a deployment target stands for: this machine, an endpoint, or devices of a hub by kind, name or group."""

import socket
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from edgeprof.client import resolve
from edgeprof.client.http_client import HubClient
from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.profiler.cells import CellFailure
from edgeprof.wire import rest
from edgeprof.wire.remote import names_loopback

Kind = Literal["local", "endpoint", "hub", "none"]
LOCAL_WORDS = ("local", "this machine")
DEVICE_KINDS = ("edge", "mobile", "cloud")


@dataclass(frozen=True, kw_only=True)
class Target:
    """One place to run at. `text`: the word that named it; several devices may share one."""

    text: str
    kind: Kind
    device: str
    """Label of the device, this machine's name, or an endpoint's host."""
    record: rest.DeviceRecord | None = None
    url: str = ""
    failure: CellFailure | None = None

    @property
    def identity(self) -> tuple[str, str]:
        """What tells it from any other target: several words may name one place."""
        return self.kind, self.record.device_id if self.record else self.url.rstrip("/") or self.device


def find(texts: Sequence[str], hub_url: str, client: Callable[[], HubClient]) -> list[Target]:
    """Every target once, in order; a word that names nothing is one with a failure.

    >>> [target.kind for target in find(["local", "https://api.example.com/v1"], "", HubClient)]
    ['local', 'endpoint']
    """
    found: list[Target] = []
    for text in texts:
        try:
            targets = _named(text, hub_url, client)
        except EdgeprofError as error:
            targets = [Target(text=text, kind="none", device=text, failure=CellFailure.of(error))]
        known = {one.identity for one in found}
        found += [one for one in targets if one.identity not in known]
    return _told_apart(found)


def _told_apart(found: Sequence[Target]) -> list[Target]:
    """With another name where two places share one: figures are looked up by it, and one would hide the other's."""
    names = Counter(one.device for one in found)
    return [one if names[one.device] == 1 else replace(one, device=_whole_name(one)) for one in found]


def _whole_name(target: Target) -> str:
    if target.record is not None:
        return f"{target.device} ({target.record.device_id})"
    if target.url:
        return target.url.partition("://")[2].rstrip("/")
    return f"{target.device} (this machine)" if target.kind == "local" else target.device


def _named(text: str, hub_url: str, client: Callable[[], HubClient]) -> list[Target]:
    if text in LOCAL_WORDS:
        return [Target(text=text, kind="local", device=socket.gethostname())]
    if text.startswith(("http://", "https://")):
        prefix = hub_url.rstrip("/")
        if not prefix or not (text + "/").startswith(f"{prefix}/"):
            return [Target(text=text, kind="endpoint", device=text.partition("://")[2].partition("/")[0], url=text)]
        word = text[len(prefix) :].strip("/")
        return [_of_device(text, one) for one in _devices(word, client())]
    return [_of_device(text, one) for one in _devices(text, client())]


def _devices(word: str, client: HubClient) -> list[rest.DeviceRecord]:
    known = client.devices()
    if not word:
        return resolve.devices(known, (), everywhere=True)
    if word in DEVICE_KINDS:
        found = [device for device in known if kind_of(device) == word]
        if not found:
            kinds = ", ".join(f"{device.label} ({kind_of(device)})" for device in known) or "none yet"
            raise UsageError("no_device", f"No device of kind {word} on this hub. Devices: {kinds}.")
        return found
    groups = {group.name: group.device_ids for group in client.groups()}
    if word in groups:
        return [device for device in known if device.device_id in groups[word]]
    return [resolve.device(known, word)]


def kind_of(device: rest.DeviceRecord) -> str:
    """`cloud`: an endpoint that is not on its client's own machine; `mobile`: a phone; `edge`: any other."""
    if device.facts is not None and device.facts.endpoint is not None:
        return "edge" if names_loopback(device.facts.endpoint) else "cloud"
    return "mobile" if device.profile_id in _phones() else "edge"


def _phones() -> set[str]:
    try:
        from edgeprof_devices import load_profiles
    except ModuleNotFoundError:  # profiles are read where a hub is installed
        return set()
    return {name for name, profile in load_profiles().items() if profile.device_class == "phone"}


def _of_device(text: str, record: rest.DeviceRecord) -> Target:
    return Target(text=text, kind="hub", device=record.label, record=record, failure=_offline(record))


def _offline(record: rest.DeviceRecord) -> CellFailure | None:
    """Its jobs would wait until somebody starts it."""
    if record.online:
        return None
    return CellFailure.of(UsageError("device_offline", f"{record.label} is offline. Start its agent."))
