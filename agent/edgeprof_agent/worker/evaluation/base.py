"""What a pipeline is: how an item of a set becomes a question to a model, and the model's output an answer.

A pipeline has four steps, each timed: `decode` brings an item's stored form into memory, `prepare` makes of it what
the model takes, `ask` is the runtime's own calls, `finish` makes the answer that the task judges.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from edgeprof.quality.evaluation_set import Item, SetFacts
from edgeprof_agent.worker_protocol.adapter import TensorModel, TextModel


class NoAnswer(Exception):
    """An item without an answer, and why, in a sentence: an image that does not decode, an output that is NaN.

    The run goes on with the next item. What no item of the set can get past is a `RuntimeFailure` of the constructor.
    """


class Answer(NamedTuple):
    """An answer as the task's module defines it, in JSON's types, and the pipeline's own numbers, as `margin`."""

    value: Any
    details: Mapping[str, float] = {}


class Question(NamedTuple):
    """What a pipeline is made with. `items`: all of the set, also those that are not asked."""

    model: TensorModel | TextModel
    facts: SetFacts
    folder: Path
    items: Sequence[Item]
    shots: int
    model_files: Sequence[Path] = ()
    """Files of the model's manifest, as its tokenizer. Others in its folder are no part of the model."""

    def model_file(self, suffix: str) -> Path | None:
        """The model's own file with that suffix, one of `wire.identity.ANSWER_SUFFIXES`."""
        return next((path for path in self.model_files if path.name.endswith(suffix)), None)


class Pipeline(Protocol):
    """One task's way through a model. Made once a worker, with the model loaded; raises RuntimeFailure there."""

    batch_shape: str
    """How items share the runtime's calls, as `Evaluation.batch_shape` has it; empty: one at a time."""
    prepares_ahead: bool
    """Whether `decode` and `prepare` may run in another thread while the model works on an item before; a pipeline
    without this attribute does not. For images in files, which take longer to decode than a row of an array."""

    def __init__(self, question: Question) -> None: ...

    def decode(self, item: Item) -> Any:
        """The item's data in memory. Raises NoAnswer."""
        ...

    def prepare(self, item: Item, decoded: Any) -> Any:
        """What the model takes. Raises NoAnswer."""
        ...

    def ask(self, item: Item, prepared: Any) -> Any:
        """The runtime's calls and nothing else."""
        ...

    def finish(self, item: Item, output: Any) -> Answer:
        """The answer. Raises NoAnswer."""
        ...
