"""Whether a language model was trained for a context that a run asks for, before anything travels. Pure."""

from edgeprof.errors import UsageError
from edgeprof.wire.run_config import RunConfig

_ONE_SLOT = frozenset(("xllamacpp",))
"""A server: its slot holds the prompt and the token after it, and cannot be longer than the trained context."""


def needed_tokens(config: RunConfig) -> int:
    """Tokens of context that the run's longest request fills."""
    prompt, decode = config.prompt_tokens, config.decode_tokens
    if config.runtime in _ONE_SLOT:
        prompt, decode = prompt + 1, decode + 2
    return config.depth_tokens + max(prompt, decode)


def check_context(name: str, trained: int | None, config: RunConfig) -> None:
    """Raises UsageError `context_too_small`, with lengths that fit."""
    if trained is None:
        return
    needed = needed_tokens(config)
    if needed > trained:
        over = needed - trained
        raise UsageError(
            "context_too_small",
            f"{name} was trained for a context of {trained:,} tokens; this run needs {needed:,}. "
            f"Use {_fitting(config, trained, over)}.",
        )


def _fitting(config: RunConfig, trained: int, over: int) -> str:
    if config.depth_tokens >= over:
        return f"`--depth-tokens {config.depth_tokens - over}`"
    room = trained - (needed_tokens(config) - config.depth_tokens - max(config.prompt_tokens, config.decode_tokens))
    shorter = {"--prompt-tokens": config.prompt_tokens, "--decode-tokens": config.decode_tokens}
    options = [f"{name} {max(1, room - 1)}" for name, tokens in shorter.items() if tokens > room - 1]
    depth = ["--depth-tokens 0"] if config.depth_tokens else []
    return f"`{' '.join([*options, *depth])}`"
