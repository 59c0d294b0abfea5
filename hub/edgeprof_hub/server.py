"""The hub as a process: its socket, its log, the line that says it is ready, and a clean end."""

import asyncio
import errno
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack

import uvicorn
from fastapi import FastAPI

from edgeprof import log_lines
from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.sd_notify import Notifier
from edgeprof_hub import garbage, http_bounds
from edgeprof_hub.app import create_app
from edgeprof_hub.config import IDENTITY, HubSettings, is_loopback
from edgeprof_hub.context import HubContext
from edgeprof_hub.lifecycle.running import running
from edgeprof_hub.quiet_logs import quiet_logs

GRACE_S = 3
BACKLOG = 2048
Say = Callable[[str], None]
Start = Callable[[HubSettings], AbstractContextManager[HubContext]]


def serve(settings: HubSettings, say: Say, start: Start = running) -> None:
    """Run until SIGTERM or Ctrl-C. Raises EdgeprofError where it cannot start. `start`: makes the hub."""
    log_lines.configure(logging.WARNING)
    signal.signal(signal.SIGTERM, _leave)
    notifier = Notifier(os.environ)  # before the broker starts, which would inherit what it takes away
    garbage.collect_when_idle_only()
    with ExitStack() as stack:
        listener = stack.enter_context(_listening(settings.plain_host, settings.port, "--port"))
        secure = settings.tls and stack.enter_context(_listening(settings.host, settings.tls_port, "--tls-port"))
        hub = stack.enter_context(start(settings))
        configuration = configured(create_app(settings, hub), http_bounds.limits())
        server = HubServer(configuration, hub, notifier, lambda: say(ready_line(hub)), secure or None)
        server.run(sockets=[listener])


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
    settings, at = hub.settings, hub.endpoint
    shown = _shown(settings.plain_host)
    guard = "token required" if settings.token else "no token"
    if hub.reader.people.has_accounts():
        guard = "sign-in required"
    # Our own broker listens where the hub does, though the hub itself reaches it over loopback.
    broker_host = shown if is_loopback(at.host) else at.host
    lines = [
        f"edgeprof hub is ready: http://{shown}:{settings.port}/ ({guard}), data in {settings.data}",
        f"  broker: {hub.broker_title}, {broker_host}:{at.port}",
    ]
    if at.device_ports is not None:
        secure = _shown(settings.host)
        lines.append(
            f"  TLS: https://{secure}:{settings.tls_port}/, broker {secure}:{at.device_ports.certificate} "
            f"(certificates) and {at.device_ports.token} (devices' tokens). "
            "Add a device: edgeprof hub join-secret"
        )
    if at.device_ports is not None and settings.keep_plain and not settings.is_loopback:
        lines.append(
            "  without TLS: other machines may use it (--keep-plain). Who has the shared token can then speak for "
            "any device."
        )
    return "\n".join(lines)


def _shown(host: str) -> str:
    """A listening address as part of a URL that other machines can use."""
    name = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}.get(host, host)
    return f"[{name}]" if ":" in name else name


class HubServer(uvicorn.Server):
    """Says when it is ready, and ends the event streams first, which would else keep it from stopping."""

    def __init__(
        self,
        configuration: uvicorn.Config,
        hub: HubContext,
        notifier: Notifier,
        on_ready: Callable[[], None],
        secure: socket.socket | None = None,
    ) -> None:
        """`secure`: the socket of the same application's HTTPS."""
        super().__init__(configuration)
        self._hub = hub
        self._notifier = notifier
        self._on_ready = on_ready
        self._secure = secure

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._secure is not None:
            await self._serve_tls(self._secure)
        self._notifier.ready()
        self._on_ready()
        sys.stdout.flush()

    async def _serve_tls(self, listener: socket.socket) -> None:
        """uvicorn has one TLS setting for all of its sockets; this is one more listener of the same server."""
        from edgeprof_hub.identity import tls  # its cryptography is of no use without TLS

        folder = self._hub.settings.data / IDENTITY
        context = tls.server_context(folder)
        if self._hub.identities is not None:
            self._hub.identities.on_server = lambda: tls.load(context, folder)
        kind = self.config.http_protocol_class

        def protocol() -> asyncio.Protocol:
            parts = {"config": self.config, "server_state": self.server_state, "app_state": self.lifespan.state}
            return kind(**parts)

        self.servers.append(
            await asyncio.get_running_loop().create_server(
                protocol, sock=listener, ssl=context, backlog=BACKLOG, ssl_handshake_timeout=tls.HANDSHAKE_WITHIN_S
            )
        )

    async def on_tick(self, counter: int) -> bool:
        """The watchdog is fed by the writer's thread for the event loop: where either hangs, it starves."""
        if self._notifier.is_due():
            if self._hub.health.is_read_only:  # no writer, and nothing that could hang
                self._notifier.alive()
            self._hub.writer.post(lambda _: self._notifier.alive())
        if not self._hub.burst.is_on():
            garbage.collect_if_idle()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._notifier.stopping()
        self._hub.events.close()
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # requests that are cut off now are no errors
        await super().shutdown(sockets)


def _listening(host: str, port: int, option: str) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen(BACKLOG)
        except OSError:
            listener.close()
            raise
        return listener
    except OSError as error:
        raise _cannot_listen(host, port, option, error) from error


def _cannot_listen(host: str, port: int, option: str, error: OSError) -> EdgeprofError:
    if error.errno == errno.EADDRINUSE:
        return UsageError(
            "port_in_use", f"Port {port} is in use on this machine. Choose another with {option} {port + 1}."
        )
    return UsageError("cannot_listen", f"The hub cannot listen on {host}:{port}: {error.strerror}.")
