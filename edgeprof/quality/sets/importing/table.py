"""Every importer, and the way from a person's data to a set's folder. A new form is a file here and a line."""

from pathlib import Path
from typing import NamedTuple

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.quality.evaluation_set import EvaluationSet, SetFacts
from edgeprof.quality.sets.checks import ItemChecks
from edgeprof.quality.sets.doubts import doubts_of
from edgeprof.quality.sets.facts import check_facts, check_task
from edgeprof.quality.sets.folder import check_new, write_set
from edgeprof.quality.sets.importing.audio_folder import AudioFolder
from edgeprof.quality.sets.importing.base import Imported, Importer, ImportRequest, wrong_form
from edgeprof.quality.sets.importing.coco import Coco
from edgeprof.quality.sets.importing.csv_table import CsvTable
from edgeprof.quality.sets.importing.from_set import FromSet
from edgeprof.quality.sets.importing.image_folder import ImageFolder
from edgeprof.quality.sets.importing.jsonl import Jsonl
from edgeprof.quality.sets.languages import language_warning
from edgeprof.quality.tasks.table import TASKS

FORMS: dict[str, Importer] = {
    form.name: form for form in (FromSet(), ImageFolder(), CsvTable(), Jsonl(), Coco(), AudioFolder())
}
_SHOWN_CLASSES = 10


class ImportedSet(NamedTuple):
    """The set that was written, and what is doubtful in it."""

    evaluation_set: EvaluationSet
    warnings: tuple[str, ...]


def import_set(request: ImportRequest, out: Path, form: str = "") -> ImportedSet:
    """Reads the data, checks every item, and writes a new folder. `form`: a name of `FORMS`; empty: by the path.

    Raises EdgeprofError whose message begins with the data's own file and line, as `labels.csv:17: ...`.
    """
    check_task(request.task, "--task")
    check_new(out)
    if not request.path.exists():
        raise UsageError("bad_import", f"{request.path} does not exist.")
    importer = (
        FORMS[form] if form else next((each for each in FORMS.values() if each.fits(request.path, request.task)), None)
    )
    if importer is None:
        raise wrong_form(request.path, FORMS)
    found = importer.read(request)
    facts = _facts(request, found)
    check_facts(facts, str(request.path))
    checks = ItemChecks(facts)
    for item, place in found.items:
        checks.check(item, place)
    if not found.items:
        raise EdgeprofError("empty_set", f"{request.path}: no items.")
    written = write_set(out, facts, [item for item, _ in found.items], found.files)
    language = language_warning(facts.language, written.items)
    warnings = (*found.warnings, *((language,) if language else ()), *doubts_of(written), *_order(request, found))
    return ImportedSet(written, warnings)


def _order(request: ImportRequest, found: Imported) -> list[str]:
    """Classes that the data names have no order, and in a wrong one every figure is wrong. COCO's have their ids."""
    if request.classes or found.facts is not None or request.task == "object-detection" or len(found.classes) < 2:
        return []
    shown = ", ".join(found.classes[:_SHOWN_CLASSES]) + (", …" if len(found.classes) > _SHOWN_CLASSES else "")
    return [f"Classes are in the order of their names: {shown}. If the model has another order, use --classes."]


def _facts(request: ImportRequest, found: Imported) -> SetFacts:
    given = found.facts or SetFacts(name=request.path.resolve().stem, task=request.task, domain="")
    return SetFacts(
        name=request.name or given.name,
        task=request.task,
        domain=TASKS[request.task].domain,
        language=request.language or given.language,
        licence=request.licence or given.licence,
        source=request.source or given.source,
        template=request.template or given.template,
        classes=found.classes,
        preparation={**found.preparation, **request.preparation},
        **_origin(request, given),
    )


def _origin(request: ImportRequest, given: SetFacts) -> dict[str, str]:
    """Of a perturbed set its parent and what was done to it, as long as its answers can be held against the parent's.

    Another template, other classes or another preparation is a second change: what differs would be of both.
    """
    is_same = (
        request.task == given.task
        and request.template in ("", given.template)
        and request.classes in ((), given.classes)
        and {**given.preparation, **request.preparation} == given.preparation
    )
    return {"parent": given.parent, "perturbation": given.perturbation} if is_same else {}
