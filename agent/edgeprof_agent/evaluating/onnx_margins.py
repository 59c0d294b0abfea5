"""The margin of an ONNX classifier on an image, for a search on this machine.

The model runs in this process, which is a command's and never the agent's. Images go through the same preparation as in
an evaluation.
"""

from pathlib import Path
from typing import Any

from edgeprof.errors import EdgeprofError, MissingPartError
from edgeprof.quality.evaluation_set import SetFacts


class OnnxMargins:
    """A loaded model and the set's preparation. Raises EdgeprofError for a model that does not fit the set."""

    def __init__(self, model: Path, facts: SetFacts) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingPartError(
                "extra_missing",
                "ONNX Runtime is not installed. Install it with `pip install 'edgeprof[onnx]'`.",
            ) from error
        import numpy as np

        from edgeprof_agent.worker.evaluation.preparation import Preparation
        from edgeprof_agent.worker_protocol.adapter import InputNeed, OutputGiven, RuntimeFailure

        try:
            self._session: Any = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
        except Exception as error:  # whatever the runtime says of a file
            raise EdgeprofError(
                "bad_attack", f"ONNX Runtime cannot load {model}: {error}. Use another model."
            ) from error
        taken = self._session.get_inputs()
        if len(taken) != 1 or taken[0].type not in ("tensor(float)", "tensor(float16)", "tensor(double)"):
            raise EdgeprofError("bad_attack", f"{model} does not take one image in floats. Use a model that does.")
        dtype = {"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(double)": "float64"}[taken[0].type]
        shape = tuple(size if isinstance(size, int) else -1 for size in taken[0].shape)
        self._need = InputNeed(taken[0].name, dtype, shape)
        self._dtype = np.dtype(dtype)
        self._gives = [OutputGiven(each.name, "float32", ()) for each in self._session.get_outputs()]
        self._classes, self._output = len(facts.classes), str(facts.preparation.get("output", ""))
        try:
            self._preparation = Preparation.of(facts.preparation, self._need)
        except RuntimeFailure as failure:
            raise EdgeprofError("bad_attack", f"{model} does not fit the set: {failure}") from failure

    def margin(self, image: Any, label: int) -> float:
        """The score of the class `label` minus the largest other one, in the output's unit."""
        import numpy as np

        from edgeprof_agent.worker.evaluation.tensors import scores_of

        values = self._preparation.normalized(self._preparation.fitted(image)).astype(self._dtype, copy=False)
        outputs = self._session.run(None, {self._need.name: values})
        named = {given.name: output for given, output in zip(self._gives, outputs, strict=True)}
        scores = scores_of(named, self._gives, self._classes, self._output)
        return float(scores[label] - np.delete(scores, label).max())
