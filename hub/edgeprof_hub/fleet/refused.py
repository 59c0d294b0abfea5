"""Agents that the hub turned away, as long as they may still be trying. In memory: a refused agent tries again."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

from edgeprof.wire.fleet import RefusedAgent
from edgeprof.wire.messages import Hello
from edgeprof_hub import names

MAX_SHOWN = 200
KEPT_S = 86_400.0
MAX_REASON_CHARS = 400


class Refused:
    """By device id and host: two cards with one id are two agents."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, str], RefusedAgent] = OrderedDict()

    def note(self, hello: Hello, reason: str) -> None:
        """One more refusal. The oldest agent goes where there are too many."""
        key = (hello.device_id[:80], names.tidy(hello.hostname))
        with self._lock:
            before = self._known.pop(key, None)
            self._known[key] = RefusedAgent(
                device_id=key[0],
                name=names.tidy(hello.name),
                hostname=key[1],
                agent_version=names.tidy(hello.agent_version),
                reason=reason[:MAX_REASON_CHARS],
                at_s=self._clock(),
                times=before.times + 1 if before else 1,
            )
            while len(self._known) > MAX_SHOWN:
                self._known.popitem(last=False)

    def let_in(self, hello: Hello) -> None:
        """It is no longer refused."""
        with self._lock:
            self._known.pop((hello.device_id[:80], names.tidy(hello.hostname)), None)

    def newest(self) -> tuple[RefusedAgent, ...]:
        """Those of the last day, newest first."""
        since_s = self._clock() - KEPT_S
        with self._lock:
            return tuple(replace(one) for one in reversed(self._known.values()) if one.at_s >= since_s)
