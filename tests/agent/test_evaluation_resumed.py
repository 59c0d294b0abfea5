"""Evaluations whose worker or parent dies, hangs or runs out of time: nothing that was answered is lost."""

import dataclasses
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from edgeprof.quality.outcomes import Outcome
from edgeprof.wire.messages import Result
from edgeprof_agent.evaluating import workers
from edgeprof_agent.evaluating.evaluate import evaluate
from edgeprof_agent.evaluating.journal import Journal
from edgeprof_agent.evaluating.workers import MAX_CRASHES
from tests.agent.evaluation_sets import (
    ONE_BY_ONE,
    answers,
    digit_files,
    evaluated,
    evaluation_request,
    first_digits,
    found_set,
    misanswering,
)
from tests.agent.measuring import BUNDLED, values

MODEL = BUNDLED / "digits-cnn-int8.onnx"
REPOSITORY = Path(__file__).parents[2]
WHOLE = 60


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return first_digits(tmp_path / "set", WHOLE)


@pytest.fixture
def item_ids(folder: Path) -> list[str]:
    return [str(item["id"]) for item in found_set(folder).items]


def test_a_parent_that_is_killed_in_mid_set_goes_on_where_it_stood(folder: Path, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    program = [
        sys.executable,
        "-m",
        "tests.agent.evaluating_parent",
        str(MODEL),
        str(folder),
        str(journal),
        "slow:0.02",
    ]
    with subprocess.Popen(program, cwd=REPOSITORY, start_new_session=True) as parent:
        _wait_until(lambda: journal.exists() and journal.read_bytes().count(b"\n") > 12)
        parent.kill()
    kept = journal.read_bytes().count(b"\n") - 1
    assert 12 <= kept < WHOLE
    request = evaluation_request(MODEL, "onnxruntime", folder)
    result, outcomes = evaluated(request, folder, journal)
    assert result.evaluation is not None
    assert (result.evaluation.resumed, result.evaluation.answered, result.evaluation.ended) == (kept, WHOLE, "all")
    assert answers(outcomes) == answers(evaluated(request, folder, tmp_path / "fresh")[1])


def test_a_run_of_which_everything_was_answered_gives_its_result_again(folder: Path, tmp_path: Path) -> None:
    """As after a kill between the last answer and the outbox."""
    request = evaluation_request(MODEL, "onnxruntime", folder)
    first, _ = evaluated(request, folder, tmp_path / "journal")
    again, outcomes = evaluated(request, folder, tmp_path / "journal", misanswering("raise:"))
    assert again.evaluation is not None
    assert again.evaluation.resumed == len(outcomes) == WHOLE
    assert values(again) == values(first)
    assert again.effective is not None


def test_a_worker_that_is_killed_is_followed_by_another(folder: Path, item_ids: list[str], tmp_path: Path) -> None:
    """Nobody knows who sent SIGKILL: the item in hand is tried once more, and is answered."""
    mode = f"kill-once:{item_ids[30]}@{tmp_path / 'marker'}"
    result, outcomes = evaluated(
        evaluation_request(MODEL, "onnxruntime", folder), folder, tmp_path / "j", misanswering(mode)
    )
    assert (tmp_path / "marker").exists()
    assert result.evaluation is not None
    assert (result.evaluation.answered, result.evaluation.problem_count) == (WHOLE, 0)
    assert [one.item_id for one in outcomes] == item_ids


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("segfault", "the runtime crashed (SIGSEGV) on this item"),
        ("kill", "killed_unknown: "),
        ("exit", "no_result: The worker exited with code 3"),
        ("no-memory", "out_of_memory: "),
    ],
)
def test_an_item_that_ends_the_worker_is_named_and_the_rest_goes_on(
    mode: str, words: str, folder: Path, item_ids: list[str], tmp_path: Path
) -> None:
    request = evaluation_request(MODEL, "onnxruntime", folder)
    result, outcomes = evaluated(request, folder, tmp_path / "j", misanswering(f"{mode}:{item_ids[7]}"))
    assert result.status == "measured"
    assert result.evaluation is not None
    assert (result.evaluation.answered, result.evaluation.ended) == (WHOLE - 1, "all")
    assert [one.item_id for one in result.evaluation.problems] == [item_ids[7]]
    assert outcomes[7].problem.startswith(words)
    assert result.metrics[0].n == WHOLE - 1


def test_an_item_that_crashes_while_it_is_prepared_ahead_is_the_one_that_is_named(tmp_path: Path) -> None:
    """The model is at another item then, which must not be blamed."""
    files, rows = digit_files(tmp_path / "files", WHOLE), first_digits(tmp_path / "rows", WHOLE)
    which = found_set(files).items[20]["id"]
    request = evaluation_request(MODEL, "onnxruntime", files)
    result, outcomes = evaluated(request, files, tmp_path / "j", misanswering(f"segfault:{which}"))
    assert result.evaluation is not None
    assert [one.item_id for one in result.evaluation.problems] == [which]
    plain = evaluated(evaluation_request(MODEL, "onnxruntime", rows), rows, tmp_path / "plain")[1]
    assert [one for one in answers(outcomes) if one[0] != which] == [one for one in answers(plain) if one[0] != which]


def test_an_item_that_hangs_is_given_up(folder: Path, item_ids: list[str], tmp_path: Path) -> None:
    patient = dataclasses.replace(ONE_BY_ONE, deadline_s=2.0)
    request = evaluation_request(MODEL, "onnxruntime", folder, patient)
    result, outcomes = evaluated(request, folder, tmp_path / "j", misanswering(f"hang:{item_ids[3]}"))
    assert result.metrics[0].n == WHOLE - 1
    assert outcomes[3].problem == "timeout: Nothing came within 2 s, and the worker was killed."


def test_a_hang_while_another_item_is_prepared_is_tried_again_before_one_is_blamed(
    folder: Path, item_ids: list[str], tmp_path: Path
) -> None:
    """The first worker hangs at an item that is not at fault; the next one answers it."""
    patient = dataclasses.replace(ONE_BY_ONE, deadline_s=2.0)
    request = evaluation_request(MODEL, "onnxruntime", folder, patient)
    once = misanswering(f"hang-once:{item_ids[3]}@{tmp_path / 'hung'}")
    result, _ = evaluated(request, folder, tmp_path / "j", once)
    assert (tmp_path / "hung").exists()
    assert result.metrics[0].n == WHOLE


def test_too_many_crashes_end_the_run_with_what_there_is(folder: Path, tmp_path: Path) -> None:
    request = evaluation_request(MODEL, "onnxruntime", folder)
    result, outcomes = evaluated(request, folder, tmp_path / "j", misanswering("segfault-from:50"))
    assert result.status == "measured"
    assert result.metrics[0].n == 50
    assert len(outcomes) == 50 + MAX_CRASHES
    assert result.evaluation is not None
    assert result.evaluation.ended == "crashes"
    assert result.evaluation.batch_shape == "as of a test"  # told before the first item, not at the end
    assert (result.evaluation.problem_count, result.evaluation.unanswered) == (MAX_CRASHES, WHOLE - 50)


def test_a_time_limit_gives_a_named_partial_result_that_can_go_on(folder: Path, tmp_path: Path) -> None:
    short = dataclasses.replace(ONE_BY_ONE, evaluation_limit_s=2.0)
    request = evaluation_request(MODEL, "onnxruntime", folder, short)
    result, outcomes = evaluated(request, folder, tmp_path / "j", misanswering("slow:0.1"))
    assert result.status == "measured"
    assert result.evaluation is not None
    assert result.evaluation.ended == "time_limit"
    assert 0 < len(outcomes) == result.metrics[0].n < WHOLE
    assert result.evaluation.unanswered == WHOLE - len(outcomes)
    rest, _ = evaluated(request, folder, tmp_path / "j")
    assert rest.evaluation is not None
    assert (rest.evaluation.answered, rest.evaluation.resumed) == (WHOLE, len(outcomes))


def test_an_item_that_outlasts_the_time_limit_is_not_waited_for(
    folder: Path, item_ids: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "GRACE_S", 0.2)
    short = dataclasses.replace(ONE_BY_ONE, evaluation_limit_s=2.0)
    request = evaluation_request(MODEL, "onnxruntime", folder, short)
    result, outcomes = evaluated(request, folder, tmp_path / "j", misanswering(f"hang:{item_ids[30]}"))
    assert result.evaluation is not None
    assert (result.evaluation.ended, result.evaluation.problem_count) == ("time_limit", 0)
    assert len(outcomes) <= 30


def test_a_time_limit_before_the_first_answer_is_a_failure(folder: Path, tmp_path: Path) -> None:
    none = dataclasses.replace(ONE_BY_ONE, evaluation_limit_s=0.001)
    result, _ = evaluated(evaluation_request(MODEL, "onnxruntime", folder, none), folder, tmp_path / "j")
    assert _code(result) == "timeout"
    assert result.metrics == ()


def test_a_cancelled_run_keeps_what_it_has(folder: Path, tmp_path: Path) -> None:
    cancelled = threading.Event()

    def cancel_soon(stage: str, fraction: float | None, note: str) -> None:
        if stage == "evaluate" and fraction:
            cancelled.set()

    request = evaluation_request(MODEL, "onnxruntime", folder)
    result, _ = evaluate(request, folder, tmp_path / "j", cancel_soon, cancelled, misanswering("slow:0.02"))
    assert _code(result) == "cancelled"
    rest, _ = evaluated(request, folder, tmp_path / "j")
    assert rest.evaluation is not None
    assert 0 < rest.evaluation.resumed < WHOLE == rest.evaluation.answered


def test_a_model_that_cannot_be_loaded_fails_as_in_any_run(folder: Path, tmp_path: Path) -> None:
    request = evaluation_request(MODEL, "onnxruntime", folder)
    request = dataclasses.replace(request, config=dataclasses.replace(request.config, provider="cuda"))
    result, outcomes = evaluated(request, folder, tmp_path / "j")
    assert _code(result) == "runtime_missing"
    assert outcomes == []


def test_a_journal_of_another_model_is_begun_anew(folder: Path, tmp_path: Path) -> None:
    evaluated(evaluation_request(MODEL, "onnxruntime", folder), folder, tmp_path / "j")
    other = evaluation_request(BUNDLED / "digits-cnn-fp32.onnx", "onnxruntime", folder)
    result, _ = evaluated(other, folder, tmp_path / "j")
    assert result.evaluation is not None
    assert result.evaluation.resumed == 0


IDENTITY = {"set": "s", "model": "m"}


def _kept(path: Path, *more: Outcome, identity: Mapping[str, str] = IDENTITY) -> list[str]:
    """What a journal holds once these were added."""
    journal = Journal(path, identity)
    journal.add(more)
    journal.close()
    return list(journal.outcomes)


def test_a_journal_drops_a_torn_line_and_what_follows_a_broken_one(tmp_path: Path) -> None:
    file = tmp_path / "j"
    assert _kept(file, Outcome(item_id="a", correct=True), Outcome(item_id="b", problem="why")) == ["a", "b"]
    file.write_bytes(file.read_bytes() + b'{"item_id":"c","corr')
    assert _kept(file, Outcome(item_id="d")) == ["a", "b", "d"]
    assert _kept(file) == ["a", "b", "d"]
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([*lines[:2], b"\x00\x00\x00\n", *lines[2:]]))
    assert _kept(file) == ["a"]


def test_a_journal_that_is_another_runs_is_not_read(tmp_path: Path) -> None:
    assert _kept(tmp_path / "j", Outcome(item_id="a")) == ["a"]
    assert _kept(tmp_path / "j", identity={**IDENTITY, "model": "another"}) == []


def _wait_until(is_so: Callable[[], bool], limit_s: float = 120.0) -> None:
    end_s = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < end_s
        time.sleep(0.02)


def _code(result: Result) -> str:
    assert result.failure is not None
    return result.failure.code


def test_what_a_worker_could_not_answer_is_asked_again(tmp_path: Path) -> None:
    """What it lacked may be there now; an item that ended its worker is not tried again."""
    with_problem = Outcome(item_id="a", problem="scipy is missing", pipeline_ns=5)
    crashed, answered = Outcome(item_id="b", problem="the runtime crashed"), Outcome(item_id="c", correct=True)
    journal = Journal(tmp_path / "journal", {"set": "1"})
    journal.add([with_problem, crashed, answered])
    journal.close()
    again = Journal(tmp_path / "journal", {"set": "1"})
    again.close()
    assert list(again.outcomes) == ["b", "c"]
