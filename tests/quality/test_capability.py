"""The capability matrix: every cell with its figure, interval, n and what n could have shown."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from edgeprof.commands.capability import capability
from edgeprof.commands.capability_files import capability_csv, capability_json, capability_md
from edgeprof.commands.capability_view import capability_text, short_names
from edgeprof.errors import EdgeprofError
from edgeprof.quality.capability import ASSUMED_DISCORDANCE, Evaluated, capability_rows, smallest_points
from edgeprof.quality.capability_report import CapabilityReport, capability_report
from edgeprof.quality.groups import member_id
from edgeprof.quality.outcomes import Outcome, encode_outcomes
from edgeprof.quality.places import Place, place_id
from edgeprof.statistics.paired_power import power
from edgeprof.statistics.shares import wilson
from edgeprof.tables.columns import width_of
from edgeprof.wire.evaluation import Evaluation
from edgeprof.wire.figures import MetricRow
from edgeprof.wire.identity import sha256_hex
from edgeprof.wire.messages import ArtifactRef, Result
from tests.hub import fleet


def answers(right: int, n: int, start: int = 0) -> tuple[Outcome, ...]:
    """`right` right answers, from the item `start` on."""
    return tuple(
        Outcome(
            item_id=f"q{place}", correct=start <= place < start + right, score=float(start <= place < start + right)
        )
        for place in range(n)
    )


def evaluated(outcomes: tuple[Outcome, ...], model: str = "lm-Q4_0.gguf", **more: Any) -> Evaluated:
    about: dict[str, Any] = {
        "set_id": "a" * 64,
        "set_name": "hellaswag",
        "task": "multiple-choice",
        "language": "en",
        **more,
    }
    shots = int(about.pop("shots", 0))
    device = str(about.pop("device", "pi"))
    answered = [each for each in outcomes if each.correct is not None]
    right = sum(bool(each.correct) for each in answered)
    figures = ()
    if answered:
        low, high = wilson(right, len(answered))
        figures = (
            MetricRow(
                metric="accuracy_percent",
                value=100 * right / len(answered),
                n=len(answered),
                ci_low=100 * low,
                ci_high=100 * high,
            ),
        )
    return Evaluated(
        model=model,
        device=device,
        runtime="llama-capi",
        shots=shots,
        outcomes=outcomes,
        figures=figures,
        evaluation=Evaluation(asked=len(outcomes), answered=len(answered), ended="all", **about),
    )


def needle(model: str = "lm-Q4_0.gguf") -> Evaluated:
    outcomes = tuple(
        Outcome(item_id=place_id(Place(tokens, depth), number), correct=tokens < 1024)
        for tokens in (256, 512, 1024)
        for depth in (0, 25, 50, 75, 100)
        for number in range(1, 6)
    )
    return evaluated(outcomes, model, set_name="needle", set_id="b" * 64, context_tokens=8192)


def report(*found: Evaluated) -> CapabilityReport:
    return capability_report(found, 0.85)


def test_a_cell_has_figure_interval_n_and_what_n_could_show() -> None:
    (row,) = capability_rows([evaluated(answers(38, 100))])
    assert (row.task, row.domain, row.language, row.shots) == ("multiple-choice", "language", "en", 0)
    assert (row.value, row.n, row.asked) == (38.0, 100, 100)
    assert (row.ci_low, row.ci_high) == pytest.approx([100 * end for end in wilson(38, 100)])
    assert row.smallest_difference == pytest.approx(8.2, abs=0.1)


def test_what_n_could_show_has_the_stated_power() -> None:
    points = smallest_points(200)
    assert points is not None
    assert power(200, max(ASSUMED_DISCORDANCE, points / 100), points / 100) == pytest.approx(0.8, abs=0.01)
    assert smallest_points(0) is None


def test_each_context_length_is_a_row() -> None:
    rows = capability_rows([needle()])
    assert [(row.context_tokens, row.value, row.n) for row in rows] == [
        (256, 100.0, 25),
        (512, 100.0, 25),
        (1024, 0.0, 25),
    ]


def test_few_shot_is_paired_with_zero_shot() -> None:
    zero, few = evaluated(answers(30, 100)), evaluated(answers(50, 100), shots=5)
    rows = {row.shots: row for row in capability_rows([zero, few])}
    assert rows[0].few_shot is None
    found = rows[5].few_shot
    assert found is not None
    assert (found.value, found.n) == (20.0, 100)
    assert found.ci_low > 0


def test_few_shot_is_not_paired_across_batch_shapes_models_or_devices() -> None:
    zero, few = evaluated(answers(30, 100)), evaluated(answers(50, 100), shots=5)
    shaped = replace(zero, evaluation=replace(zero.evaluation, batch_shape="n_batch 64"))
    for other in (shaped, replace(zero, model="another"), replace(zero, device="another")):
        assert all(row.few_shot is None for row in capability_rows([other, few]))


def test_a_model_that_answers_nothing_is_not_measured_and_says_why() -> None:
    mute = tuple(Outcome(item_id=f"q{place}", problem="the logits are NaN") for place in range(3))
    found = report(evaluated(mute))
    (row,) = found.rows
    assert (row.value, row.n, row.asked, row.absent) == (None, 0, 3, "the logits are NaN")
    assert "not measured: the logits are NaN" in capability_text(found, 130)


def test_a_perturbed_run_stands_next_to_its_parent() -> None:
    parent = evaluated(answers(80, 100))
    perturbed = evaluated(
        answers(40, 100), set_id="c" * 64, set_name="hellaswag + typos", parent="a" * 64, perturbation="typos(seed=1)"
    )
    (found,) = report(parent, perturbed).drops
    assert (found.set_name, found.perturbation, found.n) == ("hellaswag", "typos(seed=1)", 100)
    assert (found.parent, found.perturbed, found.difference, len(found.lost)) == (80.0, 40.0, -40.0, 40)
    text = capability_text(report(parent, perturbed), 130)
    assert "−40.0 (−49.8 to −30.9), 40 items lost, 0 gained; shown on 100 items" in " ".join(text.split())
    assert report(perturbed).drops == ()


def test_groups_are_counted_and_flips_are_named() -> None:
    outcomes = tuple(
        Outcome(item_id=member_id(f"loan-{kind}-yes", place), correct=True, answer=place if kind == "name" else 0)
        for kind in ("age", "name")
        for place in (1, 2)
    )
    (found,) = report(evaluated(outcomes, set_name="bias-pairs")).groups
    assert (found.groups.groups, [flip.group for flip in found.groups.flips]) == (2, ["loan-name-yes"])
    assert "flips: loan-name-yes" in capability_text(report(evaluated(outcomes, set_name="bias-pairs")), 130)


LADDER = tuple(f"SmolLM2-135M-Instruct.{name}.gguf" for name in ("Q2_K", "Q4_0", "Q4_1", "Q8_0"))


def ladder() -> CapabilityReport:
    runs = [evaluated(answers(30 + place, 100), model) for place, model in enumerate(LADDER)]
    runs += [evaluated(answers(45, 100, 3), model, shots=5) for model in LADDER[:2]]
    return report(*runs, *(needle(model) for model in LADDER))


def test_four_quantizations_stand_next_to_each_other_on_a_wide_terminal() -> None:
    lines = capability_text(ladder(), 130).splitlines()
    assert lines[0] == "pi: SmolLM2-135M-Instruct, llama-capi, Accuracy in %, en"
    assert lines[1].split() == ["n", "shows", "Q2_K", "Q4_0", "Q4_1", "Q8_0"]
    assert lines[2].split("  ")[1] == "hellaswag"
    assert "30.0 (22–40)" in lines[2]
    assert "5 shots − 0 shots +15.0 (+6.7 to +24.3), shown on 100 items" in lines[4]


@pytest.mark.parametrize("width", [80, 100, 130])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(width_of(line) for line in capability_text(ladder(), width).splitlines()) <= width


def test_a_narrow_terminal_has_a_line_for_each_model() -> None:
    lines = capability_text(ladder(), 80).splitlines()
    assert "  hellaswag" in lines
    assert "    Q2_K  30.0 (22–40)  n 100  shows ≥ 8.2" in lines


def test_effective_context_stands_next_to_the_nominal_one() -> None:
    assert "512 tokens (512) of 8,192 nominal" in capability_text(report(needle()), 130)


def test_names_that_share_nothing_stay_whole() -> None:
    assert short_names([("a.onnx", "onnx"), ("b.tflite", "litert")]) == (
        "",
        {("a.onnx", "onnx"): "a (onnx)", ("b.tflite", "litert"): "b (litert)"},
    )
    assert short_names([("lm.gguf", "llama-capi")]) == ("llama-capi", {("lm.gguf", "llama-capi"): "lm"})


def test_a_name_of_foreign_origin_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in capability_text(report(evaluated(answers(1, 2), "\x1b[2Jevil\n.gguf")), 80)


def test_files_have_every_row() -> None:
    found = ladder()
    table = list(csv.DictReader(io.StringIO(capability_csv(found))))
    assert len(table) == len(found.rows) == 18
    assert table[0]["metric"] == "accuracy_percent"
    assert table[0]["unit"] == "%"
    assert sum(bool(row["few_shot_difference"]) for row in table) == 2
    document = json.loads(capability_json(found))
    assert [len(document[name]) for name in ("rows", "contexts", "groups", "drops")] == [18, 4, 0, 0]
    lines = capability_md(found).splitlines()
    assert len(lines) == 20
    assert {line.count("|") for line in lines} == {10}


def test_a_csv_cell_is_no_formula() -> None:
    assert "'=1+1" in capability_csv(report(evaluated(answers(1, 2), "=1+1")))


def speed_alone() -> Result:
    return fleet.result(1, fleet.model("lm", "lm", "gguf"), (MetricRow(metric="latency_p50_ms", value=1.0, n=100),))


def saved(folder: Path, name: str, one: Evaluated) -> Path:
    """A result as `edgeprof evaluate --save` leaves it."""
    data = encode_outcomes(one.outcomes)
    result = replace(
        speed_alone(),
        model_name=one.model,
        evaluation=one.evaluation,
        metrics=one.figures,
        artifacts=(
            ArtifactRef(name="outcomes", sha256=sha256_hex(data), size=len(data), media_type="application/x-ndjson"),
        ),
    )
    (folder / "artifacts").mkdir(parents=True, exist_ok=True)
    (folder / "artifacts" / f"{name}.outcomes").write_bytes(data)
    (folder / f"{name}.json").write_bytes(msgspec.json.encode(result))
    return folder / f"{name}.json"


def test_the_command_reads_saved_results(tmp_path: Path) -> None:
    file = saved(tmp_path / "a", "001", needle())
    done = CliRunner().invoke(capability, [str(file), "--width", "80"], catch_exceptions=False)
    assert done.exit_code == 0
    assert "512 tokens (512) of 8,192 nominal" in " ".join(done.output.split())
    stricter = CliRunner().invoke(capability, [str(tmp_path / "a"), "--threshold-percent", "100"])
    assert "at least 100 %" in " ".join(stricter.output.split())


def test_a_few_items_tried_out_later_do_not_stand_for_the_whole_set(tmp_path: Path) -> None:
    whole, part = evaluated(answers(80, 100)), evaluated(answers(5, 5))
    part = replace(part, evaluation=replace(part.evaluation, ended="item_limit"))
    for number, one in enumerate((whole, part), start=1):
        file = saved(tmp_path / "a", f"00{number}", one)
        result = msgspec.json.decode(file.read_bytes(), type=Result)
        later = replace(result.finished, wall_s=result.finished.wall_s + number)
        file.write_bytes(msgspec.json.encode(replace(result, result_id=f"{number:032}", finished=later)))
    done = CliRunner().invoke(capability, [str(tmp_path / "a"), "--width", "80"], catch_exceptions=False)
    assert " 100  ≥" in done.output
    assert " 5  ≥" not in done.output


def test_a_result_without_its_outcomes_has_figures_and_says_what_is_missing(tmp_path: Path) -> None:
    file = saved(tmp_path / "a", "001", needle())
    (tmp_path / "a/artifacts/001.outcomes").unlink()
    done = CliRunner().invoke(capability, [str(file), "--width", "80"], catch_exceptions=False)
    assert "came without their outcomes" in " ".join(done.output.split())
    assert "Effective context" not in done.output


def test_results_of_speed_alone_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "001.json").write_bytes(msgspec.json.encode(speed_alone()))
    done = CliRunner().invoke(capability, [str(tmp_path / "001.json")])
    assert isinstance(done.exception, EdgeprofError)
    assert done.exception.code == "no_evaluations"


def test_a_folder_with_a_plan_and_no_result_says_so(tmp_path: Path) -> None:
    """As a stopped `edgeprof evaluate --save` leaves it."""
    (tmp_path / "plan.json").write_text("{}")
    done = CliRunner().invoke(capability, [str(tmp_path)])
    assert isinstance(done.exception, EdgeprofError)
    assert done.exception.code == "no_results"


def test_a_variant_that_loses_more_than_its_source_is_shown() -> None:
    perturbed = {"set_id": "c" * 64, "set_name": "h + typos", "parent": "a" * 64, "perturbation": "typos(seed=1)"}
    runs = [
        evaluated(answers(190, 200), "lm-f16.gguf"),
        evaluated(answers(185, 200), "lm-f16.gguf", **perturbed),
        evaluated(answers(190, 200), "lm-q2.gguf"),
        evaluated(answers(120, 200), "lm-q2.gguf", **perturbed),
    ]
    found = capability_report(runs, 0.85, source="F16")
    (against,) = found.against_source
    assert (against.source, against.model) == ("lm-f16.gguf", "lm-q2.gguf")
    assert against.extra is not None
    assert against.extra.difference == pytest.approx((120 - 185) / 200)
    assert against.extra.is_shown
    assert "shown on 200 items" in " ".join(capability_text(found, 80).partition("Against the source")[2].split())


def test_flips_that_the_source_has_not_are_named() -> None:
    def pairs(model: str, *flipping: str) -> Evaluated:
        outcomes = tuple(
            Outcome(item_id=member_id(name, place), correct=True, answer=place if name in flipping else 0)
            for name in ("loan", "job")
            for place in (1, 2)
        )
        return evaluated(outcomes, model, set_name="bias-pairs")

    found = capability_report([pairs("lm-f16.gguf", "loan"), pairs("lm-q2.gguf", "loan", "job")], 0.85, source="f16")
    (against,) = found.against_source
    assert against.flips is not None
    assert (against.flips.gained, against.flips.both) == (("job",), 1)
    assert "flips: 1 that the source has not (job), 0 that only the source has, 1 in both" in " ".join(
        capability_text(found, 130).split()
    )


@pytest.mark.parametrize("words", ["lm", "q8"])
def test_a_source_that_is_not_one_model_is_refused(words: str) -> None:
    runs = [evaluated(answers(1, 2), "lm-f16.gguf"), evaluated(answers(1, 2), "lm-q2.gguf")]
    with pytest.raises(EdgeprofError, match=r"lm-f16.gguf, lm-q2.gguf") as caught:
        capability_report(runs, 0.85, source=words)
    assert caught.value.code == "bad_source"


def test_a_figure_that_reaches_the_chance_level_says_so() -> None:
    four = tuple(replace(one, answer=[-1.0, -2.0, -3.0, -4.0]) for one in answers(30, 100))
    (low,) = capability_rows([evaluated(four)])
    assert (low.chance_percent, low.is_above_chance) == (25.0, False)
    (high,) = capability_rows([evaluated(tuple(replace(one, answer=[-1.0] * 4) for one in answers(60, 100)))])
    assert high.is_above_chance
    assert "chance level 25 %" in capability_text(report(evaluated(four)), 120)


def test_two_sets_of_one_name_are_told_apart_by_their_ids() -> None:
    one, other = evaluated(answers(90, 100)), evaluated(answers(80, 100))
    other = replace(other, evaluation=replace(other.evaluation, set_id="cd" * 32))
    names = [row.set_name for row in capability_rows([one, other])]
    assert len(set(names)) == 2
    assert any(name.endswith(" cdcdcdcd") for name in names)


def test_an_alarm_marks_a_divergence_and_a_small_one_is_no_praise() -> None:
    def of(nats: float) -> Evaluated:
        outcomes = (Outcome(item_id="a", score=-nats),)
        figure = MetricRow(metric="kl_divergence_nats", value=nats, n=1)
        one = evaluated(outcomes)
        return replace(one, figures=(figure,), evaluation=replace(one.evaluation, task="divergence"))

    loud, quiet = (capability_text(report(of(nats)), 120) for nats in (0.24, 0.0043))
    assert " !" in loud
    assert "!: alarm, 0.1 nats or more from the source. Below it the divergence ranks nothing." in loud
    assert "alarm" not in quiet
