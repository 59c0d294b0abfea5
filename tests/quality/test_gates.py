"""Gates: the line a person writes, and what passes, fails and stays undecided."""

from dataclasses import replace

import pytest

from edgeprof.errors import UsageError
from edgeprof.quality.gate_text import Gate, parse_gate, parse_gates
from edgeprof.quality.gates import GateVerdict, judge_gate
from edgeprof.quality.outcomes import Outcome
from edgeprof.quality.pairing import EvaluationRecord
from edgeprof.wire.figures import MetricRow
from tests.quality.evaluations import answers, flipped, record

ONE_POINT = parse_gate("digits: accuracy >= source - 1")
NO_FLIPS = parse_gate("digits: flips <= 0")


def sides(n: int, lost: int, gained: int = 0) -> tuple[EvaluationRecord, EvaluationRecord]:
    a, b = flipped(n, right=n * 9 // 10, lost=lost, gained=gained)
    return record(answers(a), "fp32"), record(answers(b), "int8")


def judged(gate: Gate, source: EvaluationRecord | None, candidate: EvaluationRecord) -> GateVerdict:
    return judge_gate(gate, source, [candidate])[0]


@pytest.mark.parametrize(
    "line",
    [
        "fashion-mnist: accuracy >= source - 1",
        "fashion-mnist: accuracy >= source - 0.25 at 99 %",
        "fashion-mnist: accuracy >= source - 0",
        "fashion-mnist: accuracy >= 85",
        "my photos, v2: top5_accuracy >= 85.5 at 90 %",
        "receipts: character_error_rate <= source + 0.5",
        "alarms: false_accepts <= 0.5",
        "finder: ndcg_at_10 >= source - 2",
        "bias-pairs: flips <= 0",
        "bias-pairs: losses <= 3",
    ],
)
def test_a_gate_is_printed_as_it_was_written(line: str) -> None:
    gate = parse_gate(line)
    assert str(gate) == line
    assert parse_gate(str(gate)) == gate


def test_spaces_and_whole_names_of_figures_do_not_matter() -> None:
    assert parse_gate("  digits :accuracy_percent>=source-1.0at 95%") == ONE_POINT
    assert parse_gate("digits: accuracy >= source") == parse_gate("digits: accuracy >= source - 0")
    assert parse_gates(["digits: flips <= 0"]) == (NO_FLIPS,)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("", "is not a gate"),
        ("digits accuracy >= 85", "is not a gate"),
        ("digits: accuracy >= source - ", "is not a gate"),
        ("digits: accuracy >= ", "is not a gate"),
        ("digits: accuracy >= source 1", "is not a gate"),
        ("digits: accuracy > 85", "is not a gate"),
        ("digits: accuracy <= source + 1", "must be >="),
        ("digits: accuracy >= source + 1", "must be >="),
        ("receipts: character_error_rate >= source - 1", "must be <="),
        ("digits: beauty >= 85", "not a figure of quality"),
        ("digits: latency_p50_ms <= 3", "not a figure of quality"),
        ("novel: kl_divergence <= 0.1", "an alarm"),
        ("digits: flips >= 1", "a count"),
        ("digits: flips <= 1.5", "a count"),
        ("digits: flips <= 0 at 99 %", "a count"),
        ("digits: accuracy >= 85 at 100 %", "between 50 and 100"),
        ("digits: accuracy >= 85 at 20 %", "between 50 and 100"),
    ],
)
def test_what_is_no_gate_is_refused_with_the_reason_and_an_example(line: str, word: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_gate(line)
    assert error.value.code == "bad_gate"
    assert word in error.value.message
    assert "fashion-mnist: accuracy >= source - 1" in error.value.message


def test_a_margin_passes_fails_and_stays_undecided() -> None:
    passes, fails = judged(ONE_POINT, *sides(5_000, 5, 3)), judged(ONE_POINT, *sides(5_000, 150))
    assert (passes.state, fails.state) == ("passes", "fails")
    assert passes.sentence == "int8 passes: -0.04 points (-0.18 to +0.088) on 5,000 items, limit -1."
    few = judged(ONE_POINT, *sides(100, 0))
    assert few.state == "undecided"
    assert few.sentence.endswith("limit -1: too few items. Evaluate about 670 items.")


def test_the_items_it_names_decide() -> None:
    """670 items without a flip pass, as the sentence above promises."""
    assert judged(ONE_POINT, *sides(670, 0)).state == "passes"


def test_the_verdict_belongs_to_variant_runtime_and_architecture() -> None:
    source, candidate = sides(5_000, 5)
    found = judged(ONE_POINT, source, replace(candidate, variant="m-2", runtime="litert 2.3.0", architecture="aarch64"))
    assert (found.variant, found.runtime, found.architecture) == ("m-2", "litert 2.3.0", "aarch64")
    assert found.gate == "digits: accuracy >= source - 1"


def test_more_confidence_asks_for_more_items() -> None:
    source, candidate = sides(800, 0)
    assert judged(ONE_POINT, source, candidate).state == "passes"
    assert judged(parse_gate("digits: accuracy >= source - 1 at 99.9 %"), source, candidate).state == "undecided"


def test_a_flip_fails_a_gate_on_flips_and_is_named() -> None:
    source, candidate = sides(300, 1, 1)
    found = judged(NO_FLIPS, source, candidate)
    assert found.state == "fails"
    assert found.items == ("0000", "0299")
    assert found.sentence == "int8 fails: 2 flips on 300 items, 0 allowed: 0000, 0299."
    assert judged(parse_gate("digits: losses <= 1"), source, candidate).state == "passes"
    assert judged(NO_FLIPS, *sides(300, 0)).state == "passes"


def test_an_item_without_an_answer_may_be_a_flip() -> None:
    source, candidate = sides(300, 0)
    crashed = replace(candidate, outcomes=(Outcome(item_id="0000", problem="crash"), *candidate.outcomes[1:]))
    shorter = replace(candidate, outcomes=candidate.outcomes[:200])
    for one in (crashed, shorter):
        found = judged(NO_FLIPS, source, one)
        assert found.state == "undecided"
        assert "have no answer" in found.sentence


def test_an_item_that_the_source_did_not_come_to_may_be_a_flip() -> None:
    """At a time limit, or with an item limit of the source alone: of the rest nothing is known."""
    source, candidate = sides(300, 0)
    part = replace(source, outcomes=source.outcomes[:200])
    asked_less = replace(part, evaluation=replace(part.evaluation, asked=200, ended="item_limit"))
    for one, other in ((part, candidate), (part, replace(candidate, outcomes=candidate.outcomes[:200]))):
        found = judged(NO_FLIPS, one, other)
        assert (found.state, found.n) == ("undecided", 200)
        assert "100 items have no answer" in found.sentence
    assert judged(NO_FLIPS, asked_less, candidate).state == "undecided"
    both = replace(candidate, outcomes=part.outcomes, evaluation=asked_less.evaluation)
    assert judged(NO_FLIPS, asked_less, both).state == "passes", "the same limit for both: a fact about those items"


def test_items_without_an_answer_never_help_to_pass() -> None:
    """The hardest 100 items crash: what is left passes, but the gate does not."""
    source, candidate = sides(5_000, 100)
    crashed = tuple(
        Outcome(item_id=one.item_id, problem="crash") if number < 100 else one
        for number, one in enumerate(candidate.outcomes)
    )
    found = judged(ONE_POINT, source, replace(candidate, outcomes=crashed))
    assert found.state == "undecided"
    assert "100 items have no answer" in found.sentence
    one_crash = replace(candidate, outcomes=(Outcome(item_id="0000", problem="crash"), *source.outcomes[1:]))
    assert judged(ONE_POINT, source, one_crash).state == "passes", "one item of 5,000 is within the margin"


@pytest.mark.parametrize("unreal", ["emulated", "replayed", "predicted"])
def test_results_that_are_not_the_devices_own_never_count(unreal: str) -> None:
    source, candidate = sides(5_000, 0)
    found = judged(ONE_POINT, source, replace(candidate, unreal=unreal))
    assert found.state == "undecided"
    assert unreal in found.sentence
    assert judged(ONE_POINT, replace(source, unreal=unreal), candidate).state == "undecided"
    assert judged(NO_FLIPS, source, replace(candidate, unreal=unreal)).state == "undecided"


def test_without_a_source_or_on_another_set_nothing_is_decided() -> None:
    source, candidate = sides(5_000, 0)
    assert "the source has no evaluation" in judged(ONE_POINT, None, candidate).sentence
    other = replace(candidate, evaluation=replace(candidate.evaluation, set_name="mnist"))
    assert "no evaluation on digits" in judged(ONE_POINT, source, other).sentence
    crashed = replace(candidate, evaluation=replace(candidate.evaluation, ended="crashes"))
    assert judged(ONE_POINT, source, crashed).state == "undecided"
    shots = judged(ONE_POINT, source, replace(candidate, shots=3))
    assert "--shots" in shots.sentence


@pytest.mark.parametrize(("minimum", "state"), [(85, "passes"), (92, "fails"), (90, "undecided")])
def test_a_minimum_needs_no_source(minimum: int, state: str) -> None:
    _, candidate = sides(2_000, 0)
    found = judged(parse_gate(f"digits: accuracy >= {minimum}"), None, candidate)
    assert found.state == state
    assert "90 (88.61 to 91.24) on 2,000 items" in found.sentence


def test_a_minimum_of_another_figure_uses_its_stored_interval() -> None:
    _, candidate = sides(100, 0)
    rows = (
        MetricRow(metric="top5_accuracy_percent", value=99.0, n=100, ci_low=96.0, ci_high=99.8),
        MetricRow(metric="false_accepts_per_h", value=0.2, n=100, ci_low=0.1, ci_high=0.4),
    )
    with_rows = replace(candidate, figures=rows)
    states = {
        "digits: top5_accuracy >= 95": "passes",
        "digits: top5_accuracy >= 97": "undecided",
        "digits: false_accepts <= 0.5": "passes",
        "digits: false_accepts <= 0.3": "undecided",
        "digits: false_accepts <= 0.05": "fails",
        "digits: recall >= 50": "undecided",
    }
    for line, state in states.items():
        found = judged(parse_gate(line), None, with_rows)
        assert found.state == state, found.sentence


def test_ten_variants_share_one_error_rate() -> None:
    """A variant that passes alone at the edge does not among ten that fail to."""
    source, candidate = sides(420, 0)
    assert judged(ONE_POINT, source, candidate).state == "passes"
    weak = record(candidate.outcomes[:200], "few")
    found = judge_gate(ONE_POINT, source, [candidate] + [weak] * 9)
    assert found[0].state == "undecided"
