"""Lists of cores as the kernel writes them: `0-3,6`, or `0 1 2 3`. Pure."""


def cpus_of(text: str) -> tuple[int, ...]:
    """The numbers; what is no list holds none."""
    cpus: set[int] = set()
    for part in text.replace(",", " ").split():
        first, _, last = part.partition("-")
        if first.isdigit() and (not last or last.isdigit()):
            cpus.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(cpus))
