"""What a model is fed in an evaluation: the items of a set. Nothing is made up, and no size is asked for beforehand."""

from collections.abc import Mapping, Sequence

from edgeprof_agent.runtimes.feeding import Feeding
from edgeprof_agent.runtimes.inputs import Declared, Feed, Tensor, describe
from edgeprof_agent.worker_protocol.adapter import InputNeed, RuntimeFailure, Variation
from edgeprof_agent.worker_protocol.document import InputUse, WorkerJob


class SetFeeding:
    """Stands where `Feeding` stands in other runs. `shapes`: an input's declared sizes, an open one as 1."""

    sentence = "the items of the evaluation set"

    def __init__(self, job: WorkerJob, declared: Sequence[Declared]) -> None:
        self._declared = list(declared)
        asked = job["config"].shapes
        self.shapes = {
            each.name: list(asked[each.name])
            if each.name in asked
            else [size if isinstance(size, int) else 1 for size in each.sizes]
            for each in self._declared
        }
        self._fed: Mapping[str, Tensor] = {}

    def fed(self, feeds: Mapping[str, Tensor]) -> None:
        """The last item's arrays, which the result describes."""
        self._fed = feeds

    def described(self) -> dict[str, str]:
        """`float32[1,3,224,224]` for each input that was fed."""
        return {each.name: describe(each, self._fed[each.name]) for each in self._declared if each.name in self._fed}

    def needs(self) -> list[InputNeed]:
        """Every input as the model declares it, without its scale."""
        return [
            InputNeed(each.name, each.type_name, tuple(size if isinstance(size, int) else -1 for size in each.sizes))
            for each in self._declared
        ]

    def learn_uses(self, uses: Mapping[str, Sequence[InputUse]]) -> None:
        """Uses decide what is made up: nothing is."""

    def reshape(self, shapes: Mapping[str, Sequence[int]]) -> None:
        """An evaluation has no sweep."""

    def feeds(self) -> dict[str, Feed]:
        raise RuntimeFailure("input_unsupported", "An evaluation feeds the items of its set and nothing else.")

    def steering(self) -> list[Variation]:
        return []

    def hint(self) -> str:
        return ""


def feeding_of(job: WorkerJob, declared: Sequence[Declared]) -> Feeding | SetFeeding:
    """By the worker's course. Raises RuntimeFailure as `Feeding` does."""
    return SetFeeding(job, declared) if job["course"] == "evaluate" else Feeding(job, declared)
