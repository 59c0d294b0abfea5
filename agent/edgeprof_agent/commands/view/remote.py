"""The endpoint that served a model, as text: who it is, what was asked of it, what of that failed."""

from collections.abc import Iterator

from edgeprof.wire.remote import Remote
from edgeprof_agent.commands.view.words import labelled, plural


def remote_lines(remote: Remote | None) -> Iterator[str]:
    """Nothing for a model that ran here."""
    if remote is None:
        return
    yield from labelled("endpoint", remote.endpoint)
    if remote.on_this_host:
        yield from labelled("", "on this machine: no network and no cloud in these figures")
    answered = remote.answered_as if remote.answered_as != remote.model else None
    yield from labelled("model", f"{remote.model}{f', which answers as {answered}' if answered else ''}")
    failed = ", ".join(f"{count} × {kind}" for kind, count in sorted(remote.errors.items()))
    yield from labelled("asked", f"{plural(remote.requests, 'request')} answered; failed: {failed or 'none'}")
    yield from labelled(
        "tokens",
        f"{remote.total_input_tokens:,} in ({remote.total_cached_tokens:,} from its cache), "
        f"{remote.total_output_tokens:,} out ({remote.total_reasoning_tokens:,} reasoning); median prompt for "
        f"TTFT: {remote.prompt_tokens}",
    )
