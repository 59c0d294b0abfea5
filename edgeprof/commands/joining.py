"""Which device a command about joining means: one may be known by its id alone, before its first birth."""

from edgeprof.client import resolve
from edgeprof.client.http_client import HubClient
from edgeprof.wire import topics

DEVICE_PREFIX = "d-"


def device_id_of(client: HubClient, text: str) -> str:
    """The id itself, or that of the device with this name. Raises UsageError where no device has it."""
    if text.startswith(DEVICE_PREFIX) and topics.is_name(text):
        return text
    return resolve.item_id(client, "device", text)
