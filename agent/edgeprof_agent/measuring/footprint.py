"""What our own processes cost while a worker's window ran: the agent's, its samplers', and the tools that those start.

The agent's process is read whenever the worker says something, before the line is decoded: the last line before the
window and the first one after it enclose it. Its own clock leaves the worker out; of children it counts those that have
ended, and within a run that is what samplers start (`vcgencmd`), as the worker itself has not ended yet.
"""

import os
import resource
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from edgeprof.wire.evidence import Footprint
from edgeprof_agent.cost_book import CostBook, Span
from edgeprof_agent.isolation.running import OnLine
from edgeprof_agent.worker_protocol.document import MeasuredWindow

_PAGES_PER_MIB = 1024 * 1024 / os.sysconf("SC_PAGE_SIZE")


class FootprintMeter:
    """Put `beside` what hears one worker; asks nothing of a run but a few microseconds a line."""

    def __init__(self) -> None:
        self._process = CostBook(time.process_time_ns)
        self._tools = CostBook(_ended_children_ns)
        self._rss_mib = 0.0

    def beside(self, on_line: OnLine) -> OnLine:
        """`on_line`, with a look at ourselves before each line."""
        self.look()

        def take_line(line: bytes) -> bool:
            self.look()
            return on_line(line)

        return take_line

    def look(self) -> None:
        """One reading of ourselves. One that fails costs a line of the books, not the worker's line."""
        with suppress(OSError, ValueError, IndexError):
            self._process.tick()
            self._tools.tick()
            self._rss_mib = max(self._rss_mib, _rss_mib())

    def footprint(self, windows: Sequence[MeasuredWindow], samplers: Sequence[CostBook]) -> Footprint | None:
        """Over the measured windows; None where the looks do not enclose them. Without a sampler its figures are 0.

        `agent_rss_mib` is the largest at any look.
        """
        spans: list[Span] = [(window["start_ns"], window["end_ns"]) for window in windows]
        agent_share, tools_share = self._process.share(spans), self._tools.share(spans)
        if agent_share is None or tools_share is None:
            return None
        sampler_shares = [share for sampler in samplers if (share := sampler.share(spans)) is not None]
        return Footprint(
            agent_cpu_share=agent_share + tools_share,
            sampler_cpu_share=sum(sampler_shares) + tools_share,
            sampler_hz=max((sampler.hz(spans) for sampler in samplers), default=0.0),
            agent_rss_mib=self._rss_mib,
        )


def _ended_children_ns() -> int:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return round((used.ru_utime + used.ru_stime) * 1e9)


def _rss_mib() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) / _PAGES_PER_MIB
