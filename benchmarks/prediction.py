"""How far off predictions are on the frozen public rows, beside llmfit: `python -m benchmarks.prediction`.

The rule is `edgeprof/prediction/rows/RULE.md`. `--no-llmfit` leaves the peer out; `--json FILE` saves every row.
"""

import argparse
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median

from benchmarks.llmfit_peer import Answer, llmfit_answers
from edgeprof.prediction.public_rows import PublicRow, public_rows
from edgeprof.prediction.scoring import Score, score_cold, score_probed, ship

COLD_WITHIN, PROBED_WITHIN = 0.35, 0.12


def main(with_llmfit: bool, out: Path | None) -> None:
    """Prints the tables; the constants to ship stand at the end."""
    rows = public_rows()
    cold, probed = score_cold(rows), score_probed(rows)
    for title, scores, within in (("Cold", cold, COLD_WITHIN), ("Probed", probed, PROBED_WITHIN)):
        print(f"\n{title}: error, and share within {100 * within:.0f} %")
        _table(scores, within)
    answers = llmfit_answers([row for row in rows if row.work.kind == "decode"]) if with_llmfit else {}
    if answers:
        _beside(cold, answers)
    print("\nConstants:", ship(rows))
    if out:
        out.write_text(json.dumps(_saved(cold, probed, answers), indent=1) + "\n")


def _table(scores: Sequence[Score], within: float) -> None:
    fitted = [one for one in scores if not one.row.kept_back]
    _line("all rows", fitted, within)
    _line("kept-back rows", [one for one in scores if one.row.kept_back], within)
    groups: tuple[tuple[str, Callable[[PublicRow], str]], ...] = (
        ("", lambda row: f"{row.work.kind} on {row.work.processor.upper()}"),
        ("kept back: ", lambda row: f"{row.work.kind} on {row.work.processor.upper()}"),
        ("", lambda row: f"source {row.source}"),
        ("", lambda row: f"family {row.family}"),
    )
    for prefix, name_of in groups:
        chosen = [one for one in scores if one.row.kept_back] if prefix else fitted
        for name in sorted({name_of(one.row) for one in chosen}):
            _line(prefix + name, [one for one in chosen if name_of(one.row) == name], within)


def _line(name: str, scores: Sequence[Score], within: float) -> None:
    errors = sorted(one.error for one in scores if one.error is not None)
    silent = len(scores) - len(errors)
    if not errors:
        print(f"  {name:<34} cannot tell: {silent}")
        return
    share = sum(error <= within for error in errors) / len(errors)
    inside = [one.low <= one.row.value <= one.high for one in scores if one.low is not None and one.high is not None]
    covered = f"{100 * sum(inside) / len(inside):3.0f} % in range" if inside else "no range"
    print(
        f"  {name:<34} {len(errors):3} rows  median {100 * median(errors):5.1f} %  {100 * share:3.0f} % within  "
        f"90 % below {100 * errors[math.ceil(0.9 * len(errors)) - 1]:5.1f} %  {covered}"
        + (f"  cannot tell: {silent}" if silent else "")
    )


def _beside(cold: Iterable[Score], answers: Mapping[str, Answer]) -> None:
    """Both on the rows that both answered; llmfit by whichever of its two ways is the better one."""
    print(f"\nBeside llmfit, decode rows that both answer (within {100 * COLD_WITHIN:.0f} %)")
    ways: tuple[tuple[str, Callable[[Answer], float | None]], ...] = (
        ("by a hardware profile", lambda answer: answer.by_profile),
        ("by memory and cores", lambda answer: answer.by_cores),
    )
    for kept in (False, True):
        for way, value in ways:
            ours: list[float] = []
            theirs: list[float] = []
            for one in cold:
                told = value(answers[one.row.id]) if one.row.id in answers else None
                if one.row.kept_back == kept and told is not None and one.error is not None:
                    ours.append(one.error)
                    theirs.append(abs(told / one.row.value - 1))
            if ours:
                print(f"  {'kept back, ' if kept else ''}{way}: {len(ours)} rows")
                for name, errors in (("edgeprof", sorted(ours)), ("llmfit", sorted(theirs))):
                    share = sum(error <= COLD_WITHIN for error in errors) / len(errors)
                    worst = errors[math.ceil(0.9 * len(errors)) - 1]
                    print(
                        f"    {name:<9} median {100 * median(errors):5.1f} %  {100 * share:3.0f} % within  "
                        f"90 % below {100 * worst:5.1f} %"
                    )
    problems = sorted({f"{row_id}: {answer.problem}" for row_id, answer in answers.items() if answer.problem})
    print(f"  llmfit does not answer {len(problems)} rows:")
    for line in problems:
        print(f"    {line}")


def _saved(cold: Iterable[Score], probed: Iterable[Score], answers: Mapping[str, Answer]) -> dict[str, object]:
    return {
        name: [
            {
                "id": one.row.id,
                "kept_back": one.row.kept_back,
                "measured": one.row.value,
                "predicted": one.predicted,
                "low": one.low,
                "high": one.high,
                **(
                    {"llmfit": answers[one.row.id].by_profile, "llmfit_by_cores": answers[one.row.id].by_cores}
                    if name == "cold" and one.row.id in answers
                    else {}
                ),
            }
            for one in scores
        ]
        for name, scores in (("cold", cold), ("probed", probed))
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-llmfit", action="store_true", help="Leave the peer out.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="Write every row there.")
    given = parser.parse_args()
    main(not given.no_llmfit, given.json)
