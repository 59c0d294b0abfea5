"""The builds of a series: versions of a runtime's package for one model, or files of a model for one runtime."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgeprof.bisecting.environments import Environments
from edgeprof_agent.series.setups import Setup


@dataclass(frozen=True)
class Build:
    """`interpreter` makes what the build needs and returns its Python; None: the runtime's own. Raises Unusable."""

    label: str
    setup: Setup
    interpreter: Callable[[], Path | None]


def version_build(environments: Environments, version: str, setup: Setup) -> Build:
    """One version of a runtime's package, in an environment of its own."""
    return Build(version, setup, lambda: environments.made(version).python)


def file_build(setup: Setup) -> Build:
    """One file, in the runtime that is installed here."""
    return Build(setup.label, setup, lambda: None)
