"""Runs one worker so that nothing it does can hurt the agent, and says how it ended."""

from edgeprof_agent.isolation.confine import layers
from edgeprof_agent.isolation.outcome import Limits, WorkerExit
from edgeprof_agent.isolation.running import run

__all__ = ["Limits", "WorkerExit", "layers", "run"]
