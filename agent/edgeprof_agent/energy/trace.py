"""What the power sources said, as the artifact `power`: a document that a page draws and a reader recomputes from.

`{"phases": [{"name", "start_s", "end_s"}], "sources": [{"name", "scope", "unit": "W"|"J", "integration",
"t_s": [...], "values": [...]}]}`. Times count from the beginning of the first idle stretch, on this machine's clock as
the values came (a meter's lateness is not taken out of them). Values are as the source gave them, before a calibration.
"""

import json
from collections.abc import Sequence

from edgeprof.wire.identity import sha256_hex
from edgeprof.wire.messages import ArtifactRef
from edgeprof_agent.sensors.base import Recording
from edgeprof_agent.worker_protocol.document import ClockSpan, EnergyLoad


def power_artifact(load: EnergyLoad, recordings: Sequence[Recording]) -> tuple[ArtifactRef, bytes] | None:
    """None where nothing was recorded."""
    if not recordings:
        return None
    zero_ns = load["idle_before"]["start_ns"]
    phases = [_span("idle", load["idle_before"], zero_ns)]
    for phase in load["phases"]:
        spans: list[ClockSpan] = [{"start_ns": each["start_ns"], "end_ns": each["end_ns"]} for each in phase["windows"]]
        phases += [_span(phase["phase"], span, zero_ns) for span in spans]
    phases.append(_span("idle", load["idle_after"], zero_ns))
    document = {"phases": phases, "sources": [_source(recording, zero_ns) for recording in recordings]}
    data = json.dumps(document, separators=(",", ":")).encode()
    return ArtifactRef(name="power", sha256=sha256_hex(data), size=len(data), media_type="application/json"), data


def _span(name: str, span: ClockSpan, zero_ns: int) -> dict[str, object]:
    return {"name": name, "start_s": _seconds(span["start_ns"], zero_ns), "end_s": _seconds(span["end_ns"], zero_ns)}


def _source(recording: Recording, zero_ns: int) -> dict[str, object]:
    return {
        "name": recording.name,
        "scope": recording.scope,
        "unit": "J" if recording.integration == "counter" else "W",
        "integration": recording.integration,
        "t_s": [_seconds(sample.at_ns, zero_ns) for sample in recording.samples],
        "values": [round(sample.value, 6) for sample in recording.samples],
        "broken": [[_seconds(each.at_ns, zero_ns), each.reason] for each in recording.broken[:20]],
    }


def _seconds(at_ns: int, zero_ns: int) -> float:
    return round((at_ns - zero_ns) / 1e9, 4)
