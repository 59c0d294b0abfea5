"""Repeats of a campaign: every cell as often as asked, spread over the device's time; the order follows from the id."""

from collections import Counter
from dataclasses import replace

import pytest

from edgeprof.errors import UsageError
from edgeprof.wire import rest
from edgeprof.wire.evidence import SweepAt
from edgeprof.wire.messages import RunProtocol
from edgeprof_hub.campaigns.planning import blocks, plan, protocol_for, resolve
from tests.hub import fleet
from tests.hub.test_planning import device

MODELS = [fleet.model(f"m{number}", "digits") for number in range(4)]
GGUF = fleet.model("llm", "smol", "gguf")
REQUEST = rest.CampaignRequest(model_ids=(), device_ids=(), repeats=3)


def order_of(jobs: list[rest.JobRecord], number: int) -> list[str]:
    return [job.model_id for job in jobs if job.device_id == fleet.device_id(number)]


def names_of(seed: str) -> tuple[str, ...]:
    return tuple(model.name for model in blocks(MODELS, 3, seed))


def test_each_block_of_a_device_holds_every_cell_once() -> None:
    jobs = plan(REQUEST, MODELS, [device(1), device(2)], 0.0)
    ids = {model.model_id for model in MODELS}
    for number in (1, 2):
        order = order_of(jobs, number)
        assert len(order) == 12
        assert all(set(order[start : start + 4]) == ids for start in (0, 4, 8))
    assert len({job.job_id for job in jobs}) == 24
    assert Counter(job.config_key for job in jobs).most_common(1)[0][1] == 24


def test_blocks_are_drawn_anew_and_the_same_seed_draws_the_same() -> None:
    orders = [names_of(f"campaign {number}") for number in range(40)]
    assert orders == [names_of(f"campaign {number}") for number in range(40)]
    assert len(set(orders)) > 30
    within = [(order[:4], order[4:8], order[8:]) for order in orders]
    assert sum(len(set(three)) > 1 for three in within) > 30
    first = Counter(order[0] for order in orders)
    assert len(first) == 4, "every model comes first now and then"


def test_a_single_block_keeps_the_order_that_was_asked_for() -> None:
    jobs = plan(replace(REQUEST, repeats=1), MODELS, [device(1)], 0.0)
    assert order_of(jobs, 1) == [model.model_id for model in MODELS]


def test_repeats_count_against_the_size_of_a_campaign() -> None:
    with pytest.raises(UsageError, match="Split it"):
        plan(replace(REQUEST, repeats=1000), MODELS, [device(1), device(2)], 0.0)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (replace(REQUEST, repeats=0), "bad_repeats"),
        (replace(REQUEST, threads=-1), "bad_threads"),
        (replace(REQUEST, depth_tokens=-1), "bad_depth"),
        (replace(REQUEST, arrival_rate_per_s=float("nan")), "bad_rate"),
        (replace(REQUEST, protocol=RunProtocol(soak_s=2.0)), "bad_soak"),
        (replace(REQUEST, protocol=RunProtocol(precision=0.0)), "bad_precision"),
        (replace(REQUEST, protocol=RunProtocol(label="x" * 81)), "bad_label"),
        (replace(REQUEST, protocol=RunProtocol(label="two\nlines")), "bad_label"),
        (replace(REQUEST, protocol=RunProtocol(sweep=(SweepAt(prompt_tokens=8),))), "bad_sweep"),
        (replace(REQUEST, protocol=RunProtocol(sweep=(SweepAt(shapes={"x": (1,)}),) * 300)), "bad_sweep"),
    ],
)
def test_what_no_device_could_follow_is_refused_by_name(request_: rest.CampaignRequest, code: str) -> None:
    with pytest.raises(UsageError) as refused:
        plan(request_, MODELS, [device(1)], 0.0)
    assert refused.value.code == code


def test_runs_with_two_labels_fill_the_same_cell() -> None:
    one, other = (
        plan(replace(REQUEST, repeats=1, protocol=RunProtocol(label=label)), MODELS[:1], [device(1)], 0.0)[0]
        for label in ("before", "after")
    )
    assert one.config_key == other.config_key
    assert (one.protocol.label, other.protocol.label) == ("before", "after")


def test_depth_goes_to_language_models_only_and_rate_and_delegation_to_all() -> None:
    asked = replace(REQUEST, depth_tokens=512, arrival_rate_per_s=40.0, require_full_delegation=True)
    tensor, text = resolve(asked, MODELS[0], None), resolve(asked, GGUF, None)
    assert (tensor.depth_tokens, text.depth_tokens) == (0, 512)
    for config in (tensor, text):
        assert config.arrival_rate_per_s == 40.0
        assert config.require_full_delegation


def test_a_model_is_given_only_the_points_that_it_has_a_use_for() -> None:
    shapes, tokens = SweepAt(shapes={"x": (2, 3)}), SweepAt(depth_tokens=512)
    protocol = RunProtocol(sweep=(shapes, tokens), soak_s=60.0)
    assert protocol_for(protocol, "onnx").sweep == (shapes,)
    assert protocol_for(protocol, "gguf").sweep == (tokens,)
    assert protocol_for(protocol, "tflite").soak_s == 60.0
    jobs = plan(replace(REQUEST, protocol=protocol, repeats=1), [MODELS[0], GGUF], [device(1)], 0.0)
    assert [job.protocol.sweep for job in jobs] == [(shapes,), (tokens,)]
