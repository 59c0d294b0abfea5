"""Plans of installations, kept while the wheels stay the same: anybody may ask for one, and each takes a while."""

import threading
from collections import OrderedDict

from edgeprof.errors import EdgeprofError
from edgeprof.fit.wheels import CPU_FLAGS
from edgeprof_hub.joining.plan import JoinPlan, plan
from edgeprof_hub.joining.targets import Target
from edgeprof_hub.joining.wheel_index import WheelIndex

MAX_PLANS = 64
"""More kinds of device than a hub has; beyond it the one that was not asked for longest goes."""
MAX_ASKING = 12
"""Requests that wait for a plan. Each holds one of the hub's 40 threads."""
_Key = tuple[tuple[str, ...], Target, frozenset[str]]


class PlanCache:
    """Safe from any thread. One plan is made at a time, so that strangers' questions take one core at most."""

    def __init__(self) -> None:
        self._making = threading.Lock()
        self._asking = threading.BoundedSemaphore(MAX_ASKING)
        self._lock = threading.Lock()
        self._plans: OrderedDict[_Key, JoinPlan] = OrderedDict()

    def plan(self, index: WheelIndex, target: Target, flags: frozenset[str]) -> JoinPlan:
        """As `plan` makes it. Raises EdgeprofError `hub_busy` where others wait already, `not_packable`."""
        known_flags = flags & CPU_FLAGS
        key = tuple(wheel.sha256 for wheel in index.wheels()), target, known_flags
        if (found := self._found(key)) is not None:
            return found
        if not self._asking.acquire(blocking=False):
            raise EdgeprofError("hub_busy", "The hub makes plans for other devices. Try again in a minute.")
        try:
            with self._making:
                found = self._found(key) or plan(index, target, known_flags)
                self._keep(key, found)
        finally:
            self._asking.release()
        return found

    def _keep(self, key: _Key, found: JoinPlan) -> None:
        with self._lock:
            self._plans[key] = found
            while len(self._plans) > MAX_PLANS:
                self._plans.popitem(last=False)

    def _found(self, key: _Key) -> JoinPlan | None:
        with self._lock:
            if key in self._plans:
                self._plans.move_to_end(key)
            return self._plans.get(key)


PLANS = PlanCache()
"""Of this process: keys hold the hashes of the wheels."""
