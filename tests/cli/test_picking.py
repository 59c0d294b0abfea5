"""What a person's words mean."""

from dataclasses import replace

import pytest

from edgeprof.client import resolve
from edgeprof.errors import UsageError
from edgeprof.wire import rest
from edgeprof.wire.messages import RunProtocol
from edgeprof.wire.model_names import distinct_names
from tests.hub import fleet


def device(number: int, name: str, label: str = "", online: bool = True) -> rest.DeviceRecord:
    return replace(fleet.record(number, name=name, online=online), label=label or name)


KITCHEN = device(1, "kitchen")
TWINS = [device(2, "board", "board (0002)"), device(3, "board", "board (0003)", online=False)]
KNOWN = [KITCHEN, *TWINS]


def code_of(targets: tuple[str, ...], known: list[rest.DeviceRecord] = KNOWN) -> str:
    with pytest.raises(UsageError) as refused:
        resolve.devices(known, targets, everywhere=False)
    return refused.value.code


def test_a_device_is_named_by_name_label_or_id_and_once() -> None:
    targets = ("kitchen", "board (0003)", fleet.device_id(2), fleet.device_id(2))
    assert resolve.devices(KNOWN, targets, everywhere=False) == [KITCHEN, TWINS[1], TWINS[0]]


def test_all_means_those_that_are_online() -> None:
    assert resolve.devices(KNOWN, (), everywhere=True) == [KITCHEN, TWINS[0]]
    with pytest.raises(UsageError) as refused:
        resolve.devices([TWINS[1]], (), everywhere=True)
    assert refused.value.code == "no_device"


def test_words_that_name_no_single_device_are_refused() -> None:
    assert code_of(()) == "no_target"
    assert code_of(("cellar",)) == "unknown_device"
    assert code_of(("cellar",), []) == "unknown_device"
    assert code_of(("board",)) == "ambiguous_device"


def test_a_model_is_named_by_name_id_or_a_long_start_of_its_id() -> None:
    record = fleet.model("digits", "digits")
    for text in ("digits", record.model_id, record.model_id[:8]):
        assert resolve.stored_model([record], text) == record
    assert resolve.stored_model([record], record.model_id[:7]) is None


def test_two_models_of_one_name_are_told_apart_by_their_ids() -> None:
    one = fleet.model("digits", "one")
    two = fleet.model("digits", "two")
    with pytest.raises(UsageError, match=two.model_id[:12]) as refused:
        resolve.stored_model([one, two], "digits")
    assert refused.value.code == "ambiguous_model"


def test_jobs_are_named_in_columns_and_a_long_name_is_cut() -> None:
    long = device(4, "d" * 80)
    models = [fleet.model("a", "a"), fleet.model("longer", "b")]
    describe = resolve.describer([KITCHEN, long], models)
    names = [describe(job(item, record)) for item in (KITCHEN, long) for record in models]
    assert len({len(name) for name in names}) == 1
    assert names[0] == f"{'kitchen':<28}  a     "
    assert names[3] == f"{'d' * 27}…  longer"


def job(item: rest.DeviceRecord, record: rest.ModelRecord) -> rest.JobRecord:
    return rest.JobRecord(
        job_id="j",
        campaign_id="c",
        attempt=1,
        device_id=item.device_id,
        model_id=record.model_id,
        config=fleet.config(record),
        config_key="k",
        protocol=RunProtocol(),
        state="queued",
        stage="",
        fraction=None,
        note="",
        result_id=None,
        created_s=0.0,
        updated_s=0.0,
    )


def test_a_renamed_device_is_no_longer_found_by_its_old_name() -> None:
    renamed = replace(KITCHEN, name="cellar", label="cellar")
    assert code_of(("kitchen",), [renamed]) == "unknown_device"


def test_models_of_one_name_are_told_apart_by_their_ids() -> None:
    one, other = fleet.model("net", "a"), fleet.model("net", "b")
    assert resolve.namesakes([one], one) is None
    names = distinct_names({item.model_id: item.name for item in (one, other)})
    assert resolve.namesakes([one, other], one) == (
        f"2 models are named net. This is {names[one.model_id]}, not {names[other.model_id]}."
    )
    assert names[one.model_id] == f"net ({one.model_id[:8]})"


def test_a_name_like_another_with_its_id_stays_distinct() -> None:
    ids = ["a" * 64, "b" * 64, "c" * 64]
    names = distinct_names(dict(zip(ids, ("net", "net", f"net ({'a' * 8})"), strict=True)))
    assert len(set(names.values())) == 3
    assert names[ids[2]] == f"net ({'a' * 8})"
