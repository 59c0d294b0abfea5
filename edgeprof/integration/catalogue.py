"""The packaged data: runtimes and tasks, each statement with its source and date."""

from functools import cache
from pathlib import Path
from typing import TypeVar

import msgspec

from edgeprof.errors import MissingPartError

DATA = Path(__file__).parent / "data"
T = TypeVar("T")


class Stated(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A statement with its source, or the admission that it has none."""

    value: str
    source: str = ""
    unsourced: bool = False

    def __post_init__(self) -> None:
        if bool(self.source) == self.unsourced:
            raise ValueError("give either a `source` or `unsourced: true`")

    @property
    def origin(self) -> str:
        """What stands as the source."""
        return self.source or "general knowledge, not checked"


class Compile(Stated, frozen=True, kw_only=True):
    """Whether the runtime is compiled on the device even where a platform is supported."""

    is_needed: bool = False


class Isa(Stated, frozen=True, kw_only=True):
    """Instruction sets that the wheel needs. `flags`: by machine, as the kernel names them in cpuinfo."""

    flags: dict[str, tuple[str, ...]] = {}


class Wheel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Prebuilt packages for one platform."""

    machine: str
    libc: str
    libc_min: str
    pythons: tuple[str, ...]
    version: str = ""


class Size(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """MiB of the runtime with everything that it depends on."""

    value: float
    source: str


class Dependencies(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Packages that the runtime's package names."""

    names: tuple[str, ...]
    source: str


class Runtime(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one runtime's package asks of a device. What is None is not known."""

    package: str
    version: str
    as_of: str
    wheels: tuple[Wheel, ...]
    wheels_source: str
    compile: Compile | None = None
    installed_mib: Size | None = None
    dependencies: Dependencies | None = None
    licence: Stated | None = None
    isa: Isa | None = None


class TaskWork(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an application does before and after a model of a task."""

    pre: Stated
    post: Stated


SAME_PACKAGE = {"llama-capi": "xllamacpp"}
"""Runtime variants of one package."""


@cache
def runtimes() -> dict[str, Runtime]:
    """By runtime variant, as edgeprof names them."""
    return _read("runtimes.yaml", Runtime)


@cache
def tasks() -> dict[str, TaskWork]:
    """By task."""
    return _read("tasks.yaml", TaskWork)


def runtime_named(variant: str) -> Runtime | None:
    """None: nothing is known of it."""
    return runtimes().get(SAME_PACKAGE.get(variant, variant))


def _read(name: str, kind: type[T]) -> dict[str, T]:
    try:
        return msgspec.yaml.decode((DATA / name).read_bytes(), type=dict[str, kind])
    except ImportError as error:
        raise MissingPartError(
            "yaml_missing", "Integration facts need PyYAML. Install it: pip install 'edgeprof[hub]'"
        ) from error
