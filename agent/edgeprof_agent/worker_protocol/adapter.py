"""What a runtime is to the worker: a class whose construction is the import, opening models of two kinds.

Kept to the standard library's lightest modules: the worker loads this before anything else.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

from edgeprof_agent.worker_protocol.document import Operators, Output, RuntimeSetting, WorkerJob
from edgeprof_agent.worker_protocol.remote_facts import RemoteFacts


class RuntimeFailure(Exception):
    """A failure that an adapter recognised; `code` is one of the wire contract's failure codes."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


COPIED_TOKENS = 64
"""Of a depth that is filled with copies: so many are evaluated."""


class Lengths(NamedTuple):
    """What a language model is timed at: the prompt, the generation, and what its memory holds before either."""

    prompt_tokens: int
    decode_tokens: int
    depth_tokens: int


class Prefill(NamedTuple):
    """One prompt: the time of its evaluation, and until the first token was chosen.

    `start_ns`, `end_ns`: the span of the work alone (CLOCK_MONOTONIC), without what fills the memory before it.
    """

    prompt_ns: int
    first_token_ns: int
    start_ns: int
    end_ns: int


class Decode(NamedTuple):
    """One generation: `steps` decodes in `total_ns`, the gap after each where the binding tells it.

    `tokens` is what was generated, which may be one more: a first token that came from the prompt's own logits.
    `start_ns`, `end_ns`: the span (CLOCK_MONOTONIC) of all `tokens`, without what fills the memory before it.
    """

    steps: int
    tokens: int
    total_ns: int
    gaps_ns: list[int]
    start_ns: int
    end_ns: int


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

    def setting(self) -> RuntimeSetting: ...

    def operators(self) -> Operators:
        """What is executed; may take a second session. The model cannot be used afterwards."""
        ...


class TextModel(Protocol):
    """A loaded language model, its memory made for the job's lengths. In a cold course the depth is 0."""

    kind: Literal["text"]
    absent: dict[str, str]
    """Metrics that this binding cannot give, and why. It may grow as they are asked for."""
    kv_cache_kib: float | None
    """Of the memory in use now, as llama.cpp itself tells it."""
    refills: bool
    """Whether its memory was seen to be unable to go back to its depth: each repeat then evaluates the depth anew."""

    def resize_context(self, lengths: Lengths) -> None:
        """Makes the memory for other lengths. Raises RuntimeFailure where the model or the machine cannot."""
        ...

    def release_context(self) -> None:
        """Frees the memory in use; `use` must come next."""
        ...

    def first_prompt(self) -> Prefill:
        """A prompt on an empty memory, whatever the depth."""
        ...

    def no_requests(self) -> str | None:
        """Why `request` cannot be timed, None where it can. Called once all repeats were made."""
        ...

    def request(self) -> None:
        """As a user's: a prompt, its first token, and a generation on top of it, on a memory that holds the depth."""
        ...

    def prefill(self) -> Prefill:
        """The prompt, on a memory that holds `depth_tokens`; filling it is not timed."""
        ...

    def decode(self) -> Decode:
        """A generation, on a memory that holds `depth_tokens`; filling it is not timed."""
        ...

    def cached_prompt_ns(self, repeats: int) -> list[int]:
        """A prompt again with all but its last token in memory: until the first token. Empty: see `absent`."""
        ...

    def tokenize_ns(self) -> list[int]:
        """Times of turning a text of about the prompt's length into tokens. Empty: see `absent`."""
        ...

    def sample_ns(self) -> list[int]:
        """Times of choosing a token from the logits of a prompt. Empty: see `absent`."""
        ...

    def output(self) -> Output | None:
        """What is odd about the logits of the last step; None where the binding does not show them."""
        ...

    def setting(self) -> RuntimeSetting: ...

    def operators(self) -> Operators: ...


@runtime_checkable
class Closing(Protocol):
    """A model of either kind that holds memory which goes only when it is told to, and not with the object."""

    def close(self) -> None:
        """Frees everything. The model cannot be used afterwards."""
        ...


class Variation(NamedTuple):
    """One input that was made up and may decide how much work there is: its value, and others, each in words, too."""

    name: str
    value: str
    own: object
    others: tuple[tuple[str, object], ...]


@runtime_checkable
class MakesInputs(Protocol):
    """A tensor model whose inputs may have been made up."""

    def hint(self) -> str:
        """After a refusal by the runtime: which inputs were made up, and how to give real ones. Empty: none was."""
        ...

    def steering(self) -> list[Variation]:
        """Made-up inputs that may decide how much work there is."""
        ...

    def vary(self, name: str, values: object) -> None:
        """Feeds other values for one input, from the next inference on."""
        ...


class InputNeed(NamedTuple):
    """One input as the loaded model declares it. `shape`: -1 where a size is free.

    `scale`, `zero_point`: of a quantized input, whose real value is `scale * (stored - zero_point)`. Scale 0: none.
    """

    name: str
    dtype: str
    """numpy's name, as `float32`."""
    shape: tuple[int, ...]
    scale: float = 0.0
    zero_point: int = 0


class OutputGiven(NamedTuple):
    """One output as the loaded model declares it; fields as of `InputNeed`. `shape` is () where nothing is declared."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    scale: float = 0.0
    zero_point: int = 0


@runtime_checkable
class AnswersTensors(Protocol):
    """A tensor model that takes given arrays: what an evaluation asks. Arrays are numpy's, of the declared types."""

    def needs(self) -> list[InputNeed]: ...

    def gives(self) -> list[OutputGiven]: ...

    def answer(self, feeds: Mapping[str, Any]) -> dict[str, Any]:
        """One inference on these arrays, by input name: every output by its name. Nothing but the runtime's call."""
        ...


@runtime_checkable
class ShowsOutputs(Protocol):
    """A tensor model whose last outputs can be read, by name: what two builds of a runtime are compared by."""

    def outputs(self) -> dict[str, Any]: ...


@runtime_checkable
class ForgetsState(Protocol):
    """A tensor model that may hold state of its own from one inference to the next, as a listening one does."""

    def forget(self) -> None:
        """Brings the model to where it was once loaded: the next recording is not the last one's continuation."""
        ...


@runtime_checkable
class HasMetadata(Protocol):
    """A tensor model whose file carries texts by name, as a reader's characters."""

    def metadata(self) -> dict[str, str]: ...


class EndingScore(NamedTuple):
    """An ending after a prefix: its log-likelihood in nats, its tokens, and whether greedy decoding would write it."""

    log_likelihood: float
    tokens: int
    is_greedy: bool


class Generated(NamedTuple):
    """A text that the model wrote, and why it stopped: `stop`, `end` (of text) or `limit`."""

    text: str
    tokens: int
    ended: str
    first_token_ns: int
    total_ns: int


@runtime_checkable
class AnswersTexts(Protocol):
    """A language model that shows its logits: what an evaluation asks."""

    @property
    def batch_shape(self) -> str:
        """How tokens share a call, as `n_batch 512, endings of an item in one batch`: part of every score."""
        ...

    def tokenize(self, text: str, *, special: bool = True) -> list[int]:
        """Tokens of a text. Raises RuntimeFailure where the tokenizer cannot encode it."""
        ...

    def detokenize(self, tokens: Sequence[int]) -> str:
        """The text of tokens; special ones have none."""
        ...

    def share_prefix(self, tokens: Sequence[int]) -> None:
        """Evaluates these once for all prefixes and prompts that begin with them, until other ones are named."""
        ...

    def score_endings(self, prefix: Sequence[int], endings: Sequence[Sequence[int]]) -> list[EndingScore]:
        """The exact log-likelihood of each ending after the prefix, from the runtime's own logits."""
        ...

    def token_log_likelihoods(self, tokens: Sequence[int]) -> list[float]:
        """Of each token but the first, given those before it, in nats."""
        ...

    def log_probabilities(self, tokens: Sequence[int]) -> Any:
        """numpy, float32 [len(tokens), vocabulary]: of the token after each position, in nats."""
        ...

    def generate(
        self, prompt: Sequence[int], max_tokens: int, stop: Sequence[str], *, temperature: float, seed: int
    ) -> Generated:
        """A continuation: greedy at temperature 0."""
        ...

    def chat_prompt(self, text: str) -> str:
        """The text in the model's own chat template; as it is where the file has none."""
        ...


@runtime_checkable
class WritesTexts(Protocol):
    """A language model that continues a text and shows neither tokens nor logits: one behind an endpoint."""

    def write(self, prompt: str, max_tokens: int, stop: Sequence[str], *, temperature: float, seed: int) -> Generated:
        """The answer to a user's message."""
        ...


@runtime_checkable
class KnowsItsContext(Protocol):
    """A language model that says how long a context it was trained for, and takes it at any depth below."""

    trained_tokens: int

    def copy_depth(self) -> bool:
        """Fills the depth with copies of `COPIED_TOKENS` tokens: what then generates takes as long as with others.

        False: this kind of memory takes no copies, and the depth is evaluated as ever.
        """
        ...


@runtime_checkable
class RemoteModel(Protocol):
    """A model that runs elsewhere and is asked over a network."""

    def remote(self) -> RemoteFacts:
        """Who answered, and what was counted so far."""
        ...


class Runtime(Protocol):
    """An imported runtime. Its class takes no argument; an ImportError in it means that it is not installed."""

    def open(self, job: WorkerJob) -> TensorModel | TextModel: ...
