"""One signature of a TFLite model behind the calls of an Interpreter, which runs the first graph only.

The runtime's own runner of a signature copies every output of every call; here the graph is invoked as the
interpreter invokes its first one. What it takes is private in the runtime's class, which has no public way.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, Protocol, cast

import numpy as np

from edgeprof.wire.input_names import input_labels
from edgeprof.wire.run_config import SIGNATURE_NOTE
from edgeprof_agent.runtimes.inputs import Tensor
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure


class _Whole(Protocol):
    """The parts of the runtime's Interpreter that know of graphs."""

    _interpreter: Any

    def _get_tensor_details(self, tensor_index: int, subgraph_index: int, /) -> Any: ...
    def _get_full_signature_list(self) -> dict[str, dict[str, dict[str, int]]]: ...


class Signatures:
    """A model's signatures, and the one that is measured: the named one, else the first graph's, if it has one."""

    def __init__(self, interpreter: object, key: str) -> None:
        """Raises RuntimeFailure `load_error` for a key that the model does not have."""
        self._whole = cast(_Whole, interpreter)
        self._all = self._whole._get_full_signature_list()  # pyright: ignore[reportPrivateUsage]
        if key and key not in self._all:
            known = ", ".join(self._all) or "none"
            raise RuntimeFailure("load_error", f"The model has no signature {key!r}. Signatures: {known}.")
        self.measured = key or next((each for each in self._all if not self._graph(each)), None)
        self.graph = self._graph(self.measured) if self.measured else 0

    def labels(self, names: Sequence[str], indices: Sequence[int]) -> list[str]:
        """A name for each input of the graph that is measured."""
        return input_labels(names, indices, self._all[self.measured]["inputs"] if self.measured else {})

    def notes(self) -> list[str]:
        """Which signature ran and which did not; nothing where there is no choice."""
        others = ", ".join(f"`{key}`" for key in self._all if key != self.measured)
        which = f"`{self.measured}`" if self.measured else "none, but the first graph"
        return [f"{SIGNATURE_NOTE}: {which}; not measured: {others}. Choose with --signature."] if others else []

    def graph_of(self, key: str) -> "SignatureGraph":
        """The calls of an Interpreter for this signature's graph."""
        ends = self._all[key]
        inputs, outputs = list(ends["inputs"].values()), list(ends["outputs"].values())
        return SignatureGraph(self._whole, self._graph(key), inputs, outputs)

    def _graph(self, key: str) -> int:
        # Not held: an Interpreter refuses to run while anything else refers to this.
        calls = self._whole._interpreter  # pyright: ignore[reportPrivateUsage]
        return int(calls.GetSubgraphIndexFromSignature(key))


class SignatureGraph:
    """A graph other than the first: the same calls as an Interpreter's, its tensors by their indices in the graph."""

    def __init__(self, whole: _Whole, graph: int, inputs: Sequence[int], outputs: Sequence[int]) -> None:
        self._whole = whole
        self._calls = whole._interpreter  # pyright: ignore[reportPrivateUsage]
        self._graph = graph
        self._inputs, self._outputs = inputs, outputs
        self.invoke = partial(self._calls.Invoke, graph)

    def allocate_tensors(self) -> None:
        self._calls.AllocateTensors(self._graph)

    def get_input_details(self) -> list[Any]:
        return [self._detail(index) for index in self._inputs]

    def get_output_details(self) -> list[Any]:
        return [self._detail(index) for index in self._outputs]

    def get_tensor_details(self) -> list[Any]:
        return []

    def resize_tensor_input(self, input_index: int, tensor_size: Sequence[int], strict: bool) -> None:
        self._calls.ResizeInputTensor(input_index, np.array(tensor_size, dtype=np.int32), strict, self._graph)

    def set_tensor(self, tensor_index: int, value: Tensor) -> None:
        self._calls.SetTensor(tensor_index, value, self._graph)

    def get_tensor(self, tensor_index: int) -> Tensor:
        return self._calls.GetTensor(tensor_index, self._graph)

    def _get_ops_details(self) -> list[Any]:
        return []

    def _detail(self, index: int) -> Any:
        return self._whole._get_tensor_details(index, self._graph)  # pyright: ignore[reportPrivateUsage]


def refuse_full_delegation(key: str) -> RuntimeFailure:
    """Where full delegation is required and nothing can show it."""
    return RuntimeFailure(
        "partial_delegation",
        f"Full delegation was required, and LiteRT does not report the nodes of signature {key!r}.",
    )
