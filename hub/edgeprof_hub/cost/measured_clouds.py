"""The hosted models that this hub has measured, as baselines of the cost explorer: their price beside what they did."""

from edgeprof.tables import figures
from edgeprof.wire.messages import Result
from edgeprof_hub.cost.alternative import key_of
from edgeprof_hub.cost.scenario import TokenBaseline
from edgeprof_hub.store.reader import SqliteReader

MAX_MODELS = 50
_RUNS_LOOKED_AT = 5
_TOLD = (("ttft_ms", "TTFT", "ms"), ("decode_tokens_per_s", "decode", "tokens/s"))


def measured_clouds(reader: SqliteReader) -> dict[str, str]:
    """Key and title of each, by its newest measured run. None of an endpoint on its client: that is no cloud."""
    served = [model for model in reader.models() if model.format == "served"][:MAX_MODELS]
    found: dict[str, str] = {}
    for model in served:
        for stored in reader.results(model_id=model.model_id, limit=_RUNS_LOOKED_AT):
            remote = stored.result.remote
            if remote is None or remote.on_this_host or not remote.price_provider or not remote.price_model:
                continue
            key = key_of(TokenBaseline(remote.price_provider, remote.price_model))
            sold_as = f"{remote.price_provider} {remote.price_model}"
            found.setdefault(key, f"{sold_as}, by the token; measured here: {_speed(stored.result)}")
            break
    return found


def _speed(result: Result) -> str:
    rows = {row.metric: row for row in result.metrics}
    return ", ".join(f"{name} {figures.figure(rows[metric])} {unit}" for metric, name, unit in _TOLD if metric in rows)
