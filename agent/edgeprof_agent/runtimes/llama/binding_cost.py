"""What a way into llama.cpp costs against its own llama-bench, as measured once: a property of the runtime variant.

The figures are data (binding_cost.json), written by `python -m benchmarks.llama_fidelity --write-binding-cost`.
"""

import json
from pathlib import Path
from typing import TypedDict, cast

DATA = Path(__file__).with_name("binding_cost.json")
_OTHER_WAYS = {"llama-cpp-python": "llama_cpp.Llama"}
"""The class that most programs use where we call what lies below it."""
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
    where = "on a CPU of this name" if same else "on another machine than this one"
    notes: list[str] = []
    for way in (variant, _OTHER_WAYS.get(variant)):
        ratios = [_told(cost) for cost in measured["costs"] if cost["variant"] == way]
        if ratios:
            notes.append(
                f"{way} reaches {' and '.join(ratios)} of llama-bench's rate, {measured['threads']} thread, "
                f"{measured['model']}: measured {where} ({measured['cpu']}) on {measured['date']}"
            )
    return notes


def cpu_name(cpuinfo: Path = _CPUINFO) -> str:
    """The kernel's name for the first processor; empty where it has none, as on most ARM boards."""
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model"))]
    return named[0] if named else ""


def _told(cost: Cost) -> str:
    what = cost["figure"].removesuffix("_tokens_per_s")
    return f"{cost['ratio']:.2f} in {what} ({cost['ci_low']:.2f} to {cost['ci_high']:.2f}, {cost['pairs']} pairs)"
