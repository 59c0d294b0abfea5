"""Models that load, run and answer without an error, and answer wrong: caught by the items of real runs."""

import pytest

from edgeprof.quality.comparing import compare_evaluations
from edgeprof.quality.drift import find_drift
from edgeprof.quality.gate_text import parse_gate
from edgeprof.quality.gates import judge_gate
from tests.quality.recordings import recorded

GATE = parse_gate("digits: accuracy >= source - 1")


@pytest.mark.parametrize(
    ("model", "good", "bad", "accuracies"),
    [
        ("dynamic-range", "litert", "tflite-runtime", (98.8, 8.8)),
        ("int16-activations", "tflite-runtime", "litert", (98.8, 11.0)),
    ],
)
def test_one_file_that_collapses_in_one_of_two_runtimes_is_caught(
    model: str, good: str, bad: str, accuracies: tuple[float, float]
) -> None:
    one, other = recorded(f"{model}-{good}", good), recorded(f"{model}-{bad}", bad)
    drift = find_drift(one, other)
    assert drift.verdict == "collapsed"
    assert drift.sentence.startswith(f"{bad} collapsed:")
    assert find_drift(other, one).sentence.startswith(f"{bad} collapsed:"), "the order does not matter"
    found = compare_evaluations(one, other)
    assert (found.a, found.b) == pytest.approx(accuracies)
    verdicts = judge_gate(GATE, one, [one, other])
    assert [(verdict.state, verdict.runtime.split()[0]) for verdict in verdicts] == [("passes", good), ("fails", bad)]


def test_a_minmax_range_that_one_calibration_image_stretched_costs_five_points_and_is_caught() -> None:
    source, int8 = recorded("student-fp32", "fp32"), recorded("student-qdq-minmax", "int8")
    found = compare_evaluations(source, int8, margin=1.0)
    assert found.verdict == "worse"
    assert found.sentence == "int8 is worse than fp32 by 5 points, on 500 items."
    assert (len(found.lost), len(found.gained)) == (27, 2)
    assert judge_gate(GATE, source, [int8])[0].state == "fails"
    assert find_drift(source, int8).verdict == "not_comparable", "two models are no drift"


def test_two_good_runtimes_of_one_file_pass_and_name_no_item() -> None:
    one = recorded("dynamic-range-litert", "LiteRT")
    other = recorded("int16-activations-tflite-runtime", "tflite-runtime")
    found = compare_evaluations(one, other, margin=1.0)
    assert found.verdict == "no_worse"
    assert (found.lost, found.gained) == ((), ())


def test_two_processors_answer_one_int8_file_differently_and_the_items_are_named() -> None:
    """The same bytes and the same runtime version: x86 without VNNI saturates, x86 with it and ARM do not."""
    vnni, avx2, arm = (recorded(f"int8-{name}", name) for name in ("x86_64-vnni", "x86_64-avx2", "aarch64"))
    drift = find_drift(avx2, arm)
    assert drift.verdict == "answers_differ"
    assert len(drift.answers_differ) == 5
    assert drift.sentence.startswith("5 of 500 answers differ between x86_64-avx2 and aarch64")
    assert drift.largest_score_difference is not None
    assert drift.largest_score_difference > 0.5
    assert find_drift(vnni, arm).verdict == "same"


def test_an_emulated_processor_is_never_gated() -> None:
    source, arm = recorded("int8-x86_64-vnni", "x86"), recorded("int8-aarch64", "arm")
    verdict = judge_gate(GATE, source, [arm])[0]
    assert (verdict.state, verdict.architecture) == ("undecided", "aarch64")
    assert "emulated" in verdict.sentence
