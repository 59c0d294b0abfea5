"""The file of a recording: everything that a hub's pages show of real runs, compressed JSON."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import msgspec

from edgeprof.errors import EdgeprofError
from edgeprof.wire import messages as m
from edgeprof.wire import rest

SHIPPED = Path(__file__).with_name("demo.json.gz")
"""What `edgeprof demo --page` shows: a run of `./scripts/demo`."""
FORM = 1


@dataclass(frozen=True, kw_only=True)
class RecordedDevice:
    """A device with what its hub knew of it."""

    state: m.State
    facts: m.Facts | None
    profile_id: str | None
    profile_title: str | None
    profile_reason: str
    price_usd: float | None
    price_source: str | None


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A hub's content. `about`: one sentence on when and on what it was measured."""

    form: int = FORM
    about: str
    devices: tuple[RecordedDevice, ...]
    models: tuple[rest.ModelRecord, ...]
    sets: tuple[rest.EvaluationSetRecord, ...]
    gates: dict[str, tuple[str, ...]]
    campaigns: tuple[tuple[rest.JobRecord, ...], ...]
    """Jobs as they were when they ended."""
    results: tuple[rest.StoredResult, ...]
    """In the order of their arrival."""
    artifacts: dict[str, str]
    """Text by its SHA-256."""


def write(file: Path, recording: Recording) -> int:
    """Write it; returns its size in bytes. The same recording gives the same bytes."""
    packed = gzip.compress(msgspec.json.encode(recording), compresslevel=9, mtime=0)
    file.write_bytes(packed)
    return len(packed)


def read(file: Path) -> Recording:
    """Raises EdgeprofError `recording_unreadable` where it is none."""
    try:
        content = json.loads(gzip.decompress(file.read_bytes()))
        recording = msgspec.convert(content, Recording)
    except (OSError, EOFError, ValueError) as error:
        raise EdgeprofError("recording_unreadable", f"{file} is not a recording of a hub: {error}.") from error
    if recording.form > FORM:
        raise EdgeprofError("recording_unreadable", f"{file} was written by a newer edgeprof. Install that release.")
    return recording
