"""The hub's state and its newest figures in the OpenMetrics text format, for Prometheus and Grafana."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import cast

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.openmetrics import exposition
from prometheus_client.registry import Collector, CollectorRegistry

from edgeprof.wire import rest
from edgeprof.wire.metrics import METRICS
from edgeprof_hub.context import HubContext
from edgeprof_hub.store.standing import StandingRow

MEDIA_TYPE = exposition.CONTENT_TYPE_LATEST
_WRITE = cast(Callable[[CollectorRegistry], bytes], getattr(exposition, "generate_latest"))  # noqa: B009 - it tells no types
EXPOSED = (
    *("latency_p50_ms", "latency_p95_ms", "prefill_tokens_per_s", "decode_tokens_per_s", "ttft_ms"),
    *("peak_memory_mib", "energy_per_inference_j", "energy_per_token_j"),
)
"""Of each cell, where its newest result has them."""
MAX_SERIES = 20_000
"""A fleet with more is exported (`edgeprof export`), not scraped; what is left out is counted."""
LABELS = ("device", "model", "family", "quantization", "runtime", "config", "played")


def text(hub: HubContext) -> bytes:
    """One scrape."""
    registry = CollectorRegistry()
    registry.register(_Scrape(hub))
    return _WRITE(registry)


class _Scrape(Collector):
    def __init__(self, hub: HubContext) -> None:
        self._hub = hub

    def collect(self) -> Iterable[Metric]:
        reader = self._hub.reader
        devices = list(reader.devices())
        yield _gauge("edgeprof_hub_synthetic", "1 if edgeprof hub seed made up everything here", self._hub.is_synthetic)
        results = CounterMetricFamily("edgeprof_results", "Results stored since the hub was created")
        results.add_metric([], reader.last_seq())
        yield results
        yield _counted(
            "edgeprof_devices", "Devices", "state", ["online" if each.online else "offline" for each in devices]
        )
        yield _counted("edgeprof_open_jobs", "Unfinished jobs", "state", [job.state for job in reader.open_jobs()])
        found = [item.state for item in reader.history.regressions(limit=1000)]
        yield _counted("edgeprof_regressions", "Suspected and settled regressions, newest 1,000", "state", found)
        yield from self._figures(devices)

    def _figures(self, devices: list[rest.DeviceRecord]) -> Iterator[Metric]:
        reader = self._hub.reader
        models = {model.model_id: model for model in reader.models()}
        known = {device.device_id: device for device in devices}
        columns = [(column.model_id, column.config_key) for column in reader.columns()]
        rows = [row for row in reader.standings(columns) if row.device_id in known and row.model_id in models]
        left_out = 0
        room = MAX_SERIES
        for name in EXPOSED:
            there = [row for row in rows if row.is_of_newest_job and name in row.standing.figures]
            if not there:
                continue
            family = GaugeMetricFamily(f"edgeprof_{name}", f"{METRICS[name].meaning}; newest result", labels=LABELS)
            for row in there[:room]:
                family.add_metric(_labels(row, known, models), row.standing.figures[name].value)
            left_out += max(0, len(there) - room)
            room = max(0, room - len(there))
            yield family
        yield _gauge("edgeprof_series_left_out", f"Series omitted beyond {MAX_SERIES}", left_out)


def _labels(row: StandingRow, devices: dict[str, rest.DeviceRecord], models: dict[str, rest.ModelRecord]) -> list[str]:
    device, model, ran = devices[row.device_id], models[row.model_id], row.standing.effective
    played = row.standing.replayed or ("emulated" if device.emulated or row.standing.emulated else "")
    runtime = f"{ran.runtime} {ran.runtime_version}" if ran else ""
    return [device.label, model.shown_name, model.family, model.quantization, runtime, row.config_key, played]


def _gauge(name: str, about: str, value: float) -> Metric:
    family = GaugeMetricFamily(name, about)
    family.add_metric([], float(value))
    return family


def _counted(name: str, about: str, label: str, states: list[str]) -> Metric:
    family = GaugeMetricFamily(name, about, labels=[label])
    for state, count in sorted(Counter(states).items()):
        family.add_metric([state], count)
    return family
