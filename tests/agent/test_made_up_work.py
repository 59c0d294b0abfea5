"""Other values for an input that was made up: timed against its own, refused ones left out, its own put back."""

import time

import pytest

from edgeprof_agent.worker import made_up_work as checked
from edgeprof_agent.worker_protocol.adapter import Variation


class Counting:
    """Does as many milliseconds of work as its input says; refuses what is negative."""

    def __init__(self, own: int, others: tuple[int, ...]) -> None:
        self._variation = Variation("n", str(own), own, tuple((str(other), other) for other in others))
        self.fed: object = own
        self.runs = 0

    def infer(self) -> None:
        self.runs += 1
        assert isinstance(self.fed, int)
        if self.fed < 0:
            raise RuntimeError("negative")
        time.sleep(self.fed / 1000)

    def hint(self) -> str:
        return ""

    def steering(self) -> list[Variation]:
        return [self._variation]

    def vary(self, name: str, values: object) -> None:
        self.fed = values


def found(model: Counting) -> list[str]:
    return checked.made_up_work(model.infer, model)["depends"]


def test_an_input_that_changes_the_time_is_named_with_its_times_and_is_its_own_again() -> None:
    model = Counting(6, (0, 1))
    (sentence,) = found(model)
    assert sentence.startswith("input 'n' was made up as 6: ")
    assert " with 0, " in sentence
    assert sentence.endswith(" ms with 1")
    assert model.fed == 6


def test_a_value_that_is_refused_says_nothing() -> None:
    assert found(Counting(3, (-1,))) == []
    assert found(Counting(-1, (0,))) == []


def test_a_slow_model_runs_once_with_each_value() -> None:
    model = Counting(130, (1,))
    assert len(found(model)) == 1
    assert model.runs == 2


def test_inputs_beyond_the_time_stay_unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checked, "TOTAL_NS", -1)
    model = Counting(2, (0,))
    assert checked.made_up_work(model.infer, model) == {"depends": [], "unchecked": ["n"]}
