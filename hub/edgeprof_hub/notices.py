"""Notices on their way out: published by MQTT at once, posted to webhooks by a thread that tries again."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import InvalidURL
from queue import Full, Queue
from urllib.parse import urlsplit

from edgeprof.errors import UsageError
from edgeprof.net.backoff import Backoff
from edgeprof.net.http import BREAKS, fetched, reason_of
from edgeprof.version import __version__
from edgeprof.wire.notices import Notice
from edgeprof_hub.store.rows import to_json

log = logging.getLogger(__name__)

TRIES = 4
RETRY = Backoff(1.0, 60.0, growth=4.0, jitter=False)
"""4, 16 and 60 s: what was restarted in the meantime is back by then."""
TIMEOUT_S = 10.0
MAX_WAITING = 200


@dataclass(frozen=True)
class Delivery:
    """How the last notice to a webhook went; `problem` empty: delivered."""

    url: str
    problem: str


def check_url(url: str) -> str:
    """The address of a webhook. Raises UsageError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError("bad_webhook", f"{url!r} is not a webhook address. Use http://… or https://….")
    return url


class Notices:
    """`send` never waits. A webhook that stays away costs its notices, not those of another one."""

    def __init__(self, webhooks: Sequence[str], publish: Callable[[bytes], object]) -> None:
        self._publish = publish
        self._stopping = threading.Event()
        self._queues = {url: Queue[bytes | None](MAX_WAITING) for url in webhooks}
        self._last: dict[str, str] = {}
        self._threads = [
            threading.Thread(target=self._deliver, args=item, name="hub-webhook", daemon=True)
            for item in self._queues.items()
        ]
        for thread in self._threads:
            thread.start()

    def send(self, notice: Notice) -> None:
        """Publish it and queue it for every webhook."""
        body = to_json(notice).encode()
        self._publish(body)
        for url, queue in self._queues.items():
            try:
                queue.put_nowait(body)
            except Full:
                log.error("webhook.behind url=%s; a notice is lost", shown(url))

    def deliveries(self) -> list[Delivery]:
        """How each webhook fared last; those that had nothing yet are left out."""
        return [Delivery(shown(url), problem) for url, problem in self._last.items()]

    def stop(self) -> None:
        """End; undelivered notices are lost."""
        self._stopping.set()
        for queue in self._queues.values():
            while not queue.empty():
                queue.get_nowait()
            queue.put(None)
        for thread in self._threads:
            thread.join(TIMEOUT_S)

    def _deliver(self, url: str, queue: "Queue[bytes | None]") -> None:
        while (body := queue.get()) is not None:
            for wait_s in RETRY.waits_s(TRIES):
                if self._stopping.wait(wait_s):
                    return
                self._last[url] = problem = _post(url, body)
                if not problem:
                    break
                log.warning("webhook.failed url=%s problem=%s", shown(url), problem)


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
