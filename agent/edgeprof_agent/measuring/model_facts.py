"""What a model's file says of its inputs, for the worker that has to make some up."""

from dataclasses import asdict
from typing import NamedTuple, cast

from edgeprof.errors import EdgeprofError
from edgeprof_agent.measuring.request import MeasureRequest
from edgeprof_agent.worker_protocol.document import InputFact


class ModelFacts(NamedTuple):
    """`inputs`: of an ONNX file. `vocabulary`: words of a GGUF file. Empty and None where the file does not say."""

    inputs: list[InputFact]
    vocabulary: int | None


NO_FACTS = ModelFacts([], None)


def facts_of(request: MeasureRequest) -> ModelFacts:
    """Read once a run. A file that cannot be read is for its runtime to refuse."""
    from edgeprof.modelfiles.gguf_vocabulary import vocabulary_size  # an idle agent need not hold them
    from edgeprof.modelfiles.input_uses import input_uses

    path, known = request.model_dir / request.model.manifest.entry, request.model.format
    try:
        if known == "gguf":
            return ModelFacts([], vocabulary_size(path))
        return ModelFacts([cast(InputFact, asdict(each)) for each in input_uses(path, known)], None)
    except (EdgeprofError, OSError):
        return NO_FACTS
