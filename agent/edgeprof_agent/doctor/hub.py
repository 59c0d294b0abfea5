"""What a hub on this machine would need, and room for models."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from edgeprof.errors import EdgeprofError
from edgeprof.paths import state_dir
from edgeprof_agent.doctor.finding import Finding

SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")
_MIN_FREE_GIB = 1.0


def look(root: Path) -> Iterator[Finding]:
    """Broker and disk."""
    path = shutil.which("mosquitto") or shutil.which("mosquitto", path=":".join(SBIN))
    if path:
        yield Finding("hub", "mosquitto", "ok", path)
    else:
        detail = "a hub needs it to serve devices beyond this machine"
        yield Finding("hub", "mosquitto", "optional", detail, "sudo apt-get install mosquitto")
    place = state_dir("agent")
    yield from certificate(place, time.time())
    free_gib = shutil.disk_usage(next(each for each in (place, *place.parents) if each.exists())).free / 2**30
    verdict = "ok" if free_gib >= _MIN_FREE_GIB else "missing"
    yield Finding("hub", "disk", verdict, f"{free_gib:.1f} GiB free for models at {place}")


def certificate(place: Path, now_s: float) -> Iterator[Finding]:
    """Of the device of a state folder; nothing where it has joined no hub."""
    from edgeprof_agent.identity.files import DeviceIdentity, joined_hub

    try:
        identity = DeviceIdentity.of(place)
        if identity is None:
            return
        found, hub = identity.certificate(), joined_hub(place)
    except (EdgeprofError, OSError) as error:
        yield Finding("hub", "certificate", "missing", str(error))
        return
    if found is None:
        yield Finding("hub", "certificate", "ok", f"a token of its own, for {hub}")
        return
    days = (found.not_after_s - now_s) / 86_400
    until = time.strftime("%Y-%m-%d", time.gmtime(found.not_after_s))
    if days > 0:
        yield Finding("hub", "certificate", "ok", f"until {until} ({days:.0f} days), for {hub}")
    else:
        remedy = f"edgeprof agent join --hub {hub}"
        yield Finding("hub", "certificate", "missing", f"expired on {until}; no job arrives", remedy)
