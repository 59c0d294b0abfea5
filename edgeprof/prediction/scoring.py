"""Scores the predictions on the frozen public rows by `rows/RULE.md`: each row by constants that never saw it."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from edgeprof.prediction.cold import Constants, predict_cold
from edgeprof.prediction.fitting import MIN_EXAMPLES, Example, fit
from edgeprof.prediction.predicted import Predicted
from edgeprof.prediction.probed import Probe, probed_step_s
from edgeprof.prediction.public_rows import PublicRow
from edgeprof.prediction.roofline import Kind, Processor, figure, step_s, terms_s

COVERED = 0.9


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """A row with its prediction; None where the answer was "cannot tell"."""

    row: PublicRow
    predicted: float | None
    low: float | None = None
    high: float | None = None

    @property
    def error(self) -> float | None:
        """`|predicted / measured - 1|`."""
        return None if self.predicted is None else abs(self.predicted / self.row.value - 1)

    @property
    def log_ratio(self) -> float | None:
        """How far off, as the logarithm of a factor without its sign."""
        return None if self.predicted is None else abs(math.log(self.predicted / self.row.value))


def examples_without(rows: Iterable[PublicRow], left_out: PublicRow | None, kind: Kind, on: Processor) -> list[Example]:
    """What a fit may see: not kept back, not of the row's source, not of its family.

    A source's board counts once, however many models it was measured with.
    """
    pool = [
        row
        for row in rows
        if not row.kept_back
        and (row.work.kind, row.work.processor) == (kind, on)
        and (left_out is None or (row.source != left_out.source and row.family != left_out.family))
    ]
    count = Counter((row.source, row.board.id) for row in pool)
    examples: list[Example] = []
    for row in pool:
        terms = terms_s(row.work, row.board)
        if not isinstance(terms, str):
            weight = 1 / count[row.source, row.board.id]
            examples.append(Example(terms=terms, step_s=step_s(kind, row.value), weight=weight))
    return examples


def score_cold(rows: Sequence[PublicRow]) -> list[Score]:
    """Every row, also those kept back, by the constants of its own fold, with ranges from other sources' residuals."""
    bare = _cold(rows, rows)
    return [with_range(score, spread_of(bare, without_source=score.row.source, like=score.row)) for score in bare]


def _cold(rows: Sequence[PublicRow], scored: Sequence[PublicRow]) -> list[Score]:
    folds: dict[tuple[str, ...], Constants | None] = {}
    scores: list[Score] = []
    for row in scored:
        fold = (row.source, row.family, row.work.kind, row.work.processor)
        if fold not in folds:
            folds[fold] = _constants(examples_without(rows, row, row.work.kind, row.work.processor))
        known = folds[fold]
        key: tuple[Kind, Processor] = (row.work.kind, row.work.processor)
        answer = predict_cold(row.work, row.board, {} if known is None else {key: known})
        scores.append(Score(row=row, predicted=answer.value if isinstance(answer, Predicted) else None))
    return scores


def _constants(examples: list[Example], spread: float = 0.0) -> Constants | None:
    coefficients = fit(examples)
    return None if coefficients is None else Constants(coefficients=coefficients, spread=spread, rows=len(examples))


def score_probed(rows: Sequence[PublicRow]) -> list[Score]:
    """The rows of every group that has two probes: all but the probes."""
    bare = [score for group in _groups(rows) for score in _probed(group, rows)]
    return [with_range(score, spread_of(bare, without_source=score.row.source, like=score.row)) for score in bare]


def _groups(rows: Sequence[PublicRow]) -> list[list[PublicRow]]:
    groups: defaultdict[tuple[str, ...], list[PublicRow]] = defaultdict(list)
    for row in rows:
        if not row.kept_back:
            groups[row.group].append(row)
    return [sorted(group, key=lambda row: row.work.size) for group in groups.values() if len(group) >= 3]


def _probed(group: list[PublicRow], rows: Sequence[PublicRow]) -> list[Score]:
    first, second = (Probe(work=row.work, step_s=step_s(row.work.kind, row.value)) for row in (group[0], group[-1]))
    kept = [row for row in rows if row.kept_back and row.group == group[0].group]
    scores: list[Score] = []
    for row in (*group[1:-1], *kept):
        seconds = probed_step_s(row.work, first, second)
        scores.append(Score(row=row, predicted=None if seconds is None else figure(row.work.kind, seconds)))
    return scores


def spread_of(scores: Iterable[Score], *, without_source: str | None, like: PublicRow) -> float | None:
    """The factor, as a logarithm, that 90 % of the not kept-back rows of other sources keep to; None below 5 rows."""
    kind, processor = like.work.kind, like.work.processor
    found = sorted(
        score.log_ratio
        for score in scores
        if score.log_ratio is not None
        and not score.row.kept_back
        and score.row.source != without_source
        and (score.row.work.kind, score.row.work.processor) == (kind, processor)
    )
    if len(found) < MIN_EXAMPLES:
        return None
    return found[math.ceil(COVERED * len(found)) - 1]


def with_range(score: Score, spread: float | None) -> Score:
    """The score with its range, where the spread is known."""
    if score.predicted is None or spread is None:
        return score
    factor = math.exp(spread)
    return msgspec.structs.replace(score, low=score.predicted / factor, high=score.predicted * factor)


def ship(rows: Sequence[PublicRow]) -> dict[tuple[Kind, Processor], Constants]:
    """The constants to predict with: fitted on all rows that are not kept back, spread from rows that were left out.

    A kind without 5 left-out predictions has none: nobody could say how far off it is.
    """
    scores = _cold(rows, [row for row in rows if not row.kept_back])
    found: dict[tuple[Kind, Processor], Constants] = {}
    for row in rows:
        key = (row.work.kind, row.work.processor)
        spread = spread_of(scores, without_source=None, like=row)
        if key not in found and spread is not None:
            constants = _constants(examples_without(rows, None, *key), round(spread, 4))
            if constants is not None:
                found[key] = constants
    return found
