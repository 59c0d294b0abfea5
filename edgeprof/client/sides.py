"""A side of a comparison by what a person wrote: a result file, a folder of them, a result id or a cell of the hub."""

from collections.abc import Callable

from edgeprof.client import cells
from edgeprof.client.http_client import HubClient, HubError
from edgeprof.compare.sources import Run, measured, runs_in_files
from edgeprof.errors import UsageError


def load_side(text: str, client: Callable[[], HubClient]) -> list[Run]:
    """The runs that a text names: a file, a folder of files, a result id or a cell (DEVICE/MODEL) on the hub.

    `client` is called only where no file has that name. Raises EdgeprofError.
    """
    files = runs_in_files(text)
    if files is not None:
        return files
    hub = client()
    if "/" in text:
        return _of_cell(hub, text)
    return [measured(Run(text, hub.result(text).result, lambda ref: hub.artifact(ref.sha256)))]


def _of_cell(hub: HubClient, text: str) -> list[Run]:
    try:
        found = cells.find(hub, text)
    except (UsageError, HubError) as error:
        raise type(error)(error.code, f"{text} is not a file. As a cell of the hub: {error}") from error
    return [
        Run(f"{text} {result.result_id}", result, lambda ref: hub.artifact(ref.sha256), found.note)
        for result in found.results
    ]
