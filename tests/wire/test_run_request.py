"""The fields of a run request: each has its words, each surface offers it or says why not, and old keys stay."""

from dataclasses import fields
from typing import cast

import msgspec
import pytest

from edgeprof.wire import rest
from edgeprof.wire.identity import config_key
from edgeprof.wire.run_field import SURFACES, Described, fields_of
from edgeprof.wire.run_request import RunConfig, RunOptions, RunProtocol

KINDS = (RunConfig, RunProtocol)
EVERY = [each for kind in (rest.CampaignRequest, *KINDS) for each in fields_of(kind)]
OF_A_CAMPAIGN = {"model_ids", "device_ids", "groups", "protocol", "evaluation_sets", "shots", "evaluate_only"}
"""What and where, not how: no options of a run. Sets and shots make jobs of their own."""


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_described(kind: type) -> None:
    assert {each.name for each in fields_of(kind)} == {each.name for each in fields(kind)}


def test_a_campaign_adds_two_fields_to_what_a_run_has() -> None:
    own = {each.name for each in fields_of(rest.CampaignRequest)}
    assert own == {each.name for each in fields_of(RunOptions)} | {"repeats", "flash_only"}
    assert {each.name for each in fields(rest.CampaignRequest)} == own | OF_A_CAMPAIGN


@pytest.mark.parametrize("each", EVERY, ids=lambda each: each.name)
def test_a_field_is_on_each_surface_or_says_why_not(each: Described) -> None:
    known = each.known
    offered = {"profile": known.option, "flash": known.option, "form": known.form}
    for surface in SURFACES:
        reason = known.not_offered.get(surface)
        assert (offered[surface] is None) <= (reason is not None), f"{each.name} is missing on {surface}"
        assert reason is None or len(reason.split()) > 3
    assert known.title
    assert known.help.endswith((".", ")"))


@pytest.mark.parametrize("each", EVERY, ids=lambda each: each.name)
def test_a_default_is_within_its_own_range_and_a_range_has_a_code(each: Described) -> None:
    assert each.known.allows(cast(object, each.default))
    limited = each.known.low is not None or each.known.high is not None
    assert limited <= each.known.code.startswith("bad_")


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("threads", (0, 256), (-1, 257, 10**400)),
        ("soak_s", (0.0, 10.0, 86_400.0), (9.9, -1.0, 90_000.0, float("nan"))),
        ("arrival_rate_per_s", (0.0, 0.1, 1e6), (-0.1, 2e6, float("inf"))),
        ("start_below_c", (None, -40.0), (121.0, float("nan"))),
        ("sweep", ((), (1,) * 200), ((1,) * 201,)),
        ("dims", ({"held": 0},), ({"held": -1}, {"a": 1, "b": 2**31})),
        ("input_values", ({"sr": "16000"},), ({"sr": "1\n"}, {"sr": "1" * 1001})),
        ("energy", (True, False), ()),
    ],
)
def test_ranges(name: str, inside: tuple[object, ...], outside: tuple[object, ...]) -> None:
    known = next(each.known for each in EVERY if each.name == name)
    assert all(known.allows(value) for value in inside)
    assert not any(known.allows(value) for value in outside)


def test_the_wire_has_the_names_it_had() -> None:
    assert set(msgspec.to_builtins(RunConfig(runtime="x"))) == {
        *("runtime", "threads", "provider", "shapes", "prompt_tokens", "decode_tokens", "power_mode", "depth_tokens"),
        *("arrival_rate_per_s", "require_full_delegation", "signature", "dims", "input_values", "settings"),
        *("evaluation_set", "load_only", "shots"),
    }
    assert set(msgspec.to_builtins(RunProtocol())) >= {
        *("warmup_runs", "warmup_limit_s", "min_runs", "max_runs", "window_s", "window_limit_s", "precision"),
        *("deadline_s", "seed", "cold_start", "sweep", "soak_s", "start_below_c", "heat_wait_s", "energy"),
        *("energy_limit_s", "evaluation_items", "evaluation_limit_s"),
    }


def test_keys_of_before_stay() -> None:
    """As computed before the fields had descriptions."""
    full = RunConfig(
        runtime="onnxruntime",
        threads=4,
        provider="cuda",
        shapes={"x": (1, 3)},
        prompt_tokens=64,
        decode_tokens=8,
        power_mode="MAXN",
        depth_tokens=16,
        arrival_rate_per_s=2.5,
        require_full_delegation=True,
    )
    assert (config_key(RunConfig(runtime="litert")), config_key(full)) == ("8d9a22035775fc39", "e6d7c38535670020")


def test_a_runtime_must_be_given_for_a_run_and_may_be_left_out_of_a_campaign() -> None:
    with pytest.raises(msgspec.ValidationError, match="runtime"):
        msgspec.json.decode(b"{}", type=RunConfig)
    assert msgspec.json.decode(b'{"model_ids":[],"device_ids":[]}', type=rest.CampaignRequest).runtime == ""
