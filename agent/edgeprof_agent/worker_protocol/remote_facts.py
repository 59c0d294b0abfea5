"""What a worker tells of an endpoint beside its times; becomes `edgeprof.wire.remote.Remote`."""

from typing import TypedDict


class RemoteFacts(TypedDict):
    """Counts of all requests so far. `connect_ns`: opening a connection, several times."""

    model: str
    answered_as: str | None
    price: tuple[str, str] | None
    connect_ns: list[int]
    requests: int
    errors: dict[str, int]
    prompt_tokens: list[int]
    """Of the prompts of TTFT, warm-up among them, as the endpoint counts them."""
    total_input_tokens: int
    total_cached_tokens: int
    total_output_tokens: int
    total_reasoning_tokens: int
