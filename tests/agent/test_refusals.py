"""Each row of the table of refusals is what the installed runtime really says."""

from pathlib import Path

import onnxruntime
import pytest
from ai_edge_litert.interpreter import Interpreter  # pyright: ignore[reportMissingTypeStubs]

from edgeprof_agent.measuring.refusals import REFUSALS, refined
from tests.agent import refused_models
from tests.agent.measuring import measured, request_for

NEWER = ("an opset of the future", "an IR version of the future")


def said_by_onnxruntime(model: bytes) -> str:
    with pytest.raises(Exception) as refused:  # noqa: PT011 - the kind is the runtime's own
        onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return str(refused.value)


def said_by_litert(model: bytes) -> str:
    with pytest.raises((ValueError, RuntimeError)) as refused:
        _once_by_litert(model)
    return str(refused.value)


def _once_by_litert(model: bytes) -> None:
    interpreter = Interpreter(model_content=model, num_threads=1)
    interpreter.allocate_tensors()
    interpreter.invoke()


@pytest.mark.parametrize("name", refused_models.ONNX)
def test_what_onnxruntime_says_has_its_code(name: str) -> None:
    said = said_by_onnxruntime(refused_models.ONNX[name])
    code, message = refined("load_error", said, "")
    assert code == ("load_error" if name in NEWER else "operator_unsupported")
    assert message.endswith(said)
    assert message != said


@pytest.mark.parametrize("name", refused_models.TFLITE)
def test_what_litert_says_has_its_code(name: str) -> None:
    said = said_by_litert(refused_models.TFLITE[name])
    code, message = refined("inference_error", said, "")
    assert code == "operator_unsupported"
    assert message.endswith(said)


def test_every_row_is_said_by_a_runtime() -> None:
    sentences = [
        *map(said_by_onnxruntime, refused_models.ONNX.values()),
        *map(said_by_litert, refused_models.TFLITE.values()),
    ]
    unsaid = [row.said for row in REFUSALS if not any(row.said in sentence for sentence in sentences)]
    # The first is LiteRT's sentence for a node of no known kind; the second is in the log of llama.cpp, see below.
    assert unsaid == ["Encountered unresolved op", "unknown model architecture"]


def test_a_language_model_of_an_unknown_architecture_says_so(tmp_path: Path) -> None:
    result = measured(request_for(refused_models.strange_llm(tmp_path / "strange.gguf"), "xllamacpp"))
    assert result.failure is not None
    assert (result.failure.code, result.failure.stage) == ("load_error", "load")
    assert result.failure.message.startswith("This llama.cpp does not know the model's architecture.")
    assert "unknown model architecture: 'unheard'" in result.failure.message


def test_a_flex_operator_is_named_from_end_to_end(tmp_path: Path) -> None:
    model = tmp_path / "flex.tflite"
    model.write_bytes(refused_models.TFLITE["an operator of full TensorFlow"])
    result = measured(request_for(model, "litert"))
    assert result.failure is not None
    assert result.failure.code == "operator_unsupported"
    assert "Convert it with TFLITE_BUILTINS alone" in result.failure.message


def test_a_refusal_that_no_row_knows_keeps_its_code_and_words() -> None:
    assert refined("load_error", "Unheard of.", "nothing here") == ("load_error", "Unheard of.")
    assert refined("timeout", "Op builtin_code out of range", "") == ("timeout", "Op builtin_code out of range")
