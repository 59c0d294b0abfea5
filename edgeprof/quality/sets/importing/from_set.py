"""Another set: its items with another template, other classes' names or another preparation."""

from pathlib import Path

from edgeprof.quality.evaluation_set import FACTS_FILE, ITEMS_FILE
from edgeprof.quality.sets.folder import read_set
from edgeprof.quality.sets.importing.base import Imported, ImportRequest, Placed


class FromSet:
    """The folder of a set. What the request leaves out stays as it is there."""

    name = "set"
    title = "the folder of another set, to change its template or preparation"

    def fits(self, path: Path, task: str) -> bool:
        return (path / FACTS_FILE).is_file()

    def read(self, request: ImportRequest) -> Imported:
        found = read_set(request.path)
        return Imported(
            items=[Placed(item, f"{request.path}/{ITEMS_FILE}: item {item['id']!r}") for item in found.items],
            files={file.path: request.path / file.path for file in found.files},
            classes=request.classes or found.facts.classes,
            preparation=dict(found.facts.preparation),
            facts=found.facts,
        )
