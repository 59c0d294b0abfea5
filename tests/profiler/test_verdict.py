"""Who is ranked and who is not, on results that were made up: nothing is measured here."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from edgeprof.profiler.cells import Cell, Recording
from edgeprof.profiler.characterization import Characterization
from edgeprof.profiler.plan import Plan
from edgeprof.quality.outcomes import Outcome, encode_outcomes
from edgeprof.wire.evaluation import Evaluation
from edgeprof.wire.evidence import Trust, TrustMark
from edgeprof.wire.figures import MetricRow
from edgeprof.wire.identity import sha256_hex
from edgeprof.wire.messages import ArtifactRef, Result
from tests.hub import fleet

CLEAN = Trust()
ITEMS = 200


def speed(p50_ms: float, **changes: object) -> Result:
    rows = fleet.vision_rows(p50_ms, p50_ms / 100)
    made = fleet.result(1, fleet.model("digits", "digits"), rows)
    return replace(made, samples_ms=(), trust=CLEAN, **changes)


def evaluated(right: int) -> tuple[Result, bytes]:
    outcomes = encode_outcomes([Outcome(item_id=f"i{at}", correct=at < right) for at in range(ITEMS)])
    share = MetricRow(metric="accuracy_percent", value=100 * right / ITEMS, n=ITEMS)
    ref = ArtifactRef(name="outcomes", sha256=sha256_hex(outcomes), size=len(outcomes), media_type="application/jsonl")
    evaluation = Evaluation(
        set_id="a" * 64, set_name="set", task="image-classification", asked=ITEMS, answered=ITEMS, ended="all"
    )
    made = fleet.result(1, fleet.model("digits", "digits"), [share])
    config = replace(made.config, evaluation_set="a" * 64)
    return replace(made, config=config, evaluation=evaluation, artifacts=(ref,), trust=CLEAN), outcomes


def made_of(
    cells: Mapping[str, Sequence[Result]], artifacts: Sequence[bytes] = (), **changes: object
) -> Characterization:
    plan = Plan(
        models=tuple(cells), metrics=("latency", "accuracy"), deployment_targets=("local",), evaluation_sets=("set",)
    )
    found = tuple(
        Cell(model=name, target="local", device="d", results=tuple(results)) for name, results in cells.items()
    )
    recording = Recording(cells=found, artifacts={sha256_hex(data): data for data in artifacts})
    return Characterization(replace(plan, **changes), recording)


def test_times_of_another_machine_and_predicted_ones_are_shown_and_never_ranked() -> None:
    predicted = speed(0.5)
    rows = tuple(replace(row, origin="predicted") for row in predicted.metrics)
    made = made_of(
        {
            "emulated": [speed(1, emulated=True)],
            "replayed": [speed(1, replayed="rpi-5")],
            "predicted": [replace(predicted, metrics=rows)],
            "a": [speed(3), speed(3.01)],
            "b": [speed(6), speed(6.02)],
        }
    )
    (ranking,) = made.verdict().rankings
    assert (ranking.leader, ranking.is_shown) == ("a on d", True)
    assert [one.name for one in ranking.left_out] == ["emulated on d", "replayed on d", "predicted on d"]
    assert made.profile("emulated").unreal == "emulated"
    assert "never ranked" in repr(made)


def test_a_leader_that_is_marked_or_not_shown_leads_so_far() -> None:
    marked = Trust(marks=(TrustMark(cause="busy", reason="Other programs took 14 % of the cores."),))
    pair = [replace(speed(3), trust=marked), speed(3.01)]
    (ranking,) = made_of({"a": pair, "b": [speed(6), speed(6.02)]}).verdict().rankings
    assert not ranking.is_shown
    assert "so far, but its runs are marked" in ranking.sentence
    assert "a on d is marked busy in 1 of 2 runs" in "\n".join(ranking.rests_on)
    (close,) = made_of({"a": [speed(3), speed(3.4)], "b": [speed(3.1), speed(3.3)]}).verdict().rankings
    assert not close.is_shown
    assert "is not shown to differ from" in close.sentence


def test_a_failed_gate_takes_a_model_out_of_every_ranking() -> None:
    (good, one), (bad, other) = evaluated(190), evaluated(100)
    cells = {"source": [speed(6), speed(6.02), good], "fast": [speed(1), speed(1.01), bad]}
    gates = ("set: accuracy >= source - 5",)
    verdict = made_of(cells, [one, other], gates=gates, source="source").verdict()
    assert [(gate.name, gate.state) for gate in verdict.gates] == [("fast on d", "fails")]
    assert [ranking.leader for ranking in verdict.rankings] == ["source on d", "source on d"]
    assert verdict.rankings[0].left_out[0].reason == "fails the gate set: accuracy >= source - 5"
    without = made_of(cells, [one, other]).verdict().rankings
    assert [(ranking.leader, ranking.is_shown) for ranking in without] == [("fast on d", True), ("source on d", True)]


def test_a_gate_on_a_set_that_was_not_answered_is_undecided_and_never_silent() -> None:
    """A set's folder may have another name than the set, and one model's evaluation may have failed."""
    (good, one), (bad, other) = evaluated(190), evaluated(100)
    cells = {"source": [speed(6), good], "fast": [speed(1), bad], "bare": [speed(2)], "failed": []}
    misnamed = made_of(cells, [one, other], gates=("my-set: accuracy >= 85",)).verdict()
    assert [(gate.name, gate.state) for gate in misnamed.gates] == [
        (f"{name} on d", "undecided") for name in ("source", "fast", "bare")
    ]
    assert "source on d is undecided: no answers on my-set." in str(misnamed)
    named = made_of(cells, [one, other], gates=("set: accuracy >= source - 5",), source="source").verdict()
    assert [(gate.name, gate.state) for gate in named.gates] == [("fast on d", "fails"), ("bare on d", "undecided")]
