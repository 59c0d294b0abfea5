"""What speaks for or against a device besides memory. Each is a pure rule that gives a reason, or nothing to say."""

from collections.abc import Callable

from edgeprof.fit.target import Target
from edgeprof.fit.verdict import Reason
from edgeprof.fit.wheels import WHEELS
from edgeprof.modelfiles.memory_facts import MemoryFacts

NEWEST_OPSET = 28
"""Of the standard operators in ONNX Runtime 1.32 (its own table of schemas)."""
_DISK_ROOM = 1.05
"""A download is written to a second file and renamed; what it replaces stays until then."""
_REPORTED = 3


def reasons_of(facts: MemoryFacts, runtime: str, target: Target, context_tokens: int = 0) -> tuple[Reason, ...]:
    """Every rule that has something to say."""
    rules: tuple[Callable[[], Reason | None], ...] = (
        lambda: _operators(facts),
        lambda: _opset(facts),
        lambda: _wheel(runtime, target),
        lambda: _python(runtime, target),
        lambda: _isa(runtime, target),
        lambda: _context(facts, context_tokens),
        lambda: _disk(facts, target),
        lambda: _licence(facts),
    )
    return tuple(reason for rule in rules if (reason := rule()) is not None)


def _operators(facts: MemoryFacts) -> Reason | None:
    if not facts.foreign_operators:
        return None
    names = ", ".join(facts.foreign_operators[:_REPORTED])
    more = len(facts.foreign_operators) - _REPORTED
    sentence = (
        f"Operators outside the standard set: {names}{f' and {more} more' if more > 0 else ''}. Export without them."
    )
    return Reason(subject="operators", outcome="does not fit", sentence=sentence)


def _opset(facts: MemoryFacts) -> Reason | None:
    if facts.opset is None:
        return None
    if facts.opset > NEWEST_OPSET:
        sentence = f"Opset {facts.opset}; ONNX Runtime 1.32 ends at {NEWEST_OPSET}. Export with an older one."
        return Reason(subject="opset", outcome="does not fit", sentence=sentence)
    return Reason(subject="opset", outcome="fits", sentence=f"Opset {facts.opset}, of at most {NEWEST_OPSET}.")


def _wheel(runtime: str, target: Target) -> Reason | None:
    wheel = WHEELS.get(runtime)
    if wheel is None or not (target.machine or target.is_android):
        return None
    if target.is_android:
        sentence = f"{wheel.package} has no wheel for Android. Use a Linux board."
        return Reason(subject="wheel", outcome="does not fit", sentence=sentence)
    if target.machine in wheel.machines:
        return Reason(subject="wheel", outcome="fits", sentence=f"{wheel.package} has a wheel for {target.machine}.")
    sentence = f"{wheel.package} has no wheel for {target.machine}. Install a 64-bit system."
    return Reason(subject="wheel", outcome="does not fit", sentence=sentence)


def _python(runtime: str, target: Target) -> Reason | None:
    wheel = WHEELS.get(runtime)
    if wheel is None or target.python is None:
        return None
    if wheel.oldest <= target.python and (wheel.newest is None or target.python <= wheel.newest):
        return None
    newest = f" to {_version(wheel.newest)}" if wheel.newest else " or newer"
    sentence = f"Python {_version(target.python)}; {wheel.package} needs {_version(wheel.oldest)}{newest}."
    return Reason(subject="Python", outcome="does not fit", sentence=sentence)


def _isa(runtime: str, target: Target) -> Reason | None:
    wheel = WHEELS.get(runtime)
    needs = wheel.needs.get(target.machine) if wheel else None
    if not wheel or not needs or target.isa is None:
        return None
    lacking = sorted(needs - target.isa)
    if not lacking:
        return None
    sentence = f"{wheel.package} needs {' and '.join(lacking)}, which this processor lacks. Build it from source."
    return Reason(subject="instruction set", outcome="does not fit", sentence=sentence)


def _context(facts: MemoryFacts, tokens: int) -> Reason | None:
    trained = facts.language.trained_tokens if facts.language else None
    if trained is None or not tokens:
        return None
    if tokens > trained:
        sentence = f"{tokens:,} tokens; the model was trained for {trained:,}. Use a shorter context."
        return Reason(subject="context", outcome="does not fit", sentence=sentence)
    return Reason(subject="context", outcome="fits", sentence=f"{tokens:,} of {trained:,} tokens.")


def _disk(facts: MemoryFacts, target: Target) -> Reason | None:
    if target.disk_free_mib is None:
        return None
    figures = f"{facts.file_mib:,.0f} of {target.disk_free_mib:,.0f} MiB free on its disk"
    if facts.file_mib * _DISK_ROOM > target.disk_free_mib:
        return Reason(subject="disk", outcome="does not fit", sentence=f"{figures}. Free some, or delete old models.")
    return Reason(subject="disk", outcome="fits", sentence=f"{figures}.")


def _licence(facts: MemoryFacts) -> Reason | None:
    stated = facts.language.licence if facts.language else ""
    return Reason(subject="licence", outcome="fits", sentence=f"The file states {stated}.") if stated else None


def _version(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
