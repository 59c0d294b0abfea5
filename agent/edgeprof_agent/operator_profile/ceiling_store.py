"""What engines reach on this machine: measured once for each runtime version and number of threads, and kept.

One JSON file in the user's state folder, which several machines may share: each entry names its machine.
"""

import json
from datetime import datetime, timezone
from pathlib import Path

import msgspec

from edgeprof.errors import MissingPartError
from edgeprof.operators.ceilings import Ceiling
from edgeprof.paths import state_dir
from edgeprof_agent.isolation import Limits
from edgeprof_agent.noise_floors import machine_key
from edgeprof_agent.operator_profile.running import told_by_child
from edgeprof_agent.operator_profile.table import CEILINGS
from edgeprof_agent.runtimes import registry

DEADLINE_S = 60.0
_MODULE = "edgeprof_agent.operator_profile.ceiling_child"


class SavedCeiling(msgspec.Struct, frozen=True, kw_only=True):
    """A ceiling and the machine that it was measured on."""

    machine: str
    ceiling: Ceiling


def ceiling_of(
    runtime: str,
    version: str,
    threads: int,
    precisions: list[str],
    *,
    again: bool = False,
    file: Path | None = None,
    may_be_busy: bool = False,
) -> Ceiling:
    """The kept one, or a new one where it lacks a precision.

    Raises EdgeprofError where none can be measured, and where other programs disturb it, unless `may_be_busy`.
    """
    file = file or state_dir("agent") / "ceilings.json"
    entries = _read(file)
    here = machine_key()
    own = [each for each in entries if each.machine == here and _key(each.ceiling) == (runtime, version, threads)]
    kept = own[0].ceiling if own and not again else None
    if kept is not None and set(precisions) <= kept.peak_gflop_s.keys():
        return kept
    wanted = sorted({*precisions, *(kept.peak_gflop_s if kept else ()), *_always(runtime)})
    found = _measured(runtime, threads, wanted, may_be_busy)
    _write(file, [*(each for each in entries if each not in own), SavedCeiling(machine=here, ceiling=found)])
    return found


def _always(runtime: str) -> tuple[str, ...]:
    """What another file of the same model could compute in."""
    return ("fp32", "int8") if runtime in ("onnxruntime", "litert") else ()


def _key(ceiling: Ceiling) -> tuple[str, str, int]:
    return ceiling.runtime, ceiling.runtime_version, ceiling.threads


def _measured(runtime: str, threads: int, precisions: list[str], may_be_busy: bool) -> Ceiling:
    if runtime not in CEILINGS:
        raise MissingPartError("no_operator_profile", f"{runtime} has no probe of its peak.")
    asked = {"runtime": runtime, "threads": threads, "precisions": precisions, "may_be_busy": may_be_busy}
    job = json.dumps(asked).encode()
    command = (registry.worker_python(runtime), "-m", _MODULE)
    found = told_by_child(
        command, job, "ceiling", Limits(deadline_s=DEADLINE_S), what="The probe of this machine's limits"
    )
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return msgspec.convert({**found, "runtime": runtime, "threads": threads, "measured_at": now}, Ceiling)


def _read(file: Path) -> list[SavedCeiling]:
    """A file that cannot be read is measured anew: nothing in it is beyond a few seconds' work."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=list[SavedCeiling])
    except (OSError, ValueError):
        return []


def _write(file: Path, entries: list[SavedCeiling]) -> None:
    """Not being able to keep it costs the next run a few seconds, and this one nothing."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(".new")
        fresh.write_bytes(msgspec.json.format(msgspec.json.encode(entries)) + b"\n")
        fresh.replace(file)
    except OSError:
        return
