"""What of a run its worker sees in a sandbox."""

from pathlib import Path

from edgeprof_agent.isolation import OUTSIDE, Inside
from edgeprof_agent.measuring.request import MeasureRequest


def inside_of(request: MeasureRequest, *folders: Path) -> Inside:
    """The model's files, and `folders`. A served model needs the network, and runs elsewhere: no sandbox."""
    if request.endpoint is not None:
        return OUTSIDE
    folder = request.model_dir.resolve()
    return Inside(
        mode=request.sandbox,
        files=tuple(folder / file.path for file in request.model.manifest.files),
        folders=tuple(each.resolve() for each in folders),
        devices=request.devices,
    )
