"""What a run against an OpenAI-compatible endpoint has beside its figures: who answered, how often, in what tokens."""

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True, kw_only=True)
class Remote:
    """Counts are of every request up to the end of the measured window, warm-up and calibration among them.

    No key is in here, nor in anything else that is stored or sent.
    """

    endpoint: str
    """Its URL, without a user's name, a password or a query."""
    on_this_host: bool
    """The endpoint is on the machine that measured it: no network and no cloud is in the figures."""
    model: str
    """The name that was asked for."""
    answered_as: str | None
    """The model's name in the answers, where it differs from request to request the last one."""
    price_provider: str | None
    price_model: str | None
    """Both as genai-prices names them, from the model's document; None: its price is not known."""
    requests: int
    """Those that were answered in full."""
    errors: dict[str, int] = field(default_factory=lambda: {})
    """Requests that were not, by HTTP status or kind of failure. They are in no time."""
    prompt_tokens: int | None = None
    """Median of the prompts of TTFT, warm-up among them, as the endpoint counts them."""
    total_input_tokens: int = 0
    total_cached_tokens: int = 0
    """Of the input tokens, those that the endpoint says it had in its prompt cache."""
    total_output_tokens: int = 0
    total_reasoning_tokens: int = 0
    """Of the output tokens, those that are not shown. Their time is in TTFT."""


def names_loopback(url: str) -> bool:
    """Whether a URL names a loopback address, by what it says; nothing is looked up."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
