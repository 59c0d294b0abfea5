"""Which machines a runtime's prebuilt package is for: architecture, Python, instruction set.

Of the packages' own metadata and file names on the index, November 2026. A later release may differ.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Wheel(NamedTuple):
    """`newest` None: no upper bound. `needs`: instruction sets by architecture that the build was made with."""

    package: str
    machines: frozenset[str]
    oldest: tuple[int, int] = (3, 10)
    newest: tuple[int, int] | None = None
    needs: Mapping[str, frozenset[str]] = MappingProxyType({})


_64 = frozenset(("x86_64", "aarch64"))
WHEELS: dict[str, Wheel] = {
    "onnxruntime": Wheel("onnxruntime", _64),
    "litert": Wheel("ai-edge-litert", _64, (3, 11)),
    "tflite-runtime": Wheel("tflite-runtime", _64 | {"armv7l"}, (3, 10), (3, 11)),
    "llama-capi": Wheel("xllamacpp", _64, needs={"x86_64": frozenset(("avx2", "f16c"))}),
    "xllamacpp": Wheel("xllamacpp", _64, needs={"x86_64": frozenset(("avx2", "f16c"))}),
}
"""Runtimes that are built from source on the device have no line."""

EXTRAS: dict[str, str] = {"onnx": "onnxruntime", "litert": "litert", "llama-wheel": "llama-capi"}
"""Extras of edgeprof that an agent is installed with, and the runtime of each. `tflite` wants a numpy below 2: it needs
an environment of its own."""
CPU_FLAGS: frozenset[str] = frozenset(
    flag for wheel in WHEELS.values() for flags in wheel.needs.values() for flag in flags
)


class Choice(NamedTuple):
    """`left_out`: the reason by extra."""

    extras: tuple[str, ...]
    left_out: Mapping[str, str]


def extras_for(machine: str, python: tuple[int, int], cpu_flags: frozenset[str] | None = None) -> Choice:
    """The runtimes with a prebuilt wheel for a machine. `cpu_flags`: as the kernel lists them; None where unknown.

    >>> extras_for("aarch64", (3, 10)).extras
    ('onnx', 'llama-wheel')
    """
    reasons = {extra: _why_not(WHEELS[runtime], machine, python, cpu_flags) for extra, runtime in EXTRAS.items()}
    return Choice(
        tuple(extra for extra, reason in reasons.items() if not reason),
        {extra: reason for extra, reason in reasons.items() if reason},
    )


def _why_not(wheel: Wheel, machine: str, python: tuple[int, int], cpu_flags: frozenset[str] | None) -> str:
    if machine not in wheel.machines:
        return f"{wheel.package} has no wheel for {machine}"
    if python < wheel.oldest:
        return f"{wheel.package} needs Python {_dotted(wheel.oldest)} or newer"
    if wheel.newest is not None and python > wheel.newest:
        return f"{wheel.package} needs Python {_dotted(wheel.newest)} or older"
    missing = sorted(wheel.needs.get(machine, frozenset()) - cpu_flags) if cpu_flags is not None else []
    return f"{wheel.package} needs {' and '.join(missing)}, which this processor lacks" if missing else ""


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
