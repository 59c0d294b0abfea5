"""Tokens that a hosted model bills beside the text, as a run measured them: reasoning, and cached input."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from edgeprof.wire import rest
from edgeprof.wire.remote import Remote
from edgeprof_hub.store.base import ReadStore

MAX_MODELS = 50
"""Hosted models that a page looks up, those registered last: more would make it slow."""
_RUNS_LOOKED_AT = 5


@dataclass(frozen=True, kw_only=True)
class BilledTokens:
    """Means over a run's requests. Both are 0 where the endpoint reports no such tokens.

    Example: 20 requests with 6,400 reasoning tokens are 320 for each answer, whatever its visible length.
    """

    reasoning_per_answer: float = 0.0
    cached_share: float = 0.0
    """Of the input tokens, from 0 to 1."""

    def cached_of(self, input_tokens: int) -> int:
        """How many of an answer's input tokens are billed as cached."""
        return min(input_tokens, round(input_tokens * self.cached_share))

    @property
    def reasoning_tokens(self) -> int:
        return round(self.reasoning_per_answer)


def billed_tokens(remote: Remote) -> BilledTokens:
    """What the requests of a run were billed beside the text."""
    share = remote.total_cached_tokens / remote.total_input_tokens if remote.total_input_tokens else 0.0
    return BilledTokens(
        reasoning_per_answer=remote.total_reasoning_tokens / remote.requests if remote.requests else 0.0,
        cached_share=min(1.0, share),
    )


def newest_hosted(store: ReadStore, models: Iterable[rest.ModelRecord]) -> Iterator[tuple[Remote, rest.StoredResult]]:
    """The newest run of each hosted model with a list price. None of an endpoint on its client: that is not a cloud."""
    served = sorted((model for model in models if model.format == "served"), key=_registered_s, reverse=True)
    for model in served[:MAX_MODELS]:
        for stored in store.results(model_id=model.model_id, limit=_RUNS_LOOKED_AT):
            remote = stored.result.remote
            if remote is not None and not remote.on_this_host and remote.price_provider and remote.price_model:
                yield remote, stored
                break


def _registered_s(model: rest.ModelRecord) -> float:
    return model.created_s


def measured_billing(store: ReadStore, models: Iterable[rest.ModelRecord]) -> Mapping[str, BilledTokens]:
    """By `provider/model` as genai-prices names them: a measured baseline is billed as it was measured."""
    found: dict[str, BilledTokens] = {}
    for remote, _ in newest_hosted(store, models):
        found.setdefault(f"{remote.price_provider}/{remote.price_model}", billed_tokens(remote))
    return found
