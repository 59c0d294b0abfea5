"""A live PyTorch module: exported by PyTorch itself, measured like any file, and left as it was."""

import pytest

import edgeprof
from edgeprof.profiler.plan import OptionValue

BRIEF: dict[str, OptionValue] = {
    "threads": 1,
    "window_s": 0.1,
    "window_limit_s": 0.1,
    "warmup_runs": 1,
    "warmup_limit_s": 0.1,
    "cold_start": False,
}


@pytest.mark.full
@pytest.mark.filterwarnings("ignore")  # of PyTorch's exporter about itself
def test_a_live_module_is_profiled_and_one_that_cannot_be_exported_is_named() -> None:
    import torch  # pyright: ignore[reportMissingImports]

    class Odd(torch.nn.Module):  # pyright: ignore
        def forward(self, x: object) -> object:
            raise RuntimeError("not today\nmore lines")

    net = torch.nn.Linear(16, 4)  # pyright: ignore
    odd = Odd()  # pyright: ignore
    inputs = (torch.zeros(1, 16),)  # pyright: ignore
    made = edgeprof.ModelProfiler(
        [
            edgeprof.TorchModel(module=net, example_inputs=inputs, name="net"),  # pyright: ignore
            edgeprof.TorchModel(module=odd, example_inputs=inputs, name="odd"),  # pyright: ignore
        ],
        ["latency"],
        options=BRIEF,
    ).characterize_models()
    good, bad = made.profiles
    assert good.failures == ()
    assert good.figure("latency_p50_ms") is not None
    assert net.training  # pyright: ignore
    assert bad.failures[0].code == "export_failed"
    assert bad.failures[0].message.startswith("PyTorch cannot export odd to ONNX: ")
    assert bad.failures[0].message.isprintable()
