"""The state folder of one phone, below the agent's own. Knows nothing of adb."""

import re
from pathlib import Path

from edgeprof.errors import UsageError
from edgeprof.paths import state_dir
from edgeprof_agent.daemon.durable import write_durably

_DEVICE_ID = re.compile(r"d-phone-[0-9a-f]{16}")


def phone_folder(data: Path, device_id: str) -> Path:
    """The folder, made where it is missing, with the phone's id in it. Raises UsageError for another id."""
    if not _DEVICE_ID.fullmatch(device_id):
        raise UsageError(
            "bad_phone", f"{device_id!r} is not the device id of a phone. `edgeprof agent phones` prints them."
        )
    folder = data / device_id
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_durably(folder / "device_id", device_id.encode())
    return folder


def phones_data(data: Path) -> Path:
    """Where an agent of phones keeps them: the folder that was named, else one below the default folder."""
    return state_dir("agent") / "phones" if data == state_dir("agent") else data
