"""One point of a sweep: apart from the evidence, so that an option of the command line can name it at little cost."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class SweepAt:
    """One point of a sweep. Shapes name inputs; tokens are those of a language model (None: as the run's)."""

    shapes: dict[str, tuple[int, ...]] = field(default_factory=lambda: {})
    prompt_tokens: int | None = None
    depth_tokens: int | None = None
