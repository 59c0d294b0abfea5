"""Where nodes ran, in what arithmetic, on how many threads; and full delegation, asked for and refused."""

from dataclasses import replace
from pathlib import Path

import pytest

from edgeprof.wire.messages import Failure, Result
from edgeprof_agent.measuring import placement
from edgeprof_agent.measuring.request import MeasureRequest
from edgeprof_agent.runtimes.delegation import Placed, check_all_there
from edgeprof_agent.worker.threads import thread_count, threads_note
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure
from tests.agent import onnx_models, tflite_models
from tests.agent.gguf_models import tiny_llama
from tests.agent.measuring import BUNDLED, measured, request_for
from tests.agent.test_sweep import FAST


def fully(request: MeasureRequest) -> MeasureRequest:
    return replace(request, config=replace(request.config, require_full_delegation=True))


def failure_of(result: Result) -> Failure:
    assert result.failure is not None
    return result.failure


def notes_of(result: Result) -> tuple[str, ...]:
    assert result.effective is not None, result.failure
    return result.effective.notes


def test_nodes_are_counted_in_one_sentence_fallbacks_last() -> None:
    assert (
        placement.placement_sentence({"CPUExecutionProvider": 409, "CUDAExecutionProvider": 3})
        == "412 nodes: 3 on CUDA, 409 on CPU"
    )
    assert placement.placement_sentence({"builtin": 1, "XNNPACK": 2}) == (
        "3 nodes: 2 on XNNPACK (CPU), 1 on builtin CPU kernels"
    )
    assert placement.placement_sentence({"CPUExecutionProvider": 1}) == "1 node: 1 on CPU"
    assert placement.placement_sentence({}) is None


def test_a_provider_that_takes_no_node_is_a_failure_where_full_delegation_is_required(tmp_path: Path) -> None:
    """The CPU wheel lists Azure, which runs only operators of its own kind: everything falls back to the CPU."""
    model = onnx_models.many_operators(tmp_path / "m.onnx", 8)
    silent = measured(request_for(model, provider="azure", protocol=FAST))
    assert silent.status == "measured"
    assert "8 nodes: 8 on CPU" in notes_of(silent)
    refused = measured(fully(request_for(model, provider="azure", protocol=FAST)))
    failure = failure_of(refused)
    assert (failure.code, failure.stage) == ("partial_delegation", "load")
    assert failure.message == (
        "Full delegation to azure was required, but 8 of 8 nodes run on the CPU. "
        "First operators that fell back: Sin, Cos, Tanh, Sigmoid."
    )
    assert refused.metrics == ()


def test_on_the_cpu_itself_nothing_falls_back(tmp_path: Path) -> None:
    result = measured(fully(request_for(onnx_models.many_operators(tmp_path / "m.onnx", 8), protocol=FAST)))
    assert result.status == "measured", result.failure
    assert "full delegation was required, and every node runs on the requested provider" in notes_of(result)


def test_a_node_that_xnnpack_does_not_take_is_a_failure_where_full_delegation_is_required(tmp_path: Path) -> None:
    model = tflite_models.doubled_and_summed_up(tmp_path / "m.tflite")
    silent = measured(request_for(model, "litert", protocol=FAST))
    assert "2 nodes: 1 on XNNPACK (CPU), 1 on builtin CPU kernels" in notes_of(silent)
    failure = failure_of(measured(fully(request_for(model, "litert", protocol=FAST))))
    assert (failure.code, failure.stage) == ("partial_delegation", "load")
    assert "1 of 2 nodes run on builtin kernels" in failure.message
    assert failure.message.endswith("fell back: CUMSUM.")


def test_a_model_that_xnnpack_takes_whole_passes() -> None:
    result = measured(fully(request_for(BUNDLED / "digits-cnn-int8.tflite", "litert", protocol=FAST)))
    assert result.status == "measured", result.failure
    assert result.effective is not None
    assert set(result.effective.nodes_per_provider) == {"XNNPACK"}


def test_a_language_model_cannot_fall_back_from_the_cpu(tmp_path: Path) -> None:
    model = tiny_llama(tmp_path / "tiny.gguf")
    result = measured(fully(request_for(model, "xllamacpp", protocol=FAST)))
    assert result.status == "measured", result.failure
    assert any("nothing can fall back" in note for note in notes_of(result))


def test_a_long_list_of_operators_that_fell_back_is_cut() -> None:
    nodes = [Placed(f"Op{index}", False) for index in range(9)] + [Placed("Conv", True)]
    with pytest.raises(RuntimeFailure, match=r"9 of 10 nodes run on the CPU\..*Op0, Op1, Op2, Op3, Op4, \.\.\."):
        check_all_there("cuda", "the CPU", nodes)
    check_all_there("cuda", "the CPU", [Placed("Conv", True)])


def test_threads_are_told_as_asked_and_as_they_are(tmp_path: Path) -> None:
    result = measured(replace(_one_core(BUNDLED / "digits-cnn-fp32.onnx"), protocol=FAST))
    notes = notes_of(result)
    assert any(note.startswith("threads: 3 requested; the process had ") for note in notes)
    assert "3 threads were requested on 1 core: they take turns" in notes
    (note,) = (note for note in notes if note.startswith("threads: "))
    _, before, after = (int(word) for word in note.split() if word.isdigit())
    assert after == before + 2, "a pool of 3 is the calling thread and two more"
    assert placement.cores_sentence(1, (0,)) is None
    assert "not known here" in threads_note(1, 1, thread_count(tmp_path / "none"))


def _one_core(path: Path) -> MeasureRequest:
    request = request_for(path, cores=(0,))
    return replace(request, config=replace(request.config, threads=3))
