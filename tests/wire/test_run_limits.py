"""Values that no device can follow are refused by name, whoever sends them: in a request and in a job."""

from dataclasses import replace

import pytest

from edgeprof.wire.run_config import MAX_SIZE
from edgeprof.wire.run_limits import problem
from edgeprof.wire.run_request import RunConfig, RunProtocol
from edgeprof.wire.sweep_at import SweepAt

CONFIG, PROTOCOL = RunConfig(runtime="onnxruntime"), RunProtocol()


def test_what_is_usual_is_no_problem() -> None:
    assert problem(CONFIG, RunConfig) is None
    assert problem(PROTOCOL, RunProtocol) is None
    assert problem(replace(CONFIG, shapes={"x": (1, 0, MAX_SIZE)}), RunConfig) is None
    assert problem(replace(PROTOCOL, sweep=(SweepAt(prompt_tokens=1, depth_tokens=0),)), RunProtocol) is None


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"threads": -5}, "bad_threads"),
        ({"threads": 10**9}, "bad_threads"),
        ({"prompt_tokens": -1}, "bad_prompt"),
        ({"decode_tokens": 10**12}, "bad_decode"),
        ({"shapes": {"x": (-1, 0)}}, "bad_shape"),
        ({"dims": {"n": -1}}, "bad_dim"),
        ({"shapes": {"x": (2**40,)}}, "bad_shape"),
        ({"arrival_rate_per_s": float("nan")}, "bad_rate"),
    ],
)
def test_a_configuration_that_cannot_be(changed: dict[str, object], code: str) -> None:
    found = problem(replace(CONFIG, **changed), RunConfig)  # type: ignore[arg-type]
    assert found is not None
    assert found.code == code


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"deadline_s": -1.0}, "bad_deadline"),
        ({"deadline_s": 1e300}, "bad_deadline"),
        ({"deadline_s": float("inf")}, "bad_deadline"),
        ({"window_s": -1.0}, "bad_window"),
        ({"min_runs": 50, "max_runs": 49}, "bad_window"),
        ({"min_runs": -1}, "bad_window"),
        ({"max_runs": 10**18}, "bad_window"),
        ({"warmup_runs": -1}, "bad_warmup"),
        ({"precision": 0.0}, "bad_precision"),
        ({"sweep": (SweepAt(prompt_tokens=-1),)}, "bad_sweep"),
        ({"sweep": (SweepAt(depth_tokens=10**9),)}, "bad_sweep"),
        ({"sweep": (SweepAt(shapes={"x": (-1,)}),)}, "bad_shape"),
    ],
)
def test_a_protocol_that_cannot_be(changed: dict[str, object], code: str) -> None:
    found = problem(replace(PROTOCOL, **changed), RunProtocol)  # type: ignore[arg-type]
    assert found is not None
    assert found.code == code
    assert len(found.sentence) < 200
