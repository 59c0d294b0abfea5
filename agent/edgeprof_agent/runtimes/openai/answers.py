"""The parts of an OpenAI-compatible answer that we read, typed; everything else in it is passed over."""

import msgspec


class Delta(msgspec.Struct, frozen=True):
    """Text of the answer, or of reasoning where an endpoint shows that."""

    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None


class Choice(msgspec.Struct, frozen=True):
    """One of the answers; we ask for one."""

    delta: Delta | None = None


class _PromptDetails(msgspec.Struct, frozen=True):
    cached_tokens: int | None = None


class _CompletionDetails(msgspec.Struct, frozen=True):
    reasoning_tokens: int | None = None


class Usage(msgspec.Struct, frozen=True):
    """Tokens of one request as the endpoint counts and bills them."""

    prompt_tokens: int
    completion_tokens: int = 0
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None

    @property
    def cached(self) -> int:
        """Of the prompt, what lay in the endpoint's cache."""
        return (self.prompt_tokens_details and self.prompt_tokens_details.cached_tokens) or 0

    @property
    def reasoning(self) -> int:
        """Of the answer, what is not shown."""
        return (self.completion_tokens_details and self.completion_tokens_details.reasoning_tokens) or 0


class StreamEvent(msgspec.Struct, frozen=True):
    """One event of a stream. `usage` is in the last one, where `stream_options.include_usage` was asked for."""

    choices: list[Choice] | None = None
    usage: Usage | None = None
    model: str | None = None
    error: msgspec.Raw = msgspec.Raw(b"null")

    @property
    def is_error(self) -> bool:
        """Whether the answer ends here, in an error."""
        return bytes(self.error) != b"null"

    @property
    def content(self) -> str:
        """Of the answer, what this event adds; reasoning is not in it."""
        return "".join(choice.delta.content or "" for choice in self.choices or () if choice.delta is not None)

    @property
    def shows_text(self) -> bool:
        """Whether a reader sees more of the answer now."""
        deltas = [choice.delta for choice in self.choices or () if choice.delta is not None]
        return any(delta.content or delta.reasoning_content or delta.reasoning for delta in deltas)


class ServedModel(msgspec.Struct, frozen=True):
    """An entry of `/models`."""

    id: str


class ModelList(msgspec.Struct, frozen=True):
    """The answer of `/models`."""

    data: list[ServedModel]


class _Said(msgspec.Struct, frozen=True):
    message: str


class _Wrapped(msgspec.Struct, frozen=True):
    error: _Said | str


def message_of(data: bytes) -> str:
    """What an error says: `{"error": {"message": ...}}`, one of its relatives, or the text itself."""
    for kind in (_Wrapped, _Said):
        try:
            found = msgspec.json.decode(data, type=kind)
        except msgspec.MsgspecError:
            continue
        error = found.error if isinstance(found, _Wrapped) else found
        return error if isinstance(error, str) else error.message
    return data.decode("utf-8", "replace")
