"""Cores and clusters as the kernel lists them: `0-3,6`, and the clock governor of every cpufreq policy."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from edgeprof_agent.sensors import files

_POLICIES = "sys/devices/system/cpu/cpufreq"


def cpus_of(text: str) -> tuple[int, ...]:
    """The numbers; what is no list holds none."""
    cpus: set[int] = set()
    for part in text.replace(",", " ").split():
        first, _, last = part.partition("-")
        if first.isdigit() and (not last or last.isdigit()):
            cpus.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(cpus))


def governors(root: Path) -> dict[str, str]:
    """Policy -> governor, of those that tell; a cluster that is switched off does not."""
    folders = files.folders(root / _POLICIES, "policy*")
    found = {folder.name: files.text(folder / "scaling_governor") for folder in folders}
    return {policy: name for policy, name in found.items() if name}


def governor_words(by_policy: Mapping[str, str]) -> str | None:
    """One governor by its name, several with their policies.

    >>> governor_words({"policy0": "performance", "policy4": "powersave", "policy5": "powersave"})
    'performance (policy 0), powersave (policies 4-5)'
    """
    numbers: dict[str, list[int]] = {}
    for policy, name in by_policy.items():
        number = policy.removeprefix("policy")
        numbers.setdefault(name, []).append(int(number) if number.isdigit() else -1)
    if len(numbers) < 2:
        return next(iter(numbers), None)
    return ", ".join(
        f"{name} ({'policy' if len(which) == 1 else 'policies'} {_listed(sorted(which))})"
        for name, which in numbers.items()
    )


def _listed(numbers: Sequence[int]) -> str:
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)
