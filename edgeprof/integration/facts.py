"""The facts of putting one model with one runtime on one device, and the count of those that need no work. Pure.

There is no weight and no scale: a score is the share of known facts that need no work, shown beside them. ISO 25010 and
multi-criteria choices of board and model (Appl. Sci. 2025, 15, 1026) score by weights; here a reader weighs.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from edgeprof.integration.catalogue import Runtime, TaskWork, Wheel
from edgeprof.integration.model_facts import MAX_NAMED, ModelFacts
from edgeprof.integration.target import Target
from edgeprof.wire import rest
from edgeprof.wire.formats import is_language

Effort = Literal["none", "some", "blocked", "unknown"]
NOT_KNOWN = "not known"
OPEN_LICENCES = ("apache", "mit", "bsd", "isc", "cc0", "cc-by-4", "cc by 4", "unlicense", "public domain", "zlib")
_OPEN_LICENCE = re.compile(rf"(?<![a-z])(?:{'|'.join(map(re.escape, OPEN_LICENCES))})(?![a-z])")
"""A whole word, a version behind it allowed: "Apache2" is one, "Limited" has no MIT in it."""
_FILE = "the model's file"
_RECORD = "the model's record on this hub"


@dataclass(frozen=True, kw_only=True)
class IntegrationFact:
    """One statement. `effort`: what it leaves to do; `unknown` where nobody knows."""

    name: str
    title: str
    value: str
    effort: Effort
    source: str
    as_of: str = ""


@dataclass(frozen=True, kw_only=True)
class IntegrationAnswer:
    """All facts of a model with a runtime on a target, in a fixed order."""

    model: str
    runtime: str
    target: str
    facts: tuple[IntegrationFact, ...]
    known: int
    without_work: int
    score: str
    """How many known facts need no work, and which do."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is asked about."""

    model: rest.ModelRecord
    file: ModelFacts
    variant: str
    """The runtime, as edgeprof names its variants."""
    runtime: Runtime | None
    target: Target
    task: TaskWork | None
    ran: str = ""
    """The id of a measured run of this model with this runtime on this device; empty: there is none."""


def integration(subject: Subject) -> IntegrationAnswer:
    """The same answer for the same subject, always."""
    facts = tuple(make(subject) for make in _MAKERS)
    known = [fact for fact in facts if fact.effort != "unknown"]
    free = [fact for fact in known if fact.effort == "none"]
    return IntegrationAnswer(
        model=subject.model.name,
        runtime=subject.variant,
        target=subject.target.words,
        facts=facts,
        known=len(known),
        without_work=len(free),
        score=_score(facts, known, free),
    )


def _score(facts: tuple[IntegrationFact, ...], known: list[IntegrationFact], free: list[IntegrationFact]) -> str:
    def named(effort: Effort) -> str:
        return ", ".join(fact.title.lower() for fact in facts if fact.effort == effort)

    parts = [f"{len(free)} of {len(known)} known facts need no work"]
    parts += [
        f"{word}: {titles}" for word, titles in (("blocked", named("blocked")), ("work", named("some"))) if titles
    ]
    parts += [f"not known: {len(facts) - len(known)}"] if len(known) < len(facts) else []
    return f"{'; '.join(parts)}."


def _fact(
    subject: Subject, name: str, title: str, value: str | None, effort: Effort, source: str, *, dated: bool = False
) -> IntegrationFact:
    as_of = subject.runtime.as_of if dated and subject.runtime else ""
    if value is None:
        return IntegrationFact(name=name, title=title, value=NOT_KNOWN, effort="unknown", source=source or NOT_KNOWN)
    return IntegrationFact(name=name, title=title, value=value, effort=effort, source=source, as_of=as_of)


def _wheels_of(subject: Subject) -> tuple[list[Wheel], bool]:
    """Those for the target, and whether enough of it is known to say so."""
    target, runtime = subject.target, subject.runtime
    if runtime is None or not target.machine or not target.python:
        return [], False
    fitting = [
        each
        for each in runtime.wheels
        if each.machine == target.machine and target.python in each.pythons and each.libc == target.libc
    ]
    return fitting, True


def _wheel(subject: Subject) -> IntegrationFact:
    runtime = subject.runtime
    if runtime is None:
        return _fact(subject, "wheel", "Prebuilt package", None, "unknown", "")
    fitting, is_known = _wheels_of(subject)
    if fitting:
        found = fitting[0]
        version = found.version or runtime.version
        value = f"yes: {runtime.package} {version} for {found.machine}, {found.libc} {found.libc_min} or newer"
        if version != runtime.version:
            value += f"; {runtime.version} has none"
        return _fact(subject, "wheel", "Prebuilt package", value, "none", runtime.wheels_source, dated=True)
    if is_known:
        value = f"none of {runtime.package} for {subject.target.words}"
        return _fact(subject, "wheel", "Prebuilt package", value, "some", runtime.wheels_source, dated=True)
    machines = ", ".join(dict.fromkeys(each.machine for each in runtime.wheels)) or "no platform"
    source = f"{runtime.wheels_source}; name a device for its own"
    return IntegrationFact(
        name="wheel", title="Prebuilt package", value=f"exist for {machines}", effort="unknown", source=source
    )


def _compile(subject: Subject) -> IntegrationFact:
    runtime = subject.runtime
    stated = runtime.compile if runtime else None
    fitting, is_known = _wheels_of(subject)
    if stated is None:
        return _fact(subject, "compile", "Compile", None, "unknown", "")
    if stated.is_needed:
        return _fact(subject, "compile", "Compile", stated.value, "some", stated.origin, dated=True)
    effort: Effort = "none" if fitting else "some" if is_known else "unknown"
    value = "not needed" if fitting else stated.value
    return _fact(subject, "compile", "Compile", value, effort, stated.origin, dated=True)


def _size(subject: Subject) -> IntegrationFact:
    size = subject.runtime.installed_mib if subject.runtime else None
    value = f"{size.value:g} MiB with dependencies" if size else None
    return _fact(subject, "installed_size", "Installed size", value, "none", size.source if size else "", dated=True)


def _dependencies(subject: Subject) -> IntegrationFact:
    found = subject.runtime.dependencies if subject.runtime else None
    value = None if found is None else f"{len(found.names)}: {', '.join(found.names)}" if found.names else "0"
    return _fact(subject, "dependencies", "Dependencies", value, "none", found.source if found else "", dated=True)


def _runtime_licence(subject: Subject) -> IntegrationFact:
    stated = subject.runtime.licence if subject.runtime else None
    title = "Runtime's licence"
    if stated is None:
        return _fact(subject, "runtime_licence", title, None, "unknown", "")
    return _fact(
        subject, "runtime_licence", title, stated.value, _licence_effort(stated.value), stated.origin, dated=True
    )


def _model_licence(subject: Subject) -> IntegrationFact:
    said = subject.model.licence
    value = said if said not in ("", "unknown", "not stated") else subject.file.licence
    source = _RECORD if value == said else _FILE
    effort = _licence_effort(value) if value else "unknown"
    return _fact(subject, "model_licence", "Model's licence", value or None, effort, source if value else "")


def _licence_effort(text: str) -> Effort:
    """A licence that is not among the permissive ones has to be read."""
    return "none" if _OPEN_LICENCE.search(text.lower()) else "some"


def _operators(subject: Subject) -> IntegrationFact:
    found, title = subject.file.custom_operators, "Operators outside the standard set"
    if found is None:
        return _fact(subject, "custom_operators", title, None, "unknown", subject.file.problem)
    if not found:
        return _fact(subject, "custom_operators", title, "none", "none", _FILE)
    more = f" and {len(found) - MAX_NAMED} more" if len(found) > MAX_NAMED else ""
    runs = f"; they ran here with {subject.variant} (run {subject.ran[-8:]})" if subject.ran else ""
    value = f"{len(found)}: {', '.join(found[:MAX_NAMED])}{more}{runs}"
    return _fact(subject, "custom_operators", title, value, "none" if subject.ran else "some", _FILE)


def _opset(subject: Subject) -> IntegrationFact:
    return _fact(subject, "opset", "Opset and version", subject.file.opset, "none", _FILE if subject.file.opset else "")


def _pre(subject: Subject) -> IntegrationFact:
    title = "Pre-processing"
    named = next((each.path for each in subject.model.manifest.files if each.path.endswith(".preparation.json")), "")
    if named:
        return _fact(subject, "pre_processing", title, f"stated in {named}", "some", _FILE)
    if subject.file.tokenizer:
        template = " and chat template" if subject.file.chat_template else ""
        value = f"none: tokenizer ({subject.file.tokenizer}){template} in the file"
        return _fact(subject, "pre_processing", title, value, "none", _FILE)
    work = subject.task.pre if subject.task else None
    return _fact(subject, "pre_processing", title, work.value if work else None, "some", work.origin if work else "")


def _post(subject: Subject) -> IntegrationFact:
    title = "Post-processing"
    if subject.file.tokenizer:
        value = "none: the runtime turns tokens into text"
        return _fact(subject, "post_processing", title, value, "none", f"tokenizer in {_FILE}")
    work = subject.task.post if subject.task else None
    return _fact(subject, "post_processing", title, work.value if work else None, "some", work.origin if work else "")


def _calibration(subject: Subject) -> IntegrationFact:
    title, text = "Calibration data", subject.model.quantization.lower()
    source = "ONNX Runtime documentation, Model quantization: static uses calibration data, dynamic none"
    if is_language(subject.model.format) or text.startswith("q"):
        source = "ggml-org/llama.cpp tools/quantize README"
        return _fact(subject, "calibration", title, "not needed; an importance matrix is optional", "none", source)
    if text in ("fp32", "fp16", "bf16", "float32", "float16") or "dynamic" in text or "weight" in text:
        return _fact(subject, "calibration", title, f"not needed for {text}", "none", source)
    if text.startswith(("int8", "uint8", "int16")):
        value = f"used when {text} was made, if static; needed again after each retraining"
        return _fact(subject, "calibration", title, value, "some", source)
    return _fact(subject, "calibration", title, None, "unknown", "")


def _shapes(subject: Subject) -> IntegrationFact:
    found, title = subject.file.open_sizes, "Dynamic shapes"
    if found is None:
        return _fact(subject, "dynamic_shapes", title, None, "unknown", subject.file.problem)
    value = f"in {', '.join(found[:MAX_NAMED])}: give sizes" if found else "none"
    return _fact(subject, "dynamic_shapes", title, value, "some" if found else "none", _FILE)


def _files(subject: Subject) -> IntegrationFact:
    files = subject.model.manifest.files
    others = [each.path for each in files if each.path != subject.model.manifest.entry]
    value = f"{len(others)}: {', '.join(others[:MAX_NAMED])}" if others else "none"
    return _fact(subject, "external_files", "Further files", value, "some" if others else "none", _RECORD)


def _isa(subject: Subject) -> IntegrationFact:
    title = "Instruction sets"
    stated = subject.runtime.isa if subject.runtime else None
    if subject.ran:
        value = f"enough: it ran on {subject.target.name} (run {subject.ran[-8:]})"
        return _fact(subject, "isa", title, value, "none", "a measured run on this hub")
    if stated is None:
        return _fact(subject, "isa", title, None, "unknown", "")
    needed = stated.flags.get(subject.target.machine, ())
    missing = [flag for flag in needed if subject.target.flags and flag not in subject.target.flags]
    if missing:
        value = f"{subject.target.name} lacks {', '.join(missing)}: {stated.value}"
        return _fact(subject, "isa", title, value, "blocked", stated.origin, dated=True)
    is_told = bool(needed and subject.target.flags) or "run time" in stated.value
    effort: Effort = "none" if is_told else "unknown"
    return _fact(subject, "isa", title, stated.value, effort, stated.origin, dated=True)


def _model_size(subject: Subject) -> IntegrationFact:
    value = f"{subject.model.size_bytes / 2**20:.3g} MiB"
    return _fact(subject, "model_size", "Model's size", value, "none", _RECORD)


_MAKERS: tuple[Callable[[Subject], IntegrationFact], ...] = (
    _wheel,
    _compile,
    _size,
    _dependencies,
    _isa,
    _runtime_licence,
    _model_licence,
    _opset,
    _operators,
    _shapes,
    _files,
    _model_size,
    _pre,
    _post,
    _calibration,
)
