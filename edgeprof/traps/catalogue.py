"""The catalogue of known traps, checked. Needs PyYAML; a run reads `table.json` instead, which is made from this."""

from pathlib import Path

import msgspec

from edgeprof.errors import MissingPartError

DATA = Path(__file__).with_name("data")


class Figure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A measurement of the trap. Either the `command` that prints it, or its `source`: how it was measured."""

    text: str
    date: str
    machine: str
    command: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        if bool(self.command) == bool(self.source):
            raise ValueError("a figure has either a command or a source")


class Trap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One trap. `effect`: what it does to the figure, in a few words, which stand next to it.

    `seen_in`: the version that the figures are of. `recognised`: by what a run shows it; `not_recognised`: why no run
    of edgeprof can.
    """

    id: str
    title: str
    runtime: str
    seen_in: str
    what: str
    effect: str
    way_out: str
    figures: tuple[Figure, ...]
    recognised: str = ""
    not_recognised: str = ""

    def __post_init__(self) -> None:
        if not self.figures:
            raise ValueError(f"the trap {self.id} has no figure")
        if bool(self.recognised) == bool(self.not_recognised):
            raise ValueError(f"the trap {self.id} is either recognised or not")


def catalogue() -> dict[str, tuple[Trap, ...]]:
    """By file, in the order of the files' names. Raises MissingPartError `yaml_missing`."""
    return {path.stem: _read(path) for path in sorted(DATA.glob("*.yaml"))}


def _read(path: Path) -> tuple[Trap, ...]:
    try:
        return msgspec.yaml.decode(path.read_bytes(), type=tuple[Trap, ...])
    except ImportError as error:
        raise MissingPartError(
            "yaml_missing", "The traps need PyYAML. Install it with: pip install 'edgeprof[hub]'"
        ) from error
