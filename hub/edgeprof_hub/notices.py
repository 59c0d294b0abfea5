"""Notices on their way out: published by MQTT at once; webhooks and e-mail by threads that try again."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from http.client import InvalidURL
from queue import Full, Queue
from urllib.parse import urlsplit

from edgeprof.errors import UsageError
from edgeprof.net.backoff import Backoff
from edgeprof.net.http import BREAKS, fetched, reason_of
from edgeprof.version import __version__
from edgeprof.wire.notices import Notice
from edgeprof_hub import mail
from edgeprof_hub.mail import MailSettings
from edgeprof_hub.store.rows import to_json

log = logging.getLogger(__name__)

TRIES = 4
RETRY = Backoff(1.0, 60.0, growth=4.0, jitter=False)
"""4, 16 and 60 s: what was restarted in the meantime is back by then."""
TIMEOUT_S = 10.0
MAX_WAITING = 200


@dataclass(frozen=True)
class Delivery:
    """How the last notice to a webhook or by e-mail went; `problem` empty: delivered."""

    to: str
    problem: str


def check_url(url: str) -> str:
    """The address of a webhook. Raises UsageError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError("bad_webhook", f"{url!r} is not a webhook address. Use http://… or https://….")
    return url


@dataclass(frozen=True)
class _Channel:
    """One way out. `deliver` says what went wrong, or nothing."""

    name: str
    """As a person may read it: without secrets."""
    deliver: Callable[[Notice], str]
    waiting: "Queue[Notice | None]"


class Notices:
    """`send` never waits. A channel that stays away costs its notices, not those of another one."""

    def __init__(
        self, webhooks: Sequence[str], publish: Callable[[bytes], object], email: MailSettings | None = None
    ) -> None:
        self._publish = publish
        self._stopping = threading.Event()
        self._channels = [_webhook(url) for url in webhooks]
        if email is not None:
            self._channels.append(_Channel(email.shown, partial(mail.deliver, email), Queue(MAX_WAITING)))
        self._last: dict[str, str] = {}
        self._threads = [
            threading.Thread(target=self._deliver, args=(channel,), name="hub-notices", daemon=True)
            for channel in self._channels
        ]
        for thread in self._threads:
            thread.start()

    def send(self, notice: Notice) -> None:
        """Publish it and queue it for every other channel."""
        self._publish(to_json(notice).encode())
        for channel in self._channels:
            try:
                channel.waiting.put_nowait(notice)
            except Full:
                log.error("notices.behind to=%s; a notice is lost", channel.name)

    def deliveries(self) -> list[Delivery]:
        """How each channel fared last; those that had nothing yet are left out."""
        return [Delivery(name, problem) for name, problem in self._last.items()]

    def stop(self) -> None:
        """End; undelivered notices are lost."""
        self._stopping.set()
        for channel in self._channels:
            while not channel.waiting.empty():
                channel.waiting.get_nowait()
            channel.waiting.put(None)
        for thread in self._threads:
            thread.join(TIMEOUT_S)

    def _deliver(self, channel: _Channel) -> None:
        while (notice := channel.waiting.get()) is not None:
            for wait_s in RETRY.waits_s(TRIES):
                if self._stopping.wait(wait_s):
                    return
                self._last[channel.name] = problem = channel.deliver(notice)
                if not problem:
                    break
                log.warning("notices.failed to=%s problem=%s", channel.name, problem)


def _webhook(url: str) -> _Channel:
    return _Channel(shown(url), lambda notice: _post(url, to_json(notice).encode()), Queue(MAX_WAITING))


def _post(url: str, body: bytes) -> str:
    """Empty where it was delivered, else what went wrong."""
    headers = {"Content-Type": "application/json", "User-Agent": f"edgeprof/{__version__}"}
    try:
        with fetched("POST", url, headers, body, TIMEOUT_S) as answer:
            return "" if 200 <= answer.status < 300 else f"HTTP {answer.status} {answer.reason}".rstrip()
    except InvalidURL:  # its own message repeats the address, in which the secret is
        return "the address holds a character that must be written as %XX"
    except BREAKS as error:
        return reason_of(error)


def shown(url: str) -> str:
    """Without what may be a secret: webhooks carry theirs in path and query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}/…"
