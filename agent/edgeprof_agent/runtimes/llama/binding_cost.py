"""What a way into llama.cpp costs against its own llama-bench, as measured once: a property of the runtime variant.

The figures are data (binding_cost.json), written by `python -m benchmarks.llama_fidelity --write-binding-cost`.
"""

import json
from pathlib import Path
from typing import TypedDict, cast

DATA = Path(__file__).with_name("binding_cost.json")
_OTHER_WAYS = {"llama-cpp-python": "llama_cpp.Llama"}
"""The class that most programs use where we call what lies below it."""
_PACKAGES = {"llama-capi": "xllamacpp", "llama_cpp.Llama": "llama-cpp-python"}
"""What brings a way, where it has another name."""
_BENCH = "llama-cpp-python"
"""Whose source llama-bench is built from (benchmarks/native_llama.py)."""
_CPUINFO = Path("/proc/cpuinfo")


class Cost(TypedDict):
    """One figure of one variant: rate over llama-bench's, the median of `pairs` alternated pairs with its 95 %."""

    variant: str
    figure: str
    ratio: float
    ci_low: float
    ci_high: float
    pairs: int


class BindingCosts(TypedDict):
    """Where, when and how they were measured."""

    date: str
    cpu: str
    command: str
    threads: int
    model: str
    versions: dict[str, str]
    costs: list[Cost]


def read(path: Path = DATA) -> BindingCosts:
    return cast(BindingCosts, json.loads(path.read_text()))


def cost_notes(variant: str, path: Path = DATA, cpuinfo: Path = _CPUINFO) -> list[str]:
    """A sentence for each way that a user of this variant may take, as far as it was compared."""
    measured = read(path)
    same = cpu_name(cpuinfo) == measured["cpu"]
    versions = measured["versions"]
    bench = f" (built from llama-cpp-python {versions[_BENCH]})" if _BENCH in versions else ""
    where = "on a CPU of this name" if same else "on another machine than this one"
    notes: list[str] = []
    for way in (variant, _OTHER_WAYS.get(variant)):
        ratios = [_told(cost) for cost in measured["costs"] if cost["variant"] == way]
        if way and ratios:
            notes.append(
                f"{way}{_build(way, versions)} reaches {' and '.join(ratios)} of the rate of llama-bench{bench}, "
                f"{measured['threads']} thread, {measured['model']}: measured {where} ({measured['cpu']}) "
                f"on {measured['date']}"
            )
    return notes


def _build(way: str, versions: dict[str, str]) -> str:
    """Which llama.cpp it was: another one compiles to another speed."""
    package = _PACKAGES.get(way, way)
    return f" ({package} {versions[package]})" if package in versions else ""


def cpu_name(cpuinfo: Path = _CPUINFO) -> str:
    """The kernel's name for the first processor; empty where it has none, as on most ARM boards."""
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model"))]
    return named[0] if named else ""


def _told(cost: Cost) -> str:
    what = cost["figure"].removesuffix("_tokens_per_s")
    return f"{cost['ratio']:.2f} in {what} ({cost['ci_low']:.2f} to {cost['ci_high']:.2f}, {cost['pairs']} pairs)"
