"""What the API answers to "does it fit?"."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class FitPart:
    """One line of the sum, MiB. `held_mib`: what of it cannot be taken back. `method`: engine, formula or measured."""

    name: str
    mib: float
    held_mib: float
    method: str
    how: str


@dataclass(frozen=True, kw_only=True)
class FitReason:
    """Something besides memory."""

    subject: str
    outcome: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class FitRecord:
    """A model on a device of the hub, or on a board by its profile.

    `outcome`: fits, tight, does not fit, or cannot tell. `room`: where `limit_mib` comes from.
    """

    model_id: str
    model_name: str
    device_id: str | None
    profile_id: str | None
    label: str
    runtime: str
    outcome: str
    sentence: str
    method: str | None
    peak_mib: float | None
    held_mib: float | None
    limit_mib: float | None
    room: str
    parts: tuple[FitPart, ...] = ()
    reasons: tuple[FitReason, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FitScore:
    """The estimator against runs under memory limits on another machine: counts, and errors as shares of the peak.

    `engine_*` is the runtimes' own dry run (`edgeprof fit`), `formula_*` what a hub computes from the file alone.
    """

    at: str
    pairs: int
    models: int
    engine_said_fits: int
    engine_fits_and_died: int
    engine_said_no: int
    engine_no_and_ran: int
    engine_said_tight: int
    engine_error_median: float
    engine_error_max: float
    formula_said_fits: int
    formula_fits_and_died: int
    formula_said_no: int
    formula_no_and_ran: int
    formula_error_median: float
    formula_error_max: float


@dataclass(frozen=True, kw_only=True)
class FitAnswer:
    """Every requested verdict, and how far to believe them."""

    verdicts: tuple[FitRecord, ...]
    score: FitScore
