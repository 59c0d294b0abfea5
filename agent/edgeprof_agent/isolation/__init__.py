"""Runs one worker so that nothing it does can hurt the agent, and says how it ended."""

from edgeprof_agent.isolation.inside import OUTSIDE, Inside
from edgeprof_agent.isolation.outcome import Limits, WorkerExit
from edgeprof_agent.isolation.running import run

__all__ = ["OUTSIDE", "Inside", "Limits", "WorkerExit", "run"]
