"""The REST body of a campaign, as the API describes and checks it, is made from the fields of a run request."""

from functools import cache
from pathlib import Path
from typing import Any, get_origin

import pytest

from edgeprof.errors import UsageError
from edgeprof.wire import rest
from edgeprof.wire.messages import RunProtocol
from edgeprof.wire.run_field import Described, fields_of
from edgeprof_hub.app import create_app
from edgeprof_hub.campaigns.validation import check
from edgeprof_hub.config import HubSettings

KINDS = (rest.CampaignRequest, RunProtocol)
EVERY = [(kind, each) for kind in KINDS for each in fields_of(kind)]
RANGED = [(kind, each) for kind, each in EVERY if each.known.low is not None]


@cache
def schemas() -> dict[str, Any]:
    return create_app(HubSettings(data=Path("unused"))).openapi()["components"]["schemas"]


@pytest.mark.parametrize(("kind", "each"), EVERY, ids=lambda value: getattr(value, "name", ""))
def test_each_field_is_in_the_body_with_its_words_and_its_range(kind: type, each: Described) -> None:
    told = schemas()[kind.__name__]["properties"][each.name]
    assert told["description"] == each.known.help.partition(" Default:")[0]
    if each.known.low is not None:
        told = told["additionalProperties"] if told.get("type") == "object" else told
        within = told if each.known.off is None else told["anyOf"][1]
        low = within["exclusiveMinimum" if each.known.low_open else "minimum"]
        assert (low, within["maximum"]) == (each.known.low, each.known.high)


def test_the_description_keeps_one_name_for_a_protocol() -> None:
    assert [name for name in schemas() if name.startswith("RunProtocol")] == ["RunProtocol"]


@pytest.mark.parametrize(("kind", "each"), RANGED, ids=lambda value: getattr(value, "name", ""))
@pytest.mark.parametrize("above", [True, False])
def test_a_value_outside_the_range_is_refused_with_the_fields_code(kind: type, each: Described, above: bool) -> None:
    assert each.known.low is not None
    assert each.known.high is not None
    value: object = (
        each.type(each.known.high + 1 if above else each.known.low - 1) if each.type in (int, float) else 1e9
    )
    if get_origin(each.type) is dict:
        value = {"x": int(each.known.high + 1 if above else each.known.low - 1)}
    changed: dict[str, Any] = {each.name: value}
    protocol = RunProtocol(**(changed if kind is RunProtocol else {}))
    own: dict[str, Any] = {} if kind is RunProtocol else changed
    with pytest.raises(UsageError) as refused:
        check(rest.CampaignRequest(model_ids=(), device_ids=(), protocol=protocol, **own))
    assert refused.value.code == each.known.code
    assert refused.value.message.startswith(f"{each.known.title} must be ")


def test_the_codes_of_before_stay() -> None:
    codes = {each.name: each.known.code for _, each in EVERY}
    assert {name: codes[name] for name in ("threads", "repeats", "depth_tokens", "arrival_rate_per_s")} == {
        "threads": "bad_threads",
        "repeats": "bad_repeats",
        "depth_tokens": "bad_depth",
        "arrival_rate_per_s": "bad_rate",
    }
    assert {name: codes[name] for name in ("soak_s", "precision", "sweep")} == {
        "soak_s": "bad_soak",
        "precision": "bad_precision",
        "sweep": "bad_sweep",
    }


@pytest.mark.parametrize(
    ("protocol", "rate", "sentence"),
    [
        (RunProtocol(soak_s=2.0), 0.0, "Seconds of a soak must be 0 or a number from 10 to 86,400, not 2."),
        (RunProtocol(), -1.0, "Requests a second must be 0 or a number above 0 up to 1,000,000, not -1."),
        (RunProtocol(precision=2.0), 0.0, "The precision of a median must be a number from 0.0001 to 1, not 2."),
    ],
)
def test_a_refusal_names_the_field_and_its_range(protocol: RunProtocol, rate: float, sentence: str) -> None:
    with pytest.raises(UsageError) as refused:
        check(rest.CampaignRequest(model_ids=(), device_ids=(), protocol=protocol, arrival_rate_per_s=rate))
    assert refused.value.message == sentence
