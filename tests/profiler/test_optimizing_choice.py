"""Which file is shipped, and the sentence that says so."""

from dataclasses import replace

import pytest

from edgeprof.optimizing.run import Choice, Outcome
from edgeprof.optimizing.variants import VariantRow, winner_of
from edgeprof.optimizing.view import text_of, verdict_of
from edgeprof.profiler.profiles import ProfileFigure


def time_of(value_ms: float) -> ProfileFigure:
    return ProfileFigure(metric="latency_p50_ms", value=value_ms, unit="ms", n=100, runs=4, origin="measured")


def row(title: str, value_ms: float, **facts: object) -> VariantRow:
    base = VariantRow(model=title, step=title, title=title, size_bytes=1024, device="pi", time=time_of(value_ms))
    return replace(base, **facts)


SOURCE = row("source", 10.0, step="")
FAST = row("int8", 5.0, outcome="faster", speedup=(2.0, 1.9, 2.1), gate="passes")
FASTER = row("int4", 4.0, outcome="faster", speedup=(2.5, 2.4, 2.6), gate="fails", worse=("fails its gate",))
SLOW = row("zeroed", 12.0, outcome="slower", speedup=(0.83, 0.8, 0.86), worse=("slower",))
UNDECIDED = row("int5", 4.5, outcome="faster", speedup=(2.2, 2.1, 2.3), gate="undecided")


def choice(*rows: VariantRow, again: VariantRow | None = None) -> Choice:
    return Choice(device="pi", rows=rows, winner=winner_of(rows), again=again)


def test_the_fastest_that_its_gate_holds_wins() -> None:
    found = choice(SOURCE, FASTER, FAST, SLOW, UNDECIDED, again=replace(FAST, speedup=(1.8, 1.7, 1.9)))
    assert found.winner is FAST
    assert found.ship is FAST
    assert verdict_of(found) == (
        "Ship int8 on pi: 1.80 times as fast as the source (1.70 to 1.90), in a second measurement. It passes its gate."
    )


def test_what_a_second_measurement_does_not_show_is_not_claimed() -> None:
    found = choice(SOURCE, FAST, again=replace(FAST, outcome="no difference shown"))
    assert found.ship is SOURCE
    assert "looked faster, and a second measurement did not show it" in verdict_of(found)


def test_a_faster_file_that_no_gate_holds_is_named_and_not_shipped() -> None:
    found = choice(SOURCE, FASTER, UNDECIDED)
    assert found.winner is None
    assert "not held by the gate: int4 (fails), int5 (undecided)" in verdict_of(found)
    assert verdict_of(choice(SOURCE, SLOW)) == "Ship the source on pi: no variant is shown to be faster."


def test_without_a_measured_source_nothing_is_shipped() -> None:
    found = choice(replace(SOURCE, time=None, reason="out of memory"), replace(FAST, outcome="", speedup=None))
    assert found.ship is None
    assert "nothing is compared" in verdict_of(found)


def test_the_table_has_everything_that_was_tried() -> None:
    found = choice(SOURCE, replace(FAST, on_front=True), SLOW, again=FAST)
    outcome = Outcome(
        source="m.onnx", choices=(found,), missing=(("int4 of MatMul", "the model has none"),), split=None, gates=()
    )
    lines = text_of(outcome).splitlines()
    assert [line.split()[0] for line in lines[3:6]] == ["source", "*", "zeroed"]
    assert lines[5].endswith("slower")
    assert "  int4 of MatMul: the model has none." in lines
    assert lines[-1] == "No gate: the answers were not judged. Name a set with --set."


@pytest.mark.parametrize("gate", ["", "passes"])
def test_no_gate_is_said(gate: str) -> None:
    found = choice(SOURCE, replace(FAST, gate=gate), again=FAST)
    assert ("No gate judges its answers" in verdict_of(found)) == (not gate)
