"""Waiting for a hub that is started again while a person follows its jobs: they are the hub's, and go on with it."""

import time
from collections.abc import Callable
from typing import TypeVar

from edgeprof.client.http_client import HubError

T = TypeVar("T")

MAX_AWAY_S = 600.0
"""A hub that is started again, upgraded or moved is back by then."""
AWAY = "The hub does not answer. Its jobs stay in its database; waiting for it."
BACK = "The hub answers again."


class Patience:
    """Asks again and again; `say` gets one sentence when the hub goes and one when it is back."""

    def __init__(self, say: Callable[[str], None], max_away_s: float = MAX_AWAY_S) -> None:
        self._say = say
        self._max_away_s = max_away_s
        self._away_since_s: float | None = None

    def ask(self, question: Callable[[], T]) -> T | None:
        """The hub's answer; None while it is away. Raises HubError: a refusal, or a hub that is away for too long."""
        try:
            answer = question()
        except HubError as error:
            now_s = time.monotonic()
            if error.code != "hub_unreachable" or now_s - (self._away_since_s or now_s) > self._max_away_s:
                raise
            if self._away_since_s is None:
                self._away_since_s = now_s
                self._say(AWAY)
            return None
        if self._away_since_s is not None:
            self._away_since_s = None
            self._say(BACK)
        return answer
