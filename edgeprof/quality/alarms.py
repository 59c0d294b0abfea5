"""When a divergence from the source model is an alarm. It ranks nothing: a smaller one is not a better variant."""

KL_ALARM_NATS = 0.1
"""Mean per token. llama.cpp's table of Llama-3-8B on Wikitext-2 (tools/perplexity/README.md) has every 4-bit type at
0.072 or less, 3-bit types at 0.073 to 0.23, and 2-bit ones from 0.33. The line between is ours. Among variants below it
the divergence orders nothing (arXiv:2606.19558)."""
_METRIC = "kl_divergence_nats"


def divergence_alarm(metric: str, value: float) -> str:
    """A sentence where a figure is a divergence of `KL_ALARM_NATS` or more; empty for any other.

    >>> divergence_alarm("kl_divergence_nats", 0.46)
    'Alarm: 0.1 nats or more from the source. Compare right answers before you ship it.'
    >>> divergence_alarm("kl_divergence_nats", 0.03), divergence_alarm("accuracy_percent", 99.0)
    ('', '')
    """
    if metric != _METRIC or value < KL_ALARM_NATS:
        return ""
    return f"Alarm: {KL_ALARM_NATS:g} nats or more from the source. Compare right answers before you ship it."
