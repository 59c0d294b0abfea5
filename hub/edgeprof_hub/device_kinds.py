"""Which kind of device one is: what crashes there, or is slow there, says something about the others of the kind."""

from edgeprof.wire import rest
from edgeprof.wire.messages import Facts


def kind_of(profile_id: str | None, facts: Facts | None, played: bool) -> str:
    """A key: its board, else its machine as it names itself. Devices that are played are a kind of their own.

    >>> kind_of("rpi-5-8", None, False)
    'rpi-5-8'
    """
    base = profile_id or _machine(facts)
    return f"{base} (played)" if played else base


def of_record(device: rest.DeviceRecord) -> str:
    """The kind of a device as the hub keeps it."""
    return kind_of(device.profile_id, device.facts, device.emulated)


def title_of(device: rest.DeviceRecord) -> str:
    """What a person calls the kind."""
    base = device.profile_title or _machine(device.facts)
    return f"{base} (played)" if device.emulated else base


def _machine(facts: Facts | None) -> str:
    if facts is None:
        return "unknown machine"
    if facts.endpoint is not None:
        return "endpoint"
    return facts.dt_model or facts.dmi_product or " ".join(filter(None, (facts.cpu_model, facts.machine)))
