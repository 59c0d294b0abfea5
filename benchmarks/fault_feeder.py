"""Jobs that keep coming while hub, broker and agents are killed: short runs of the bundled models."""

import contextlib
import random
import threading
from collections.abc import Sequence
from pathlib import Path

from edgeprof.client.http_client import HubClient, HubError
from edgeprof.modelfiles import inspect
from edgeprof.modelfiles.record import Labels, record_of_file
from edgeprof.wire import rest
from edgeprof.wire.messages import RunProtocol

BUNDLED = Path(__file__).parents[1] / "model_exports" / "edgeprof_exports" / "bundled"
MODELS = tuple(f"digits-cnn-{kind}" for kind in ("fp32.onnx", "int8.onnx", "fp32.tflite", "int8.tflite"))
SHORT = RunProtocol(
    warmup_runs=2,
    warmup_limit_s=0.2,
    window_s=0.2,
    window_limit_s=0.2,
    deadline_s=60.0,
    cold_start=False,
    energy=False,
)
MAX_OPEN_JOBS = 6


class Feeder:
    """Keeps jobs coming from a thread of its own, whatever becomes of the hub."""

    def __init__(self, url: str, device_ids: Sequence[str], draw: random.Random) -> None:
        self._client = HubClient(url)
        self._device_ids = tuple(device_ids)
        self._draw = draw
        self._stopping = threading.Event()
        self._campaigns: list[str] = []
        self._models = [self._put(BUNDLED / name) for name in MODELS]
        self._thread = threading.Thread(target=self._run, name="feeder", daemon=True)
        self._thread.start()

    def _put(self, path: Path) -> str:
        model = inspect(path)
        return self._client.add_model(model, record_of_file(model, path, Labels())).model_id

    def _run(self) -> None:
        while not self._stopping.wait(0.5):
            with contextlib.suppress(HubError):  # it is down, or was killed while it answered
                if self._open_jobs() < MAX_OPEN_JOBS:
                    models = tuple(self._draw.sample(self._models, 2))
                    request = rest.CampaignRequest(
                        model_ids=models, device_ids=self._device_ids, threads=1, protocol=SHORT
                    )
                    self._campaigns = [*self._campaigns, self._client.start_campaign(request).campaign_id][-4:]

    def _open_jobs(self) -> int:
        jobs = [job for campaign in self._campaigns for job in self._client.campaign(campaign).jobs]
        return sum(job.state not in rest.TERMINAL_STATES for job in jobs)

    def stop(self) -> None:
        """No further job."""
        self._stopping.set()
        self._thread.join()
