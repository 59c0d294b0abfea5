"""An agent with a small measure of its own, in this process or as one that can be killed: see `main`."""

import hashlib
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from edgeprof.net.backoff import Backoff
from edgeprof.sd_notify import Notifier
from edgeprof.wire.messages import ArtifactRef, Facts, Failure, Result
from edgeprof_agent.config import AgentSettings, DownloadLimits
from edgeprof_agent.daemon.agent import Agent, Machine
from edgeprof_agent.daemon.failed import Identity
from edgeprof_agent.daemon.jobs import Started
from edgeprof_agent.daemon.runner import Evaluate, Measure
from edgeprof_agent.worker_protocol.progress import OnProgress
from tests.agent import pieces

SAMPLES = b"1.0 2.0"
SAMPLES_SHA256 = hashlib.sha256(SAMPLES).hexdigest()
SAMPLES_REF = ArtifactRef(name="samples", sha256=SAMPLES_SHA256, size=len(SAMPLES), media_type="text/plain")
Measured = tuple[Result, Mapping[str, bytes]]


def quick(begun: Started, folder: Path, on_progress: OnProgress, cancelled: threading.Event) -> Measured:
    """Reads the model and is done."""
    on_progress("measure", 0.5, "")
    assert all((folder / file.path).stat().st_size == file.size for file in begun.job.model.manifest.files)
    made = replace(pieces.result(begun.job, begun.result_id), artifacts=(SAMPLES_REF,))
    return made, {SAMPLES_SHA256: SAMPLES}


@dataclass
class Slow:
    """Runs until it is cancelled or let go."""

    started: list[str] = field(default_factory=list[str])
    release: threading.Event = field(default_factory=threading.Event)

    def __call__(self, begun: Started, folder: Path, on_progress: OnProgress, cancelled: threading.Event) -> Measured:
        self.started.append(begun.job.job_id)
        while not self.release.is_set():
            if cancelled.wait(0.01):
                failure = Failure(stage="measure", code="cancelled", message="Cancelled.")
                return replace(pieces.result(begun.job, begun.result_id), status="failed", failure=failure), {}
        return quick(begun, folder, on_progress, cancelled)


def facts(identity: Identity) -> Facts:
    return Facts(
        device_id=identity.device_id,
        session_id=identity.session_id,
        machine="x86_64",
        dt_model=None,
        dt_compatible=(),
        dmi_product=None,
        dmi_board=None,
        cpu_model=None,
        cpu_flags=(),
        cores=2,
        memory_mib=1024,
        memory_limit_mib=None,
        kernel="6",
        os="linux",
        python="3",
        runtimes=(),
        sensors=(),
        isolation=(),
    )


def settings(hub_url: str, data: Path, resend_after_s: float = 30.0, outbox_budget: int = 10_000) -> AgentSettings:
    hasty = Backoff(0.02, 0.1)
    return AgentSettings(
        hub=hub_url,
        data=data,
        name="bench",
        retry=hasty,
        resend_after_s=resend_after_s,
        outbox_budget=outbox_budget,
        download=DownloadLimits(stall_s=5, deadline_s=20, tries=2, backoff=hasty),
    )


def no_evaluation(
    begun: Started,
    folder: Path,
    set_folder: Path,
    journal: Path,
    on_progress: OnProgress,
    cancelled: threading.Event,
) -> Measured:
    raise AssertionError("no job of this test evaluates")


def make(its_settings: AgentSettings, measure: Measure = quick, evaluate: Evaluate = no_evaluation) -> Agent:
    def of(identity: Identity) -> Evaluate:
        def evaluate_here(begun: Started, *more: Any) -> Measured:
            result, artifacts = evaluate(begun, *more)
            return replace(result, device_id=identity.device_id), artifacts

        return evaluate_here

    machine = Machine(measure=lambda identity: _of(identity, measure), evaluate=of, facts=facts, now=pieces.now)
    return Agent(its_settings, machine)


def _of(identity: Identity, measure: Measure) -> Measure:
    """Results of this very device, as a real measure makes them."""

    def measure_here(begun: Started, folder: Path, on_progress: OnProgress, cancelled: threading.Event) -> Measured:
        result, artifacts = measure(begun, folder, on_progress, cancelled)
        return replace(result, device_id=identity.device_id), artifacts

    return measure_here


class Running:
    """An agent on a thread of this process."""

    def __init__(self, agent: Agent, notifier: Notifier | None = None) -> None:
        self.agent = agent
        self._notifier = notifier or Notifier({})
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    @property
    def device_id(self) -> str:
        return self.agent.identity.device_id

    def stop(self) -> None:
        self.agent.stop()
        self.join()

    def join(self) -> None:
        self._thread.join(30)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self.agent.run(self._notifier)
        except BaseException as error:
            self.error = error


Start = Callable[..., Running]


def main() -> None:
    """HUB_URL DATA quick|slow: until it is killed."""
    hub_url, data, which = sys.argv[1:]
    make(settings(hub_url, Path(data)), quick if which == "quick" else Slow()).run(Notifier({}))


if __name__ == "__main__":
    main()
