"""The operator profile of a measured run: made after its measurement, and stored with it as an artifact."""

import threading

import msgspec

from edgeprof.errors import EdgeprofError
from edgeprof.operators.report import OperatorReport, precisions, report
from edgeprof.wire.identity import sha256_hex
from edgeprof.wire.messages import ArtifactRef
from edgeprof_agent.measuring.request import MeasureRequest
from edgeprof_agent.operator_profile.ceiling_store import ceiling_of
from edgeprof_agent.operator_profile.running import profile_request

ARTIFACT = "operator_profile"
MAX_NODES = 300
"""Of a phase: the slowest ones. The sums are of all."""


def operator_artifact(request: MeasureRequest, cancelled: threading.Event) -> tuple[ArtifactRef, bytes]:
    """Raises EdgeprofError where there is no profile. A report without limits of this machine is still one."""
    recorded = profile_request(request, cancelled)
    try:
        ceiling = ceiling_of(recorded.runtime, recorded.runtime_version, recorded.threads, precisions(recorded))
        found = report(request.model.name, recorded, ceiling)
    except EdgeprofError as error:
        found = report(request.model.name, recorded, None, error.message)
    data = msgspec.json.encode(_short(found))
    ref = ArtifactRef(name=ARTIFACT, sha256=sha256_hex(data), size=len(data), media_type="application/json")
    return ref, data


def _short(found: OperatorReport) -> OperatorReport:
    phases = [msgspec.structs.replace(phase, nodes=phase.nodes[:MAX_NODES]) for phase in found.phases]
    return msgspec.structs.replace(found, phases=tuple(phases))
