"""What a runtime is to the worker: a class whose construction is the import, opening models of two kinds.

Kept to the standard library's lightest modules: the worker loads this before anything else.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from edgeprof_agent.worker.document import Job, Operators, Output, Setting


class RuntimeFailure(Exception):
    """A failure that an adapter recognised; `code` is one of the wire contract's failure codes."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Prefill(NamedTuple):
    """One prompt: the time of its evaluation, and until the first token was chosen."""

    prompt_ns: int
    first_token_ns: int


class Decode(NamedTuple):
    """One generation: `steps` decodes in `total_ns`, the gap after each where the binding tells it.

    `tokens` is what was generated, which may be one more: a first token that came from the prompt's own logits.
    """

    steps: int
    tokens: int
    total_ns: int
    gaps_ns: list[int]


class TensorModel(Protocol):
    """A loaded model; it can run once `bind` was called."""

    kind: Literal["tensor"]

    def bind(self) -> None:
        """Makes the inputs and hands them over: no part of the time to load."""
        ...

    def reshape(self, shapes: Mapping[str, Sequence[int]]) -> None:
        """The run's own shapes with these in their place, made, bound and run once; {}: the run's own again.

        What the runtime had kept for other shapes is given back where it offers that.
        """
        ...

    def infer(self) -> object:
        """One inference; nothing but the runtime's own call."""
        ...

    def output(self) -> Output:
        """What is odd about the last outputs."""
        ...

    def setting(self) -> Setting: ...

    def operators(self) -> Operators:
        """What is executed; may take a second session. The model cannot be used afterwards."""
        ...


class TextModel(Protocol):
    """A loaded language model."""

    kind: Literal["text"]
    absent: dict[str, str]
    """Metrics that this binding cannot give, and why."""

    def prefill(self) -> Prefill:
        """The prompt, from an empty memory."""
        ...

    def decode(self) -> Decode:
        """A generation, from an empty memory."""
        ...

    def setting(self) -> Setting: ...

    def operators(self) -> Operators: ...


@runtime_checkable
class Closing(Protocol):
    """A model of either kind that holds memory which goes only when it is told to, and not with the object."""

    def close(self) -> None:
        """Frees everything. The model cannot be used afterwards."""
        ...


class Runtime(Protocol):
    """An imported runtime. Its class takes no argument; an ImportError in it means that it is not installed."""

    def open(self, job: Job) -> TensorModel | TextModel: ...
