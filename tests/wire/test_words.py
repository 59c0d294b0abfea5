"""An agent replaces words that its hub does not know yet, and loses nothing that they said."""

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from edgeprof.wire import codec
from edgeprof.wire.evaluation import Evaluation
from edgeprof.wire.evidence import Trust, TrustMark
from edgeprof.wire.messages import Facts, Failure, Result, RuntimeFact
from edgeprof.wire.words import FIRST_WORDS, WORDS, facts_for, known_words, result_for

FOLDER = Path(__file__).parent / "released" / "v1"
FIRST = known_words({})


def recorded(name: str) -> Any:
    return codec.decode(name.partition("-")[0], (FOLDER / f"{name}.json").read_bytes())


def failed(stage: str, code: str) -> Result:
    """A failed result with a word of tomorrow."""
    failure = Failure(stage=cast(Any, stage), code=cast(Any, code), message="The board is on fire.")
    return replace(recorded("result-failed"), failure=failure)


def test_a_hub_of_today_gets_results_and_facts_as_they_are() -> None:
    words = known_words(WORDS)
    for name in ("result", "result-failed", "result-served"):
        assert result_for(recorded(name), words) == recorded(name)
    assert facts_for(recorded("facts"), words) == recorded("facts")


def test_todays_words_have_those_of_the_first_hubs() -> None:
    assert {name: set(words) - set(WORDS[name]) for name, words in FIRST_WORDS.items()} == {
        name: set() for name in WORDS
    }


def test_a_new_failure_code_becomes_an_old_one_and_stays_in_the_message() -> None:
    loading = result_for(failed("load", "no_driver"), FIRST).failure
    running = result_for(failed("measure", "no_driver"), FIRST).failure
    assert loading
    assert running
    assert (loading.code, running.code) == ("load_error", "inference_error")
    assert loading.message == "no_driver: The board is on fire."


def test_a_new_stage_becomes_measure() -> None:
    failure = result_for(failed("energy", "timeout"), FIRST).failure
    assert failure
    assert (failure.stage, failure.code, failure.message) == ("measure", "timeout", "The board is on fire.")


def test_a_mark_of_a_new_cause_becomes_a_note() -> None:
    marks = (TrustMark(cause="busy", reason="40 % busy."), TrustMark(cause=cast(Any, "damp"), reason="It rains."))
    result = result_for(replace(recorded("result"), trust=Trust(marks=marks)), FIRST)
    assert result.trust == Trust(marks=marks[:1])
    assert result.effective
    assert result.effective.notes[-1] == "damp: It rains."


def test_a_run_whose_only_mark_is_new_is_not_called_clean() -> None:
    newer = Trust(marks=(TrustMark(cause=cast(Any, "damp"), reason="It rains."),))
    result = result_for(replace(recorded("result"), trust=newer), FIRST)
    assert result.trust is None
    assert result.effective
    assert result.effective.notes[-1] == "damp: It rains."
    assert result_for(replace(recorded("result"), trust=Trust()), FIRST).trust == Trust()


def test_a_new_end_of_the_window_becomes_time() -> None:
    result = recorded("result")
    newer = replace(result, timing=replace(result.timing, window_end="looks"))
    assert result_for(newer, FIRST).timing == replace(result.timing, window_end="time")


def test_a_new_end_of_an_evaluation_becomes_an_early_one_and_stays_in_a_note() -> None:
    ended = Evaluation(
        set_id="5" * 64, set_name="shapes", task="image-classification", asked=9, answered=4, ended="all"
    )
    newer = replace(recorded("result"), evaluation=replace(ended, ended=cast(Any, "battery")))
    result = result_for(newer, FIRST)
    assert result.evaluation == replace(ended, ended="crashes")
    assert result.effective
    assert result.effective.notes[-1] == "the evaluation ended by: battery"
    assert result_for(replace(newer, evaluation=ended), FIRST).evaluation == ended


def test_a_new_format_is_not_offered() -> None:
    runtimes = (
        RuntimeFact(variant="onnxruntime", formats=cast(Any, ("onnx", "hologram")), version="1"),
        RuntimeFact(variant="holodeck", formats=cast(Any, ("hologram",)), version="1"),
    )
    facts: Facts = replace(recorded("facts"), runtimes=runtimes)
    assert [(fact.variant, fact.formats) for fact in facts_for(facts, FIRST).runtimes] == [("onnxruntime", ("onnx",))]


def test_a_list_that_a_hub_leaves_out_is_that_of_the_first_hubs() -> None:
    assert known_words({"formats": ("onnx",)}) == {**FIRST_WORDS, "formats": ("onnx",)}
