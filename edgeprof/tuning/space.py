"""What can be tried: threads, the settings of each runtime, and batch sizes; one candidate is one value of each. Pure.

The table of settings is edgeprof/wire/runtime_settings.py.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from edgeprof.wire.runtime_settings import settings_for

BATCHES = (2, 4, 8, 16)
"""Beside 1, for the goal `throughput` and a model whose batch size is open."""
MAX_PRODUCT = 10
"""A space of at most so many candidates is tried whole."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One way to run the model. `threads` 0: every core. What `settings` does not name stands at its default."""

    runtime: str
    threads: int = 0
    settings: Mapping[str, str] = field(default_factory=lambda: {})
    batch: int = 1

    @property
    def key(self) -> str:
        """Tells it from every other one; also its name: `onnxruntime, 1 thread, spinning off`.

        >>> Candidate(runtime="litert", threads=1, settings={"delegate": "none"}).key
        'litert, 1 thread, delegate none'
        >>> Candidate(runtime="litert").key
        'litert, default'
        """
        parts = [f"{self.threads} thread{'' if self.threads == 1 else 's'}"] if self.threads else []
        parts += [f"{name} {value}" for name, value in sorted(self.settings.items())]
        parts += [f"batch {self.batch}"] if self.batch > 1 else []
        return ", ".join([self.runtime, *(parts or ["default"])])

    @property
    def choices(self) -> dict[str, str]:
        """What differs from the default, by axis.

        >>> Candidate(runtime="litert", threads=1).choices
        {'threads': '1'}
        """
        threads = {"threads": str(self.threads)} if self.threads else {}
        batch = {"batch": str(self.batch)} if self.batch > 1 else {}
        return {**threads, **self.settings, **batch}


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One thing that can be set. `values` are those beside the default, which is `usual`."""

    name: str
    usual: str
    values: tuple[str, ...]
    meaning: str
    is_exact: bool = True


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What of the machine decides what is worth trying. `core_sets`: proper parts of its cores, as `0,2`."""

    cores: int
    core_sets: tuple[str, ...] = ()


def axes_of(runtime: str, machine: Machine, *, batches: bool = False, answers: bool = False) -> tuple[Axis, ...]:
    """Every axis of a runtime variant with at least one value beside the default.

    `batches`: the model's batch size is open and counts. `answers`: also settings that can change answers.
    """
    threads = Axis(name="threads", usual="0", values=thread_counts(machine.cores), meaning="0 is every core.")
    settings = [
        Axis(
            name=each.name,
            usual=each.default,
            values=machine.core_sets if each.is_free else each.values[1:],
            meaning=each.meaning,
            is_exact=each.is_exact,
        )
        for each in settings_for(runtime)
        if each.is_exact or answers
    ]
    batch = Axis(name="batch", usual="1", values=tuple(map(str, BATCHES)), meaning="Items in one inference.")
    return tuple(axis for axis in (threads, *settings, *([batch] if batches else [])) if axis.values)


def thread_counts(cores: int) -> tuple[str, ...]:
    """Powers of two below the number of cores, and one core less than all.

    >>> thread_counts(2), thread_counts(8), thread_counts(1)
    (('1',), ('1', '2', '4', '7'), ())
    """
    powers = [2**power for power in range(cores.bit_length()) if 2**power < cores]
    return tuple(map(str, sorted({*powers, *([cores - 1] if cores > 2 else [])})))


def candidate_of(runtime: str, choices: Mapping[str, str]) -> Candidate:
    """The candidate that these choices make.

    >>> candidate_of("litert", {"threads": "1", "delegate": "none"}).key
    'litert, 1 thread, delegate none'
    """
    settings = {name: value for name, value in choices.items() if name not in ("threads", "batch")}
    return Candidate(
        runtime=runtime,
        threads=int(choices.get("threads", 0)),
        settings=settings,
        batch=int(choices.get("batch", 1)),
    )


def size_of(axes: Sequence[Axis]) -> int:
    """How many candidates a runtime's axes make: every value with every other."""
    return math.prod(len(axis.values) + 1 for axis in axes)


def everything(runtime: str, axes: Sequence[Axis]) -> list[Candidate]:
    """The whole space of a runtime, its default first."""
    values = [(axis.usual, *axis.values) for axis in axes]
    return [
        candidate_of(
            runtime,
            {axis.name: value for axis, value in zip(axes, chosen, strict=True) if value != axis.usual},
        )
        for chosen in product(*values)
    ]


def first_pool(runtime: str, axes: Sequence[Axis]) -> list[Candidate]:
    """The candidates of the first round, the default first: a small space whole, of a large one each value alone.

    Axes take turns, so that a pool that is cut short has the first value of each.
    """
    if size_of(axes) <= MAX_PRODUCT:
        return everything(runtime, axes)
    longest = max(len(axis.values) for axis in axes)
    singles = [
        candidate_of(runtime, {axis.name: axis.values[place]})
        for place in range(longest)
        for axis in axes
        if place < len(axis.values)
    ]
    return [Candidate(runtime=runtime), *singles]


def crossed(one: Candidate, other: Candidate) -> Candidate | None:
    """Both candidates' choices together; where they differ on an axis, the first one's. None: of two runtimes.

    >>> crossed(candidate_of("litert", {"threads": "1"}), candidate_of("litert", {"delegate": "none"})).key
    'litert, 1 thread, delegate none'
    """
    if one.runtime != other.runtime:
        return None
    return candidate_of(one.runtime, {**other.choices, **one.choices})
