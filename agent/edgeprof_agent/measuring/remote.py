"""What a worker told of an endpoint, as the wire's document. Pure."""

from edgeprof.statistics.quantiles import quantile
from edgeprof.wire.remote import Remote
from edgeprof_agent.endpoint import Endpoint
from edgeprof_agent.worker_protocol.document import Measured


def remote_of(measured: Measured, endpoint: Endpoint | None) -> Remote | None:
    """None for a model that ran on this machine."""
    reported = measured["remote"]
    if reported is None or endpoint is None:
        return None
    provider, model = reported["price"] or (None, None)
    prompts = sorted(reported["prompt_tokens"])
    return Remote(
        endpoint=endpoint.url,
        on_this_host=endpoint.on_this_host,
        model=reported["model"],
        answered_as=reported["answered_as"],
        price_provider=provider,
        price_model=model,
        requests=reported["requests"],
        errors=reported["errors"],
        prompt_tokens=round(quantile([float(count) for count in prompts], 0.5)) if prompts else None,
        total_input_tokens=reported["total_input_tokens"],
        total_cached_tokens=reported["total_cached_tokens"],
        total_output_tokens=reported["total_output_tokens"],
        total_reasoning_tokens=reported["total_reasoning_tokens"],
    )
