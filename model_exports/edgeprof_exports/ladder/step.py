"""What a step of the ladder is: one way to make a smaller or faster file of a float model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Settings = Mapping[str, Any]
"""What is passed to the tool, in JSON's types: part of the manifest."""

Make = Callable[[Path, Path, Settings, Path | None], None]
"""Writes a target from a source. The last argument: a folder of inputs, `0.npz`, `1.npz`, ...; None without data.

Raises ValueError with a sentence where the model cannot be taken through this step.
"""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One line of the table. `make`: `module:function`, imported in the child process that runs it."""

    name: str
    title: str
    """As the table of results shows it."""
    format: str
    """The model format, of source and target alike."""
    quantization: str
    make: str
    tools: tuple[str, ...]
    """Distributions whose version may change the bytes."""
    settings: Settings = field(default_factory=lambda: {})
    needs_inputs: bool = False
    """Whether the tool must see real inputs."""
    is_on_request: bool = False
    """Left out unless it is named: a choice that is dominated by another on every model tried so far."""
