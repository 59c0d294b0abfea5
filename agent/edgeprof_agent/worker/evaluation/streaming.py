"""A recording through a model step by step, as a device hears it: windows, and state from one step to the next.

Keys of `preparation`, as well as those of `sound_features.py`; counts are rows of the features (of samples: samples):

- `window`: rows a step takes. Default: as the input declares, its last free size but one of samples.
- `hop`: rows from one step to the next. Default: the window, less the context.
- `context`: of the window, rows of the step before; of the first step they are 0. Default: 0.
- `input`: the name of the input that takes the rows. Default: the first floating or quantized one.
- `state`: an object of output names by input name. Each starts at 0 and is fed what the step before gave.
- `constants`: an object of numbers by input name, as `{"sr": 16000}`. A variant that lacks the input does without.
- `output`: the name of the output with the scores. Default: the first one that is no state.

State that the model itself holds (variables of a .tflite file) is forgotten before each recording.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from edgeprof_agent.worker.evaluation.base import NoAnswer
from edgeprof_agent.worker.evaluation.sound_features import SoundFeatures
from edgeprof_agent.worker.evaluation.tensors import Floats, real, stored
from edgeprof_agent.worker_protocol.adapter import AnswersTensors, ForgetsState, InputNeed, OutputGiven, RuntimeFailure

MAX_STEPS = 1_000_000


class Steps(NamedTuple):
    """What a recording's steps feed, in the input's own type, and when each step ends."""

    feeds: list[npt.NDArray[Any]]
    ends_s: Floats


class Stream:
    """A model and how a set feeds it."""

    def __init__(self, model: AnswersTensors, keys: Mapping[str, Any]) -> None:
        """Raises RuntimeFailure `bad_set` or `input_unsupported` where set and model do not fit."""
        self.features = SoundFeatures(keys)
        self._model = model
        needs = {need.name: need for need in model.needs()}
        gives = {given.name: given for given in model.gives()}
        self._state = _state(keys.get("state", {}), needs, gives)
        self._constants = _constants(keys.get("constants", {}), needs)
        self._input = _input(keys.get("input"), needs, {*self._state, *self._constants})
        self._output = _output(keys.get("output"), gives, set(self._state.values()))
        self._context = int(keys.get("context", 0))
        self._window = int(keys.get("window") or _declared_window(self._input))
        self._hop = int(keys.get("hop") or self._window - self._context)
        if not 0 <= self._context < self._window or self._hop < 1:
            raise RuntimeFailure(
                "bad_set", f"Window {self._window}, context {self._context} and hop {self._hop} do not fit."
            )
        zeros = {
            name: np.zeros([max(size, 1) for size in needs[name].shape], needs[name].dtype) for name in self._state
        }
        self._start = {**zeros, **self._constants}

    def steps(self, samples: Floats) -> Steps:
        """A recording cut into steps; the last one is filled up with silence. Raises NoAnswer."""
        rows = self.features.of(samples)
        if not len(rows):
            raise NoAnswer("the recording is too short for one step of features")
        new = self._window - self._context
        count = max(1, -(-(len(rows) - new) // self._hop) + 1)
        if count > MAX_STEPS:
            raise NoAnswer(f"the recording makes {count:,} steps; at most {MAX_STEPS:,} are taken")
        total = (count - 1) * self._hop + self._window
        around = [(self._context, max(0, total - self._context - len(rows)))] + [(0, 0)] * (rows.ndim - 1)
        padded = np.pad(rows, around)
        shape = _shape(self._input, (self._window, *rows.shape[1:]))
        starts = range(0, count * self._hop, self._hop)
        feeds = [stored(padded[at : at + self._window].reshape(shape), self._input) for at in starts]
        ends_s = np.array([(at + new) * self.features.step_s for at in starts], np.float32)
        return Steps(feeds, ends_s)

    def forget(self) -> None:
        """The next recording starts from nothing."""
        if isinstance(self._model, ForgetsState):
            self._model.forget()

    def ask(self, steps: Steps) -> list[Any]:
        """The scores of each step, as the output has them: the runtime's calls and the hand-over of the state."""
        fed, found = dict(self._start), list[Any]()
        for feed in steps.feeds:
            fed[self._input.name] = feed
            outputs = self._model.answer(fed)
            for name, output in self._state.items():
                fed[name] = outputs[output]
            found.append(outputs[self._output.name])
        return found

    def scores(self, found: Sequence[Any]) -> Floats:
        """[steps, values a step]. Raises NoAnswer for what is not finite."""
        values = real(np.stack([np.asarray(each).ravel() for each in found]), self._output)
        if not np.isfinite(values).all():
            raise NoAnswer(f"output {self._output.name!r} has values that are NaN or infinite")
        return values


def _state(given: object, needs: Mapping[str, InputNeed], gives: Mapping[str, OutputGiven]) -> dict[str, str]:
    if not isinstance(given, Mapping):
        raise RuntimeFailure("bad_set", "preparation.state is not an object of output names by input name.")
    pairs = cast(Mapping[str, str], given)
    for name, output in pairs.items():
        if name not in needs or output not in gives:
            raise RuntimeFailure(
                "input_unsupported",
                f"The set's state feeds {output!r} to {name!r}. The model has inputs {', '.join(needs)} and "
                f"outputs {', '.join(gives)}.",
            )
    return dict(pairs)


def _constants(given: object, needs: Mapping[str, InputNeed]) -> dict[str, npt.NDArray[Any]]:
    if not isinstance(given, Mapping):
        raise RuntimeFailure("bad_set", "preparation.constants is not an object of numbers by input name.")
    found: dict[str, npt.NDArray[Any]] = {}
    for name, value in cast(Mapping[str, float], given).items():
        if name in needs:
            shape = [max(size, 1) for size in needs[name].shape]
            found[name] = np.full(shape, value, needs[name].dtype)
    return found


def _input(name: str | None, needs: Mapping[str, InputNeed], taken: set[str]) -> InputNeed:
    free = [need for need in needs.values() if need.name not in taken]
    if name is not None and name not in needs:
        raise RuntimeFailure("input_unsupported", f"The model has no input {name!r}. Inputs: {', '.join(needs)}.")
    if len(free) != 1 and name is None:
        raise RuntimeFailure(
            "input_unsupported",
            f"The set says nothing of the inputs {', '.join(need.name for need in free)}. "
            "Name them in preparation as input, state or constants.",
        )
    return free[0] if name is None else needs[name]


def _output(name: str | None, gives: Mapping[str, OutputGiven], states: set[str]) -> OutputGiven:
    free = [given for given in gives.values() if given.name not in states]
    if (name is not None and name not in gives) or not free:
        raise RuntimeFailure("input_unsupported", f"The model has no output {name!r}. Outputs: {', '.join(gives)}.")
    return free[0] if name is None else gives[name]


def _declared_window(need: InputNeed) -> int:
    """Samples: the last size. Features: the last but one; a 2-dimensional input is taken for samples."""
    place = -1 if len(need.shape) <= 2 else -2
    size = need.shape[place] if need.shape else -1
    if size < 1:
        raise RuntimeFailure("bad_set", f"Input {need.name!r} has a free size. Add 'window' to the set's preparation.")
    return size


def _shape(need: InputNeed, rows: tuple[int, ...]) -> tuple[int, ...]:
    """The input's own sizes where they hold as many values, else the rows with leading ones. Raises NoAnswer."""
    count = int(np.prod(rows))
    sizes = [size if size > 0 else 1 for size in need.shape]
    if int(np.prod(sizes)) == count:
        return tuple(sizes)
    if any(size < 1 for size in need.shape):
        return (*(1,) * max(0, len(need.shape) - len(rows)), *rows)
    raise NoAnswer(f"a step has {count} values; input {need.name!r} takes {list(need.shape)}")
