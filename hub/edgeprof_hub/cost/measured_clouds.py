"""The hosted models that this hub has measured, as baselines of the cost explorer: their price beside what they did."""

from edgeprof.tables import figures
from edgeprof.wire.messages import Result
from edgeprof_hub.cost.alternative import key_of
from edgeprof_hub.cost.billed_tokens import newest_hosted
from edgeprof_hub.cost.scenario import TokenBaseline
from edgeprof_hub.store.reader import SqliteReader

_TOLD = (("ttft_ms", "TTFT", "ms"), ("decode_tokens_per_s", "decode", "tokens/s"))


def measured_clouds(reader: SqliteReader) -> dict[str, str]:
    """Key and title of each, by its newest measured run."""
    found: dict[str, str] = {}
    for remote, stored in newest_hosted(reader, reader.models()):
        provider, model = str(remote.price_provider), str(remote.price_model)
        key = key_of(TokenBaseline(provider, model))
        found.setdefault(key, f"{provider} {model}, by the token; measured here: {_speed(stored.result)}")
    return found


def _speed(result: Result) -> str:
    rows = {row.metric: row for row in result.metrics}
    return ", ".join(f"{name} {figures.figure(rows[metric])} {unit}" for metric, name, unit in _TOLD if metric in rows)
