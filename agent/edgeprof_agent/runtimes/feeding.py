"""What a tensor model is fed: values that were given, its own real inputs, else made-up ones. One object a model.

Imports numpy: worker side only.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from edgeprof.wire.formats import INPUTS_SUFFIX
from edgeprof_agent.runtimes import given_values, made_up, sizes
from edgeprof_agent.runtimes.inputs import Declared, Feed, Tensor, describe
from edgeprof_agent.runtimes.real_inputs import Real
from edgeprof_agent.runtimes.roles import STEERING
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure, Variation
from edgeprof_agent.worker_protocol.document import InputUse, WorkerJob

MAX_STEERING_VALUES = 16
"""More values than this are data: what steers a model is a number or a few."""
_SHOWN = 6
ALL_ZERO = ", all 0"
_ZERO_OR_ONE = frozenset(("length", "times", "count", "unknown"))


class _Made(NamedTuple):
    """`full`: the length that would make sense, if it is one."""

    declared: Declared
    values: Tensor
    full: int | None


class Feeding:
    """The inputs of one model: their sizes once it is made, their values once `feeds` was called.

    Raises RuntimeFailure: `input_unsupported` for what cannot be fed, `shape_required`, and `load_error` for a file of
    real inputs that does not fit.
    """

    def __init__(self, job: WorkerJob, declared: Sequence[Declared]) -> None:
        self._job = job
        self._declared: list[Declared] = list(declared)
        self._given: Mapping[str, str] = job["config"].input_values
        self._file = Path(job["model_path"]).stem + INPUTS_SUFFIX
        path = job["inputs_path"]
        self._real = Real(Path(path), bool(job["sweep"])) if path else None
        self._made: dict[str, _Made] = {}
        self._fed: dict[str, Feed] = {}
        given_values.check_names(self._given, declared)
        self._rest: list[Declared] = [each for each in declared if each.name not in self._given]
        if self._real is not None:
            self._real.check(self._rest)
        else:
            self._check_makeable()
        self.shapes = self._resolved({})

    @property
    def sentence(self) -> str:
        """Where the inputs come from, as a result says it."""
        seed = self._job["protocol"].seed
        source = self._real.sentence if self._real is not None else f"synthetic (seed {seed}): {made_up.MEANING}"
        given = ", ".join(f"{name}={_cut(text)}" for name, text in self._given.items())
        return f"{source}; given: {given}" if given else source

    def learn_uses(self, uses: Mapping[str, Sequence[InputUse]]) -> None:
        """What a runtime knows of the inputs only once it has loaded the model. Before `feeds`."""
        self._declared = [each._replace(uses=uses.get(each.name, each.uses)) for each in self._declared]
        self._rest = [each for each in self._declared if each.name not in self._given]

    def reshape(self, shapes: Mapping[str, Sequence[int]]) -> None:
        """The run's own sizes with these in their place."""
        self.shapes = self._resolved(shapes)

    def feeds(self) -> dict[str, Feed]:
        """Every input, of its sizes: the same values for the same sizes, on every machine."""
        rng = np.random.default_rng(self._job["protocol"].seed)
        self._made = {}
        if self._real is not None:
            feeds = self._real.feeds(self._rest, self.shapes)
        else:
            tensors = {each.name: made_up.made_up(each, self._declared, self.shapes, rng) for each in self._rest}
            self._made = {each.name: self._made_of(each, tensors[each.name]) for each in self._rest}
            feeds = dict[str, Feed](tensors)
        for each in self._declared:
            if each.name in self._given:
                feeds[each.name] = given_values.tensor(each, self._given[each.name], self.shapes[each.name])
        self._fed = {each.name: feeds[each.name] for each in self._declared}
        return self._fed

    def described(self) -> dict[str, str]:
        """`float32[1,3,224,224]` for each input; `int32[1] = 20` for one whose values are few and all its own.

        `float32[1,64], all 0` for floats that are all zero: some kernels then leave their work out.
        """
        return {each.name: self._described(each) for each in self._declared}

    def steering(self) -> list[Variation]:
        """Each made-up input that may decide how much work there is, with other values for it."""
        return [
            Variation(name, _values_text(made.values), made.values, tuple(_others(made)))
            for name, made in self._made.items()
            if _steers(made)
        ]

    def hint(self) -> str:
        """After a refusal: what was given, which inputs were made up, and how to give real ones."""
        return " ".join(part for part in (self._given_hint(), self._made_hint()) if part)

    def _given_hint(self) -> str:
        """A value that was given is the likelier cause: it comes first."""
        return " ".join(f"Input {name!r} was given as {_cut(text)}." for name, text in list(self._given.items())[:4])

    def _made_hint(self) -> str:
        named = [name for name, made in self._made.items() if made_up.purpose(made.declared).role != "data"]
        if not named:
            return f"Its inputs were made up; give real ones in {self._file} next to the model." if self._made else ""
        shown = ", ".join(f"{name!r} ({_values_text(self._made[name].values)})" for name in named[:4])
        more = f" and {len(named) - 4} more" if len(named) > 4 else ""
        was = "was" if len(named) == 1 else "were"
        return (
            f"Input {shown}{more} {was} made up. Give real values with `--input {named[0]}=VALUE`, or in "
            f"{self._file} next to the model."
        )

    def _made_of(self, each: Declared, values: Tensor) -> _Made:
        full = made_up.full_length(each, made_up.purpose(each), self._declared, self.shapes)
        return _Made(each, values, full)

    def _resolved(self, shapes: Mapping[str, Sequence[int]]) -> dict[str, list[int]]:
        config = self._job["config"]
        own: dict[str, Sequence[int]] = dict(self._real.sizes(self._rest)) if self._real is not None else {}
        for each in self._declared:
            if each.name in self._given and (counted := given_values.own_sizes(each, self._given[each.name])):
                own[each.name] = counted
        plain = [each for each in self._declared if not each.container.endswith("sequence")]
        found = sizes.resolve(plain, own, {**config.shapes, **shapes}, config.dims)
        if self._real is not None:
            for each in self._rest:
                if each.name in own:
                    self._real.check_sizes(each, found[each.name])
        return found

    def _check_makeable(self) -> None:
        for each in self._rest:
            if each.container.endswith("sequence"):
                raise RuntimeFailure(
                    "input_unsupported",
                    f"Input {each.name!r} takes a sequence of {each.type_name} tensors, which cannot be made up. Give "
                    f"them in {self._file} next to the model, as arrays {each.name}.0, {each.name}.1 and so on.",
                )
            if each.takes_text:
                raise RuntimeFailure(
                    "input_unsupported",
                    f"Input {each.name!r} takes text, which cannot be made up. Give it with `--input "
                    f"{each.name}=TEXT`, or in {self._file} next to the model.",
                )

    def _described(self, each: Declared) -> str:
        feed = self._fed.get(each.name)
        text = describe(each, feed)
        if (
            isinstance(feed, np.ndarray)
            and feed.dtype.kind == "f"
            and feed.size > MAX_STEERING_VALUES
            and not feed.any()
        ):
            return f"{text}{ALL_ZERO}"
        is_own = each.name in self._given or (each.name in self._made and _is_shown(self._made[each.name]))
        return f"{text} = {_values_text(feed)}" if is_own and isinstance(feed, np.ndarray) else text


def _steers(made: _Made) -> bool:
    found = made_up.purpose(made.declared)
    if found.role == "mask":  # a mask that only the name shows may be one whose rows must not be empty
        return found.is_read and made.values.size > 1
    return _is_few(made) and (found.role in STEERING or found.neutral)


def _is_shown(made: _Made) -> bool:
    return _is_few(made) and made_up.purpose(made.declared).role != "data"


def _is_few(made: _Made) -> bool:
    return 0 < made.values.size <= MAX_STEERING_VALUES


def _others(made: _Made) -> list[tuple[str, Tensor]]:
    """Other values, each in words: 0 and 1 for what counts, otherwise more, or half and twice a number like a speed.

    An integer of unknown use may be a length too, and a mask may be of one thing only.
    """
    role, values = made_up.purpose(made.declared).role, made.values
    if role == "mask":
        first = np.zeros_like(values)
        first[..., 0] = 1
        return [(_values_text(first), first)] if not np.array_equal(first, values) else []
    if made.declared.dtype.kind == "f" and role not in _ZERO_OR_ONE:
        numbers = values.astype(np.float64)
        return [(f"{factor:g}", (numbers * factor).astype(values.dtype)) for factor in (0.5, 2.0)]
    wanted = [0, 1] if role in _ZERO_OR_ONE else [2]
    if role == "unknown" and made.full and values.dtype.kind in "iu" and made.full <= np.iinfo(str(values.dtype)).max:
        wanted.append(made.full)
    others = [(str(number), np.full_like(values, number)) for number in dict.fromkeys(wanted)]
    return [(text, other) for text, other in others if not np.array_equal(other, values)]


def _values_text(values: Tensor) -> str:
    """`20`, or `1,0,1,…`"""
    flat = values.ravel()
    if flat.size and (flat == flat[0]).all():
        return _cut(str(flat[0]))
    shown = ",".join(str(value) for value in flat[:_SHOWN])
    return _cut(f"{shown},…" if flat.size > _SHOWN else shown)


def _cut(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
