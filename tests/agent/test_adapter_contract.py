"""What every runtime adapter keeps to: what the worker and the rest of the agent take for granted, once for each.

A runtime that is added to the table is tested here without a change. One that the `dev` extra does not install belongs
to the full tier and is named in FULL_TIER.
"""

import contextlib
import importlib
import json
import time
from collections.abc import Generator
from dataclasses import replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

import pytest

from edgeprof.modelfiles import served_file
from edgeprof.modelfiles.served_file import Served
from edgeprof.wire.formats import FIRST_RUNTIME, FORMATS, ModelFormat, is_language
from edgeprof.wire.metrics import METRICS
from edgeprof_agent.endpoint import parse_endpoint
from edgeprof_agent.measuring.request import MeasureRequest
from edgeprof_agent.measuring.worker_job import job_of
from edgeprof_agent.worker_protocol.adapter import Closing, Lengths, RemoteModel, Runtime, TensorModel, TextModel
from edgeprof_agent.worker_protocol.document import Operators, Output, RuntimeSetting, WorkerJob
from edgeprof_agent.worker_protocol.runtime_table import VARIANTS
from tests.agent.gguf_models import tiny_llama
from tests.agent.measuring import BUNDLED, measured, request_for
from tests.agent.odd_endpoint import odd_endpoint

FULL_TIER = {"llama-cpp-python", "tflite-runtime"}
PROMPT, GENERATED = 40, 8


PARAMETERS = {name: pytest.param(name, marks=pytest.mark.full if name in FULL_TIER else ()) for name in VARIANTS}
WRITES_TOKENS = {name: is_language(variant.formats[0]) for name, variant in VARIANTS.items()}
of_tensor_runtimes = pytest.mark.parametrize(
    "variant", [PARAMETERS[name] for name in VARIANTS if not WRITES_TOKENS[name]], indirect=True
)
of_text_runtimes = pytest.mark.parametrize(
    "variant", [PARAMETERS[name] for name in VARIANTS if WRITES_TOKENS[name]], indirect=True
)


@pytest.fixture(params=PARAMETERS.values())
def variant(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if find_spec(VARIANTS[name].module) is None:
        pytest.skip(f"{VARIANTS[name].package} is not installed; {VARIANTS[name].install} brings it")
    return name


@contextlib.contextmanager
def asked_of(variant: str, folder: Path) -> Generator[MeasureRequest]:
    """A request for the smallest real model that the runtime can take."""
    match VARIANTS[variant].formats[0]:
        case "onnx":
            yield request_for(BUNDLED / "digits-cnn-int8.onnx", variant)
        case "tflite":
            yield request_for(BUNDLED / "digits-cnn-int8.tflite", variant)
        case "gguf":
            yield _with_lengths(request_for(tiny_llama(folder / "tiny.gguf"), variant))
        case "served":
            file = folder / "odd-1.served"
            file.write_bytes(served_file.written(Served(edgeprof_served=1, model="odd-1")))
            with odd_endpoint() as server:
                yield replace(_with_lengths(request_for(file, variant)), endpoint=parse_endpoint(server.url, None, {}))
        case other:
            pytest.fail(f"This test has no model of the format {other} yet: give it one.")


def _with_lengths(request: MeasureRequest) -> MeasureRequest:
    return replace(request, config=replace(request.config, prompt_tokens=PROMPT, decode_tokens=GENERATED))


@pytest.fixture
def request_(variant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[MeasureRequest]:
    monkeypatch.chdir(tmp_path)  # as a worker has a folder of its own: a runtime may leave a trace there
    with asked_of(variant, tmp_path) as request:
        yield request


@pytest.fixture
def job(request_: MeasureRequest) -> WorkerJob:
    return job_of(request_, "measure", 60.0)


def runtime_of(variant: str) -> Runtime:
    """As the worker makes it: the package first, then our adapter's class without an argument."""
    importlib.import_module(VARIANTS[variant].imported)
    module, _, name = VARIANTS[variant].target.partition(":")
    return getattr(importlib.import_module(module), name)()


@contextlib.contextmanager
def opened(variant: str, job: WorkerJob) -> Generator[TensorModel | TextModel]:
    model = runtime_of(variant).open(job)
    try:
        if model.kind == "tensor":
            model.bind()
        yield model
    finally:
        if isinstance(model, Closing):
            model.close()


@contextlib.contextmanager
def tensor_model(variant: str, job: WorkerJob) -> Generator[TensorModel]:
    with opened(variant, job) as model:
        assert model.kind == "tensor"
        yield model


@contextlib.contextmanager
def text_model(variant: str, job: WorkerJob) -> Generator[TextModel]:
    with opened(variant, job) as model:
        assert model.kind == "text"
        yield model


def crosses_the_pipe(document: RuntimeSetting | Operators | Output, kind: type) -> None:
    """All its fields and no other, in JSON's own types: the worker writes it as a line of JSON."""
    assert set(document) == set(kind.__annotations__)
    assert json.loads(json.dumps(document)) == document


def test_a_model_is_measured_end_to_end(variant: str, request_: MeasureRequest) -> None:
    """Through parent, worker and result: nothing else has to know the runtime's name."""
    result = measured(request_)
    assert result.status == "measured", result.failure
    assert result.effective is not None
    assert result.effective.runtime == variant
    assert {row.metric for row in result.metrics} & {"latency_p50_ms", "decode_tokens_per_s"}
    assert {row.metric for row in result.metrics} <= set(METRICS)


def test_a_setting_tells_what_the_runtime_runs_with(variant: str, job: WorkerJob) -> None:
    with opened(variant, job) as model:
        if model.kind == "tensor":
            model.infer()
        else:
            model.prefill()  # xllamacpp's server may wait forever for its end where it was asked nothing
        setting = model.setting()
    crosses_the_pipe(setting, RuntimeSetting)
    package = version(VARIANTS[variant].package)
    assert setting["runtime_version"].split("+")[0] in package or package in setting["runtime_version"]
    assert setting["threads"] == (0 if VARIANTS[variant].needs_endpoint else job["config"].threads)
    assert setting["provider"] == ("endpoint" if VARIANTS[variant].needs_endpoint else "cpu")
    assert setting["inputs"]
    assert setting["input_source"]


def test_operators_are_counted_or_their_absence_is_noted(variant: str, job: WorkerJob) -> None:
    with opened(variant, job) as model:
        if model.kind == "tensor":
            model.infer()
        else:
            model.decode()
        operators = model.operators()
    crosses_the_pipe(operators, Operators)
    assert operators["operators"] or operators["notes"]
    assert all(count > 0 for count in operators["operators"].values())
    nodes = operators["nodes_per_provider"]
    assert all(count > 0 for count in nodes.values())
    for kernels in (operators["integer_kernels"], operators["float_kernels"]):
        assert kernels is None or kernels >= 0
    if model.kind == "tensor":
        assert operators["operators"]
        assert sum(nodes.values()) > 0
        assert (operators["integer_kernels"] or 0) > 0  # an int8 model: it counts them, or says None and is wrong here


def test_a_file_that_is_no_model_raises_and_kills_nothing(variant: str, job: WorkerJob, tmp_path: Path) -> None:
    broken = tmp_path / f"broken{Path(job['model_path']).suffix}"
    broken.write_bytes(Path(job["model_path"]).read_bytes()[:24] + b"\xff" * 200)
    with pytest.raises(Exception, match=r"."), opened(variant, {**job, "model_path": str(broken)}):
        pass


@of_tensor_runtimes
def test_a_tensor_model_infers_at_its_shapes_and_comes_back_to_them(variant: str, job: WorkerJob) -> None:
    with tensor_model(variant, job) as model:
        fine: Output = {"non_finite": 0, "wrong_shapes": [], "notes": []}
        for _ in range(2):
            model.infer()
        crosses_the_pipe(model.output(), Output)
        assert model.output() == fine
        own = model.setting()["inputs"]
        shapes = {name: [int(size) for size in _sizes(text)] for name, text in own.items()}
        model.reshape(shapes)
        model.infer()
        assert (model.setting()["inputs"], model.output()) == (own, fine)
        model.reshape({})
        model.infer()
        assert (model.setting()["inputs"], model.output()) == (own, fine)


def _sizes(described: str) -> list[str]:
    """`float32[1,1,8,8]`"""
    return described.partition("[")[2].partition("]")[0].split(",")


@of_text_runtimes
def test_a_language_models_times_lie_within_their_spans(variant: str, job: WorkerJob) -> None:
    with text_model(variant, job) as model:
        before_ns = time.monotonic_ns()
        prefills = [model.first_prompt(), model.prefill(), model.prefill()]
        decodes = [model.decode(), model.decode()]
        after_ns = time.monotonic_ns()
        for span in (*prefills, *decodes):
            assert before_ns <= span.start_ns < span.end_ns <= after_ns
        for prefill in prefills:
            assert 0 < prefill.prompt_ns <= prefill.first_token_ns
        for decode in decodes:
            assert 1 <= decode.steps <= decode.tokens <= decode.steps + 2
            assert 0 < decode.total_ns <= decode.end_ns - decode.start_ns
            assert sum(decode.gaps_ns) <= decode.total_ns * 1.01
        output = model.output()
        assert output is None or output["non_finite"] == 0
        assert model.no_requests() is None or model.absent is not None
        model.request()


@of_text_runtimes
def test_a_language_model_takes_other_lengths_and_gives_its_context_back(variant: str, job: WorkerJob) -> None:
    with text_model(variant, job) as model:
        model.prefill()
        depth = 0 if VARIANTS[variant].needs_endpoint else 16
        for lengths in (Lengths(PROMPT // 2, 4, depth), Lengths(PROMPT, GENERATED, 0)):
            model.release_context()
            model.resize_context(lengths)
            assert model.prefill().prompt_ns > 0
            assert 1 <= model.decode().steps <= lengths.decode_tokens + 1


@of_text_runtimes
def test_what_a_language_model_cannot_tell_has_a_reason(variant: str, job: WorkerJob) -> None:
    with text_model(variant, job) as model:
        model.prefill()
        model.decode()
        for metric, times_ns in {
            "ttft_cached_ms": model.cached_prompt_ns(3),
            "tokenize_ms": model.tokenize_ns(),
            "sample_ms": model.sample_ns(),
        }.items():
            assert bool(times_ns) != (metric in model.absent), metric
            assert all(time_ns > 0 for time_ns in times_ns)
        assert (model.kv_cache_kib is None) == ("kv_cache_mib" in model.absent)
        assert set(model.absent) <= set(METRICS)
        assert all(model.absent.values())
        assert isinstance(model, RemoteModel) == VARIANTS[variant].needs_endpoint


def test_the_first_runtime_of_a_format_is_what_the_hub_names_for_a_device_that_told_none() -> None:
    for name in FORMATS:
        assert FIRST_RUNTIME[name] == next(each for each, variant in VARIANTS.items() if name in variant.formats)
    assert {name for variant in VARIANTS.values() for name in variant.formats} <= set(get_args(ModelFormat))
