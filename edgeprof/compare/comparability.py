"""Whether two results may be compared at all, and in what they differ. Pure."""

from collections.abc import Callable, Sequence

from edgeprof.wire.messages import Result

_WORKLOAD: dict[str, Callable[[Result], object]] = {
    "threads": lambda result: result.effective.threads if result.effective else result.config.threads,
    "inputs": lambda result: result.effective.inputs if result.effective else result.config.shapes,
    "prompt tokens": lambda result: result.config.prompt_tokens,
    "generated tokens": lambda result: result.config.decode_tokens,
    "power mode": lambda result: result.config.power_mode,
    "CPU governor": lambda result: result.before.governor if result.before else None,
}
_SUBJECT: dict[str, Callable[[Result], object]] = {
    "device": lambda result: result.device_id,
    "model": lambda result: result.model_name,
    "model file": lambda result: result.model_id[:12],
    "runtime": lambda result: result.effective.runtime if result.effective else result.config.runtime,
    "runtime version": lambda result: result.effective.runtime_version if result.effective else None,
    "provider": lambda result: result.effective.provider if result.effective else result.config.provider,
    "settings": lambda result: ", ".join(map(" ".join, sorted(result.config.settings.items()))) or "default",
}


def obstacle(a: Sequence[Result], b: Sequence[Result]) -> str | None:
    """Why no verdict may be given whatever the figures say; None where one may."""
    for word, is_so in (("emulated", _is_emulated), ("replayed", _is_replayed)):
        found = [name for name, side in (("A", a), ("B", b)) if any(map(is_so, side))]
        if found:
            article = "an" if word == "emulated" else "a"
            return f"{' and '.join(found)} is {word}, and times of {article} {word} device are never ranked"
    return None


def warnings(a: Sequence[Result], b: Sequence[Result], names: tuple[str, str] = ("A", "B")) -> list[str]:
    """In what the workloads differ, which makes the times those of different work; and what is marked on the runs.

    `names`: what the sides are called.
    """
    found = [f"different {name}: {difference}" for name, difference in _differences(_WORKLOAD, a, b, names)]
    for name, side in zip(names, (a, b), strict=True):
        mixed = [what for what, read in {**_SUBJECT, **_WORKLOAD}.items() if len({str(read(run)) for run in side}) > 1]
        if mixed:
            found.append(f"the runs of {name} differ in: {', '.join(mixed)}")
        found += [f"{name} is {difference}" for difference in _doubts(side)]
    return found


def _is_emulated(result: Result) -> bool:
    return result.emulated or "emulated" in _marks(result)


def _is_replayed(result: Result) -> bool:
    return result.replayed is not None


def _marks(result: Result) -> dict[str, str]:
    """Cause to reason. A run without a badge is marked throttled if its device said so before or after."""
    if result.trust is not None:
        return {mark.cause: mark.reason for mark in result.trust.marks}
    if any(state is not None and state.throttled for state in (result.before, result.after)):
        return {"throttled": "the device reported it"}
    return {}


def _doubts(side: Sequence[Result]) -> list[str]:
    """One line a cause: how many runs it marks, and what was found in the first of them."""
    marks = [_marks(result) for result in side]
    causes = sorted({cause for one in marks for cause in one})
    return [_doubt(cause, [one[cause] for one in marks if cause in one], len(side)) for cause in causes]


def _doubt(cause: str, reasons: Sequence[str], runs: int) -> str:
    share = "" if runs == 1 else f" in {len(reasons)} of {runs} runs"
    return f"marked {cause.replace('_', ' ')}{share}: {reasons[0].rstrip('.')}"


def different_work(a: Sequence[Result], b: Sequence[Result]) -> list[str]:
    """The names of what differs in the work: `inputs`, `threads`."""
    return [name for name, _ in _differences(_WORKLOAD, a, b)]


def subject(a: Sequence[Result], b: Sequence[Result]) -> list[str]:
    """What is compared: in what device, model and runtime differ."""
    return [f"{name}: {difference}" for name, difference in _differences(_SUBJECT, a, b)]


def _differences(
    facts: dict[str, Callable[[Result], object]],
    a: Sequence[Result],
    b: Sequence[Result],
    names: tuple[str, str] = ("A", "B"),
) -> list[tuple[str, str]]:
    pairs = [(name, read(a[0]), read(b[0])) for name, read in facts.items()]
    return [(name, f"{one} in {names[0]}, {other} in {names[1]}") for name, one, other in pairs if one != other]
