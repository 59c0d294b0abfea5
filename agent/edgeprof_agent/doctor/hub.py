"""What a hub on this machine would need, and room for models."""

import shutil
from collections.abc import Iterator
from pathlib import Path

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
    free_gib = shutil.disk_usage(next(each for each in (place, *place.parents) if each.exists())).free / 2**30
    verdict = "ok" if free_gib >= _MIN_FREE_GIB else "missing"
    yield Finding("hub", "disk", verdict, f"{free_gib:.1f} GiB free for models at {place}")
