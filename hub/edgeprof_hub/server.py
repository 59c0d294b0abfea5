"""The hub as a process: its socket, its log, the line that says it is ready, and a clean end."""

import errno
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager

import uvicorn
from fastapi import FastAPI

from edgeprof import log_lines
from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.sd_notify import Notifier
from edgeprof_hub import garbage, http_bounds
from edgeprof_hub.app import create_app
from edgeprof_hub.config import HubSettings, is_loopback
from edgeprof_hub.context import HubContext
from edgeprof_hub.lifecycle.running import running
from edgeprof_hub.quiet_logs import quiet_logs

GRACE_S = 3
Say = Callable[[str], None]
Start = Callable[[HubSettings], AbstractContextManager[HubContext]]


def serve(settings: HubSettings, say: Say, start: Start = running) -> None:
    """Run until SIGTERM or Ctrl-C. Raises EdgeprofError where it cannot start. `start`: makes the hub."""
    log_lines.configure(logging.WARNING)
    signal.signal(signal.SIGTERM, _leave)
    notifier = Notifier(os.environ)  # before the broker starts, which would inherit what it takes away
    garbage.collect_when_idle_only()
    with _listening(settings) as listener, start(settings) as hub:
        configuration = configured(create_app(settings, hub), http_bounds.limits())
        HubServer(configuration, hub, notifier, lambda: say(ready_line(hub))).run(sockets=[listener])


def configured(app: FastAPI, limits: http_bounds.Limits) -> uvicorn.Config:
    """How the application is served."""
    quiet_logs()
    return uvicorn.Config(
        app,
        http=http_bounds.bounded(limits),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )


def _leave(*_: object) -> None:
    """uvicorn ends first and then raises the signal again; leaving in this way stops the broker and all else, too."""
    sys.exit(0)


def ready_line(hub: HubContext) -> str:
    """Where the hub is, and what its broker promises."""
    host = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}.get(hub.settings.host, hub.settings.host)
    shown = f"[{host}]" if ":" in host else host
    guard = "token required" if hub.settings.token else "no token"
    # Our own broker listens where the hub does, though the hub itself reaches it over loopback.
    broker_host = shown if is_loopback(hub.endpoint.host) else hub.endpoint.host
    return (
        f"edgeprof hub is ready: http://{shown}:{hub.settings.port}/ ({guard}), data in {hub.settings.data}\n"
        f"  broker: {hub.broker_title}, {broker_host}:{hub.endpoint.port}"
    )


class HubServer(uvicorn.Server):
    """Says when it is ready, and ends the event streams first, which would else keep it from stopping."""

    def __init__(
        self, configuration: uvicorn.Config, hub: HubContext, notifier: Notifier, on_ready: Callable[[], None]
    ) -> None:
        super().__init__(configuration)
        self._hub = hub
        self._notifier = notifier
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._notifier.ready()
        self._on_ready()
        sys.stdout.flush()

    async def on_tick(self, counter: int) -> bool:
        """The watchdog is fed by the writer's thread for the event loop: where either hangs, it starves."""
        if self._notifier.is_due():
            if self._hub.health.is_read_only:  # no writer, and nothing that could hang
                self._notifier.alive()
            self._hub.writer.post(lambda _: self._notifier.alive())
        garbage.collect_if_idle()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._notifier.stopping()
        self._hub.events.close()
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # requests that are cut off now are no errors
        await super().shutdown(sockets)


def _listening(settings: HubSettings) -> socket.socket:
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen(2048)
        except OSError:
            listener.close()
            raise
        return listener
    except OSError as error:
        raise _cannot_listen(settings, error) from error


def _cannot_listen(settings: HubSettings, error: OSError) -> EdgeprofError:
    if error.errno == errno.EADDRINUSE:
        return UsageError(
            "port_in_use",
            f"Port {settings.port} is in use on this machine. Choose another with --port {settings.port + 1}.",
        )
    return UsageError("cannot_listen", f"The hub cannot listen on {settings.host}:{settings.port}: {error.strerror}.")
