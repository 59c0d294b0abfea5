"""What a cell says in words: its state, its failure, why it is not ranked, what to know before believing it."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from edgeprof.traps.table import KNOWN_TRAP, plain
from edgeprof.wire import rest
from edgeprof.wire.failures import MEANING
from edgeprof.wire.formats import is_language
from edgeprof.wire.messages import Effective, Result, RunConfig
from edgeprof.wire.remote import Remote
from edgeprof.wire.run_config import SIGNATURE_NOTE
from edgeprof.wire.run_field import fields_of
from edgeprof_hub.store.records import CellRow

NO_REASON = "Not measured, and the run gave no reason."
TOO_FEW_SAMPLES = (
    "Too few independent samples for an interval of this percentile. The run's page says how many it needs."
)
TOO_FEW_TO_SHOW = "Too few samples for this percentile. The run's page says how many it needs."
OPEN_STATES = ("queued", "sent", "accepted", "running")


_TOO_FEW = re.compile(r"needs [\d,]+ samples for a 95 % interval")
_NOT_SHOWN = re.compile(r"shown from [\d,]+ samples on")


def cell_state(row: CellRow, result: Result | None) -> rest.CellState:
    """The newest outcome. A job that is open comes before the result of an earlier one."""
    if row.job_state in OPEN_STATES:
        return "running" if row.job_state == "running" else "queued"
    if ended_without_result(row, result):
        return "failed"
    return result.status if result else "not_run"


class _Version(Protocol):
    @property
    def runtime(self) -> str: ...
    @property
    def runtime_version(self) -> str: ...


class CellOutcome(Protocol):
    """What of a result decides whether it counts: of the whole one, or of the part that ranking reads."""

    @property
    def job_id(self) -> str | None: ...
    @property
    def status(self) -> str: ...
    @property
    def effective(self) -> _Version | None: ...
    @property
    def emulated(self) -> bool: ...
    @property
    def replayed(self) -> str | None: ...


class _Job(Protocol):
    @property
    def job_id(self) -> str | None: ...
    @property
    def job_state(self) -> str | None: ...


def stale_reason(device: rest.DeviceRecord, result: CellOutcome | None) -> str | None:
    """Why a measured figure is of the past: the device has another version of the runtime now; None: it has not.

    A model's bytes are its identity, so that a changed model is another column and makes no figure stale.
    """
    if result is None or result.status != "measured" or result.effective is None or device.facts is None:
        return None
    ran = result.effective
    now = next((fact.version for fact in device.facts.runtimes if fact.variant == ran.runtime), None)
    if now is None or _public(now) == _public(ran.runtime_version):
        return None
    return f"Stale: measured with {ran.runtime} {ran.runtime_version}; the device now has {now}. Run it again."


def _public(version: str) -> str:
    """Without the local part (PEP 440): a package and its module may tell it differently."""
    return version.partition("+")[0]


def ended_without_result(row: _Job, result: CellOutcome | None) -> bool:
    """Whether the newest job failed before there was a result (the device refused it)."""
    return row.job_state == "failed" and (result is None or result.job_id != row.job_id)


def failure_of(result: Result | None) -> tuple[str | None, str | None]:
    """Code and sentence of a failed run."""
    if result is None or result.failure is None:
        return None, None
    failure = result.failure
    return failure.code, failure.message.strip() or MEANING[failure.code]


def short_reason(reason: str) -> str:
    """Why a figure is missing, for a table: without the counts that would make a footnote of each cell."""
    if _TOO_FEW.match(reason):
        return TOO_FEW_SAMPLES
    return TOO_FEW_TO_SHOW if _NOT_SHOWN.match(reason) else reason


def unranked_reason(device: rest.DeviceRecord, result: CellOutcome | None) -> str | None:
    """Why this device's times and energy are shown and not ranked, or None."""
    replayed = result.replayed if result and result.replayed else device.facts.replays if device.facts else None
    if replayed is not None:
        return f"Replayed: sensor readings come from the recorded machine {replayed}. Nothing here is ranked."
    if not device.emulated and not (result and result.emulated):
        return None
    played = device.profile_title or "another device"
    return f"Emulated: this machine emulates {played}. Its times and energy are never ranked."


def notes_of(result: Result, model: rest.ModelRecord) -> tuple[str, ...]:
    """What a reader must know before using the figures of a run."""
    effective = result.effective
    notes = (*(_effective_notes(effective, result, model) if effective else ()), *_state_notes(result))
    return (*notes, *_remote_notes(result.remote), *_trap_notes(result))


MAX_VALUE_SHOWN = 40
"""Characters of an input's value in a column's heading."""
NAMED_APART = ("runtime", "threads", "evaluation_set")
"""A column has runtime and threads of its own; an evaluation is in no column, and is shown with its set's name."""


def options_of(config: RunConfig, model: rest.ModelRecord) -> tuple[str, ...]:
    """What of a configuration a reader must know to tell it from the usual one: neither runtime nor threads."""
    usual = RunConfig(runtime=config.runtime, shapes=model.input_shapes)
    named = {
        "shapes": ", ".join(f"{name} {'×'.join(map(str, shape))}" for name, shape in config.shapes.items()),
        "dims": ", ".join(f"{symbol} {size}" for symbol, size in config.dims.items()),
        "input_values": ", ".join(f"{name} = {value[:MAX_VALUE_SHOWN]}" for name, value in config.input_values.items()),
        "settings": ", ".join(f"{name} {value}" for name, value in config.settings.items()),
    }
    texts = (
        named[each.name] if each.name in named else each.known.column.format(getattr(config, each.name))
        for each in fields_of(RunConfig)
        if each.name not in NAMED_APART and getattr(config, each.name) != getattr(usual, each.name)
    )
    return tuple(filter(None, texts))


def with_versions(cells: Sequence[rest.Cell]) -> list[rest.Cell]:
    """The cells, with a note where a runtime ran in several versions: their figures differ for that reason, too."""
    ran = {cell.effective_runtime for cell in cells if cell.effective_runtime}
    names = Counter(name.rpartition(" ")[0] for name in ran)
    return [
        replace(cell, notes=(*cell.notes, f"Measured with {name}; other cells used another version."))
        if (name := cell.effective_runtime) and names[name.rpartition(" ")[0]] > 1
        else cell
        for cell in cells
    ]


def _effective_notes(effective: Effective, result: Result, model: rest.ModelRecord) -> tuple[str, ...]:
    notes: list[str] = []
    floats_only = bool(effective.float_kernels) and effective.integer_kernels == 0
    if not is_language(model.format) and model.quantization.lower().startswith(("int", "uint")) and floats_only:
        if effective.operators.get("MatMulNBits"):
            notes.append(f"Labelled {model.quantization}: its weights are, and it computed in floats.")
        else:
            notes.append(f"Labelled {model.quantization}, but no integer kernel ran: it computed in floats.")
    if result.remote is None and _plain(effective.provider) != _plain(result.config.provider):
        notes.append(f"Requested provider {result.config.provider}, actual {effective.provider}.")
    notes += [f"{note[0].upper()}{note[1:]}" for note in effective.notes if note.startswith(SIGNATURE_NOTE)]
    return tuple(notes)


def _trap_notes(result: Result) -> tuple[str, ...]:
    """Known traps of the runtime that the run walked into, each with its way out."""
    return tuple(f"{KNOWN_TRAP}: {plain(trap)}" for trap in result.traps)


def _remote_notes(remote: Remote | None) -> tuple[str, ...]:
    if remote is None:
        return ()
    if remote.on_this_host:
        return ("Served by an endpoint on the client machine: its times include no network.",)
    return ("Served by an endpoint: times include its network and queue, which vary by place and hour.",)


def _plain(provider: str) -> str:
    return provider.lower().removesuffix("executionprovider")


def _state_notes(result: Result) -> tuple[str, ...]:
    if any(state and state.throttled for state in (result.before, result.after)):
        return ("The device was throttled before or after this run; its times may be too slow.",)
    return ()
