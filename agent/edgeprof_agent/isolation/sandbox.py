"""Which sandbox a worker gets: that of the runner's unit where systemd offers it, else bubblewrap, never both."""

import os
from collections.abc import Mapping, Sequence

from edgeprof_agent.isolation import bubblewrap, bwrap_worker, hand_over, runner_worker
from edgeprof_agent.isolation.inside import Inside
from edgeprof_agent.isolation.lacking import Lack
from edgeprof_agent.isolation.outcome import Limits
from edgeprof_agent.isolation.started import Started


def start(
    command: Sequence[str], results: int, environment: Mapping[str, str], inside: Inside, limits: Limits
) -> Started | Lack:
    """The worker with its job still to come, or what is lacking. A unit that may not be used is as good as none."""
    refusal: Lack | None = None
    environment = bubblewrap.environment(environment)
    if os.access(hand_over.SOCKET, os.W_OK):
        started = runner_worker.start(command, environment, inside, limits, results)
        if isinstance(started, Started):
            return started
        refusal = started
    started = bwrap_worker.start(command, results, environment, inside)
    return refusal if refusal is not None and isinstance(started, Lack) else started
