"""Serves the recording that comes with edgeprof, for `edgeprof demo --page`: no agents, no runtimes, no models."""

import os
import tempfile
import webbrowser
from collections.abc import Callable
from pathlib import Path

from edgeprof_hub.config import HubSettings
from edgeprof_hub.recorded import hub, recording
from edgeprof_hub.server import serve


def show(port: int, say: Callable[[str], None]) -> None:
    """On loopback until Ctrl-C. The data folder is a temporary one, and gone then.

    Raises EdgeprofError `port_in_use`, and `recording_unreadable` for a damaged installation.
    """
    found = recording.read(recording.SHIPPED)
    url = f"http://127.0.0.1:{port}/"

    def ready(_: str) -> None:
        say(f"{url}   recorded results, read-only (Ctrl-C ends it)\n  {found.about}")
        if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
            webbrowser.open(url)

    with tempfile.TemporaryDirectory(prefix="edgeprof-recorded-") as folder:
        settings = HubSettings(data=Path(folder), port=port)
        serve(settings, ready, lambda asked: hub.showing(asked, found))
