"""What is asked of one run, from the click to the worker.

A field of `RunConfig` is part of the cell's key; one of `RunProtocol` is not. A new option is one field there and the
place that uses it. Wire, REST body, command-line options, form and checks follow from the field.
"""

from dataclasses import dataclass

from edgeprof.wire.run_config import RunConfig as RunConfig
from edgeprof.wire.run_config import RunOptions as RunOptions
from edgeprof.wire.run_protocol import RunProtocol as RunProtocol


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """One run as it is requested: what to run (an axis of the cell) and how to measure it."""

    config: RunConfig
    protocol: RunProtocol
