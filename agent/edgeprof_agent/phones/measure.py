"""One job on one phone: the model and the runner go there, the runner measures, its report becomes a result."""

import json
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from edgeprof.version import __version__
from edgeprof.wire.identity import config_key, model_bytes, sha256_hex
from edgeprof.wire.messages import ArtifactRef, Effective, Failure, FailureCode, Result, Stage
from edgeprof_agent.daemon.failed import MAX_LOG_CHARS, Identity, failed_result
from edgeprof_agent.daemon.jobs import Started
from edgeprof_agent.measuring.figures import Figures
from edgeprof_agent.measuring.integrity import check_files
from edgeprof_agent.phones.bridge import PhoneLost, PushCancelled
from edgeprof_agent.phones.phone import Condition, Phone
from edgeprof_agent.phones.runners.base import Installed, Ran, Report, UnreadReport
from edgeprof_agent.phones.running import FOLDER, MIB, BadCopy, Ended, NoSpace
from edgeprof_agent.telemetry.state import stamp
from edgeprof_agent.worker_protocol.progress import OnProgress

NO_ENERGY = (
    "the runner's windows are not aligned with readings of the phone's power; rails and battery before and after the "
    "whole run are in the artifact `phone`"
)
_NOT_ON_PHONES = "a runner on a phone has no such part"
_CANCELLED = "The run was cancelled. Its program was ended and its files were removed from the phone."
_UNPLUGGED = (
    "The phone was lost during the run: {}. Check cable and USB debugging with `edgeprof agent phones`. "
    "What the run left on the phone is removed before the next one."
)
_MODEL = "model"


@dataclass(frozen=True, kw_only=True)
class _Run:
    """What is known after the program has ended."""

    ended: Ended
    before: Condition
    after: Condition | None


class _Failed(Exception):
    """The run ends as this failure."""

    def __init__(self, stage: Stage, code: FailureCode, message: str, log: str = "", signal: str | None = None) -> None:
        super().__init__(message)
        self.failure = Failure(stage=stage, code=code, message=message, log=log[-MAX_LOG_CHARS:], signal=signal)


def measure_on(
    phone: Phone,
    runners: Mapping[str, Installed],
    identity: Identity,
    begun: Started,
    folder: Path,
    on_progress: OnProgress,
    cancelled: threading.Event,
) -> tuple[Result, Mapping[str, bytes]]:
    """The result, whatever the phone does, and its artifacts by SHA-256."""
    phone.busy.set()
    try:
        installed = _usable(phone, runners, begun)
        run = _run(phone, installed, begun, folder, on_progress, cancelled)
        on_progress("report", None, "")
        return _result(phone, installed, identity, begun, run)
    except _Failed as error:
        return failed_result(identity, begun, error.failure), {}
    finally:
        phone.busy.clear()


def _usable(phone: Phone, runners: Mapping[str, Installed], begun: Started) -> Installed:
    """The runner that the job names, when this phone can run it with this configuration."""
    name, model = begun.job.config.runtime, begun.job.model
    installed = runners.get(name)
    if installed is None:
        raise _Failed(
            "start", "runtime_missing", f"No runner {name!r} for phones here. Start the agent with --phone-runner."
        )
    if model.format not in installed.runner.formats:
        raise _Failed("start", "runtime_missing", f"{name} does not run {model.format} models.")
    if installed.abi is not None and phone.abis and installed.abi not in phone.abis:
        raise _Failed(
            "start",
            "runtime_missing",
            f"This {name} was built for {installed.abi}; the phone runs {', '.join(phone.abis)}. "
            f"Name a build for {phone.abis[0]} with --phone-runner.",
        )
    refusal = installed.runner.refusal(begun.job.config)
    if refusal is not None:
        raise _Failed(refusal.stage, refusal.code, refusal.message)
    return installed


def _run(
    phone: Phone,
    installed: Installed,
    begun: Started,
    folder: Path,
    on_progress: OnProgress,
    cancelled: threading.Event,
) -> _Run:
    job, place = begun.job, phone.place
    stage: Stage = "verify"
    on_progress(stage, None, "")
    wrong = check_files(job.model.manifest, folder, cancelled)
    if wrong is not None:
        raise _Failed(wrong.stage, wrong.code, wrong.message)
    entry = next(file for file in job.model.manifest.files if file.path == job.model.manifest.entry)
    model = f"{_MODEL}{Path(entry.path).suffix}"
    copies = [(folder / entry.path, model, entry.sha256)]
    names = [installed.runner.name, *(file.name for file in installed.files[1:])]
    copies += list(zip(installed.files, names, installed.hashes, strict=True))
    try:
        stage = "start"
        on_progress(stage, None, "copying the model and the runner to the phone")
        place.put(copies, cancelled)
        before = phone.read_condition()
        stage = "measure"
        on_progress(stage, None, f"{installed.runner.name} runs on the phone")
        command = [installed.runner.name, *installed.runner.arguments(f"{FOLDER}/{model}", job.config, job.protocol)]
        ended = place.run(command, job.protocol.deadline_s, cancelled)
        return _Run(ended=ended, before=before, after=_after(phone))
    except PhoneLost as error:
        raise _Failed(stage, "phone_lost", _UNPLUGGED.format(error)) from error
    except NoSpace as error:
        raise _Failed(stage, "no_space", str(error)) from error
    except BadCopy as error:
        raise _Failed(stage, "hash_mismatch", f"{error} Plug the phone in with another cable.") from error
    except PushCancelled as error:
        raise _Failed(stage, "cancelled", _CANCELLED) from error
    finally:
        _clean(phone)


def _after(phone: Phone) -> Condition | None:
    """None: the phone left after its report was fetched, which costs the run nothing else."""
    try:
        return phone.read_condition()
    except PhoneLost:
        return None


def _clean(phone: Phone) -> None:
    """A phone that has left is cleaned before its next run."""
    try:
        phone.place.clean()
    except PhoneLost:
        return


def _result(
    phone: Phone, installed: Installed, identity: Identity, begun: Started, run: _Run
) -> tuple[Result, Mapping[str, bytes]]:
    failure = _failure(installed, begun, run.ended)
    figures, ran = Figures(), Ran()
    if failure is None:
        try:
            ran = installed.runner.read(_report(run.ended), begun.job.config, figures)
        except UnreadReport as error:
            message = f"The report of {installed.runner.name} cannot be read: {error}. Use a build of a release."
            failure = Failure(stage="report", code="no_result", message=message, log=_log(run.ended))
    artifacts = (_artifact("runner-output", run.ended.out or run.ended.err), _phone_artifact(installed, run))
    base = replace(
        failed_result(identity, begun, failure or Failure(stage="report", code="internal_error", message="")),
        before=run.before.state,
        after=run.after.state if run.after else None,
        artifacts=tuple(ref for ref, _ in artifacts),
        finished=stamp(),
        agent_version=__version__,
        config_key=config_key(begun.job.config),
    )
    data = {ref.sha256: content for ref, content in artifacts}
    if failure is not None:
        return base, data
    _complete(figures, begun)
    measured = replace(
        base,
        status="measured",
        failure=None,
        effective=_effective(installed, begun, ran),
        metrics=tuple(figures.rows),
        absent=tuple(figures.absent),
    )
    return measured, data


def _failure(installed: Installed, begun: Started, ended: Ended) -> Failure | None:
    """Why there is no report, from how the program ended."""
    name, log = installed.runner.name, _log(ended)
    if ended.ended_by == "timeout":
        message = f"{name} did not end within {begun.job.protocol.deadline_s:g} s and was ended. Allow more time."
        return Failure(stage="measure", code="timeout", message=message, log=log)
    if ended.ended_by == "cancelled":
        return Failure(stage="measure", code="cancelled", message=_CANCELLED, log=log)
    status = ended.status or 0
    if status == 0:
        return None
    if status in (126, 127):
        message = f"The phone cannot execute {name} (status {status}). Use a build for its processor and Android."
        return Failure(stage="start", code="runtime_missing", message=message, log=log)
    if status == 128 + signal.SIGKILL:
        message = f"SIGKILL ended {name}. Android's low-memory killer is one that sends it."
        return Failure(stage="measure", code="killed_unknown", message=message, log=log, signal="SIGKILL")
    if status > 128 and status - 128 in {each.value for each in signal.Signals}:
        ended_by = signal.Signals(status - 128).name
        message = f"{ended_by} ended {name}."
        return Failure(stage="measure", code="crash", message=message, log=log, signal=ended_by)
    message = f"{name} ended with status {status}: {_last_line(ended)}"
    return Failure(stage="load", code="load_error", message=message, log=log)


def _complete(figures: Figures, begun: Started) -> None:
    """What every result of a phone has, and what none has."""
    figures.add("model_size_mib", model_bytes(begun.job.model.manifest) / MIB)
    figures.miss("energy_per_token_j" if begun.job.model.format == "gguf" else "energy_per_inference_j", NO_ENERGY)
    figures.miss("load_cold_ms", _NOT_ON_PHONES)


def _effective(installed: Installed, begun: Started, ran: Ran) -> Effective:
    config, protocol, name = begun.job.config, begun.job.protocol, installed.runner.name
    left_out = [
        title
        for title, asked in (
            ("the sweep", bool(protocol.sweep)),
            ("the soak", protocol.soak_s > 0),
            ("the open loop", config.arrival_rate_per_s > 0),
        )
        if asked
    ]
    return Effective(
        runtime=name,
        runtime_version=installed.version,
        threads=config.threads,
        affinity=(),
        provider="cpu",
        nodes_per_provider=ran.nodes,
        delegate=ran.delegate,
        operators={},
        integer_kernels=None,
        float_kernels=None,
        inputs={},
        input_source=f"made up by {name}",
        notes=(
            f"measured by {name} (SHA-256 {installed.sha256}) on the phone, by its own rules",
            *ran.notes,
            *(f"not run on a phone: {title}" for title in left_out),
            "no trust badge: the device was not watched during the run",
        ),
    )


def _phone_artifact(installed: Installed, run: _Run) -> tuple[ArtifactRef, bytes]:
    """Battery, heat and rails around the run, as JSON."""
    sides = {"before": run.before, "after": run.after}
    document = {
        "runner": installed.runner.name,
        "runner_sha256": installed.sha256,
        "run_s": round(run.ended.took_s, 3),
        **{
            side: {
                "battery": None if one.battery is None else vars(one.battery),
                "thermal_status": one.heat.status,
                "temperatures_c": one.heat.temperatures_c,
                "rails_j": one.rails_j,
            }
            for side, one in sides.items()
            if one is not None
        },
    }
    return _artifact("phone", json.dumps(document, indent=1), "application/json")


def _artifact(name: str, text: str, media_type: str = "text/plain") -> tuple[ArtifactRef, bytes]:
    data = text.encode()
    return ArtifactRef(name=name, sha256=sha256_hex(data), size=len(data), media_type=media_type), data


def _report(ended: Ended) -> Report:
    return Report(out=ended.out, err=ended.err)


def _log(ended: Ended) -> str:
    return f"{ended.out}\n{ended.err}".strip()[-MAX_LOG_CHARS:]


def _last_line(ended: Ended) -> str:
    lines = [line.strip() for line in (ended.err or ended.out).splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it printed nothing"
