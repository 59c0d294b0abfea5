"""Families merged, split and renamed; tags; what moves is told first; every change is on record."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edgeprof.client.http_client import HubError
from edgeprof.errors import UsageError
from edgeprof.wire import identity, rest
from edgeprof_hub.registry import tags
from edgeprof_hub.store.gates import set_gates, set_lead
from edgeprof_hub.store.writer import SqliteWriter
from tests.hub import fleet, quality_cases
from tests.hub.conftest import Open
from tests.hub.live import Live, eventually, serving
from tests.hub.quality_cases import emptied, evaluated

A1, A2 = fleet.model("net fp32", "net"), fleet.model("net int8", "net", quantization="int8")
B1 = replace(fleet.model("other", "other", task="text"), parameters=9000)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with serving(tmp_path_factory.mktemp("families") / "data") as found:
        yield found


@pytest.fixture
def live(shared: Live) -> Live:
    """The same hub, with nothing in it: starting one takes longer than a test."""

    def change(store: SqliteWriter) -> None:
        families = [one.family for one in shared.hub.reader.models()]
        for family in (*families, "net", "other", "small"):
            store.change(lambda db, family=family: set_gates(db, family, ()))
        store.change(lambda db: db.execute("DELETE FROM label_change"))

    emptied(shared.hub)
    shared.hub.writer.call(change)
    return shared


def filled(live: Live) -> None:
    results = [fleet.result(1, model, fleet.vision_rows(1.0, 0.01)) for model in (A1, A2, B1)]
    of = fleet.Fleet([fleet.state(1, "pi")], models=[A1, A2, B1], results=results)
    live.hub.writer.call(lambda store: fleet.fill(store, of))


def asked(act: str, family: str, into: str, *models: rest.ModelRecord, **more: bool) -> rest.FamilyChange:
    ids = tuple(model.model_id for model in models)
    return rest.FamilyChange(act=act, family=family, into=into, model_ids=ids, **more)  # pyright: ignore[reportArgumentType]


def families(live: Live) -> dict[str, int]:
    return {one.name: len(one.model_ids) for one in live.client.families()}


def test_a_merge_tells_first_and_moves_models_cells_and_gates(live: Live) -> None:
    filled(live)
    live.client.set_gates("net", [quality_cases.GATE])
    told = live.client.change_family(asked("merge", "net", "other", dry_run=True))
    assert not told.done
    assert families(live) == {"net": 2, "other": 1}
    assert told.sentences[0] == "From net to other: 2 models (net fp32, net int8)."
    assert any(line.startswith("Cells of the comparison that follow: 2.") for line in told.sentences)
    assert f"Gates that move along to other: 1 ({quality_cases.GATE})." in told.sentences
    assert "Left in net: no model. The family leaves the lists." in told.sentences
    assert any("Their tasks differ: other, text." in line for line in told.warnings)
    assert live.client.change_family(asked("merge", "net", "other")).done
    assert families(live) == {"other": 3}
    assert live.client.gates("other").gates == (quality_cases.GATE,)
    assert {column.family for column in live.client.compare().columns} == {"other"}
    changes = live.client.label_changes()
    assert {(one.kind, one.field, one.before, one.after) for one in changes} == {
        ("model", "family", "net", "other"),
        ("family", "gates", "", quality_cases.GATE),
        ("family", "gates", quality_cases.GATE, ""),
    }


def test_the_set_chosen_for_the_comparison_moves_along_unless_the_other_family_has_one(live: Live) -> None:
    filled(live)
    live.hub.writer.call(lambda store: store.change(lambda db: set_lead(db, "net", ("set-1", 0))))
    told = live.client.change_family(asked("rename", "net", "small"))
    assert "The comparison then shows quality on the set chosen for net." in told.sentences
    assert live.hub.reader.gates.leads(["net", "small", "other"]) == {"small": ("set-1", 0)}
    live.hub.writer.call(lambda store: store.change(lambda db: set_lead(db, "other", ("set-2", 5))))
    live.client.change_family(asked("merge", "small", "other"))
    assert live.hub.reader.gates.leads(["small", "other"]) == {"other": ("set-2", 5)}
    noted = [(one.subject, one.before, one.after) for one in live.client.label_changes() if one.field == "lead set"]
    assert sorted(noted) == [
        ("net", "set-1 (0 shots)", ""),
        ("small", "", "set-1 (0 shots)"),
        ("small", "set-1 (0 shots)", ""),
    ]
    live.hub.writer.call(lambda store: store.change(lambda db: set_lead(db, "other", None)))


def test_a_split_leaves_the_gates_unless_they_are_copied(live: Live) -> None:
    filled(live)
    live.client.set_gates("net", [quality_cases.GATE])
    told = live.client.change_family(asked("split", "net", "small", A2))
    assert f"Gates that stay with net, not with the moved models: 1 ({quality_cases.GATE})." in told.sentences
    assert families(live) == {"net": 1, "other": 1, "small": 1}
    assert live.client.gates("small").gates == ()
    live.client.change_family(asked("merge", "small", "net"))
    live.client.change_family(asked("split", "net", "small", A2, copy_gates=True))
    assert live.client.gates("small").gates == live.client.gates("net").gates == (quality_cases.GATE,)


def test_a_merge_takes_nothing_along_that_was_not_shown(live: Live) -> None:
    filled(live)
    told = live.client.change_family(asked("merge", "net", "other", dry_run=True))
    live.hub.writer.call(lambda store: store.save_model(fleet.model("net int4", "net", quantization="int4")))
    with pytest.raises(HubError) as refused:
        live.client.change_family(replace(told.change, model_ids=told.model_ids, dry_run=False))
    assert refused.value.code == "family_changed"
    assert families(live) == {"net": 3, "other": 1}


def test_networks_of_unlike_size_are_doubted(live: Live) -> None:
    small = replace(fleet.model("tiny", "tiny"), parameters=100)
    filled(live)
    live.hub.writer.call(lambda store: store.save_model(small))
    told = live.client.change_family(asked("merge", "tiny", "other", dry_run=True))
    assert "They may be different networks. Parameters: tiny 100, other 9,000." in told.warnings


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (asked("merge", "net", "net"), "same_family"),
        (asked("merge", "net", "nowhere"), "no_family"),
        (asked("merge", "nowhere", "net"), "not_found"),
        (asked("rename", "net", "other"), "family_exists"),
        (asked("rename", "net", "x" * 200), "bad_name"),
        (asked("rename", "net", " "), "bad_name"),
        (asked("split", "net", "new"), "empty_family_change"),
        (asked("split", "net", "new", A1, A2), "whole_family"),
        (asked("split", "other", "new", B1), "whole_family"),
        (asked("split", "net", "new", B1), "not_found"),
        (asked("split", "net", "other", A1), "family_exists"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused_and_changes_nothing(
    live: Live, change: rest.FamilyChange, code: str
) -> None:
    filled(live)
    for dry_run in (True, False):
        with pytest.raises(HubError) as refused:
            live.client.change_family(replace(change, dry_run=dry_run))
        assert refused.value.code == code
    assert families(live) == {"net": 2, "other": 1}
    assert live.client.label_changes() == []


def test_a_model_that_runs_while_its_family_changes_reports_into_the_new_one(live: Live) -> None:
    filled(live)
    request = rest.CampaignRequest(model_ids=(A2.model_id,), device_ids=(fleet.device_id(1),))
    job = live.client.start_campaign(request).jobs[0]
    told = live.client.change_family(asked("split", "net", "small", A2))
    assert "Queued or running jobs: 1. They go on; results count in small." in told.sentences
    done = replace(fleet.result(1, A2, fleet.vision_rows(2.0, 0.01)), job_id=job.job_id, result_id=identity.new_id())
    live.hub.writer.call(lambda store: store.save_result(done, "0" * 64, fleet.NOW_S))
    column = next(one for one in live.client.compare().columns if one.model_id == A2.model_id)
    assert column.family == "small"
    assert live.client.result(done.result_id).result.model_id == A2.model_id


def test_verdicts_that_lose_their_reference_are_told_and_judged_again(live: Live) -> None:
    family, (source, good, bad) = quality_cases.FAMILY, quality_cases.MODELS
    runs = [
        evaluated(live.hub, 1, source, quality_cases.RIGHT),
        evaluated(live.hub, 1, good, quality_cases.SLIGHTLY),
        evaluated(live.hub, 1, bad, quality_cases.WORSE),
    ]
    quality_cases.store(live.hub, *runs)
    told = live.client.change_family(asked("split", family, "float", source, dry_run=True))
    assert any("lose their reference" in line for line in told.warnings)
    live.client.change_family(asked("split", family, "quantized", good))
    eventually(lambda: all(one.model_id != good.model_id for one in live.client.gates(family).verdicts))


def test_tags_are_words_of_small_letters_and_stay_when_the_device_comes_back(live: Live) -> None:
    filled(live)
    device_id = fleet.device_id(1)
    live.client.tag_device(device_id, ["Lab", "room-2", "lab"])
    live.client.edit_model(A1.model_id, rest.ModelPatch(tags=("candidate",)))
    live.hub.writer.call(lambda store: store.save_state(fleet.state(1, "pi"), fleet.NOW_S))
    live.hub.writer.call(lambda store: store.save_facts(fleet.facts(1), None, ""))
    assert live.client.devices()[0].tags == ("lab", "room-2")
    assert next(one for one in live.client.models() if one.model_id == A1.model_id).tags == ("candidate",)
    for wrong in (["a,b"], ["a b"], ["x" * 41], [""], ["-a"], [f"t{n}" for n in range(21)]):
        with pytest.raises(HubError) as refused:
            live.client.tag_device(device_id, wrong)
        assert refused.value.code in ("bad_tag", "too_many_tags")
    assert [one.field for one in live.client.label_changes("device", device_id)] == ["tags"]


def test_a_line_of_tags_may_have_commas_and_spaces() -> None:
    assert tags.parse(" Lab, room-2  küche,,") == ("küche", "lab", "room-2")
    assert tags.parse("") == ()
    with pytest.raises(UsageError):
        tags.parse("a, <b>")


def test_labels_are_edited_in_a_browser_and_a_change_of_family_is_confirmed(open_hub: Open, tmp_path: Path) -> None:
    results = [fleet.result(1, model, fleet.vision_rows(1.0, 0.01)) for model in (A1, A2, B1)]
    client = open_hub(fleet.Fleet([fleet.state(1, "pi")], models=[A1, A2, B1], results=results))
    assert "net int8" in client.get("/families").text
    form = {"act": "split", "family": "net", "into": "small", "model": A2.model_id}
    shown = client.post("/families", data=form)
    assert shown.status_code == 200
    assert "From net to small: 1 model (net int8)." in shown.text
    assert "small" not in {one["name"] for one in client.get("/api/v1/families").json()}
    assert client.post("/families", data={**form, "confirmed": "yes"}).headers["location"] == "/families?changed=small"
    assert client.post("/families", data={"act": "merge", "family": "net", "into": "net"}).status_code == 400
    assert client.post("/families", data={"act": "nonsense", "family": "net", "into": "x"}).status_code == 400
    about = {"family": "other", "variant": "int8-static", "quantization": "int8", "task": "other", "parameters": ""}
    told = client.post(f"/models/{A2.model_id}/about", data=about)
    assert "Cells of the comparison that follow: 1." in told.text
    assert client.post(f"/models/{A2.model_id}/about", data={**about, "confirmed": "yes"}).status_code == 303
    model = client.get(f"/api/v1/models/{A2.model_id}").json()
    assert (model["family"], model["variant"]) == ("other", "int8-static")
    assert client.post(f"/models/{A2.model_id}/tags", data={"words": "best, Small"}).status_code == 303
    assert client.post(f"/devices/{fleet.device_id(1)}/tags", data={"words": "lab"}).status_code == 303
    page = client.get(f"/models/{A2.model_id}").text
    assert 'value="best, small"' in page
    assert "Label changes" in page
    assert 'value="lab"' in client.get(f"/devices/{fleet.device_id(1)}").text
    assert "best, small" in client.get("/families").text


def test_a_family_of_more_models_than_a_form_has_fields_is_renamed(open_hub: Open) -> None:
    models = [fleet.model(f"net {number}", "net") for number in range(1100)]
    client = open_hub(fleet.Fleet([], models=models, results=[]))
    shown = client.post("/families", data={"act": "rename", "family": "net", "into": "small"})
    form = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', shown.text))
    assert len(form["model"].split(",")) == 1100
    assert client.post("/families", data=form).headers["location"] == "/families?changed=small"
    several = {"act": "split", "family": "small", "into": "two", "model": [one.model_id for one in models[:2]]}
    assert "2 models" in client.post("/families", data=several).text


def test_two_models_of_one_name_are_told_apart_on_every_page(open_hub: Open) -> None:
    one, other = fleet.model("same", "a"), fleet.model("same", "b")
    results = [fleet.result(1, model, fleet.vision_rows(1.0, 0.01)) for model in (one, other)]
    client = open_hub(fleet.Fleet([fleet.state(1, "pi")], models=[one, other], results=results))
    label = f"same ({one.model_id[:8]})"
    cell = f"/cells/{fleet.device_id(1)}/{one.model_id}/{results[0].config_key}"
    pages = ("/", "/flash", "/families", f"/models/{one.model_id}", f"/runs/{results[0].result_id}", cell)
    for path in (*pages, f"/devices/{fleet.device_id(1)}", f"/cost/{results[0].result_id}", "/api/v1/metrics"):
        assert label in client.get(path).text, path
    both = "&".join(f"run={result.result_id}" for result in results)
    assert label in client.get(f"/side-by-side?{both}").text
    records = {record["model_id"]: record for record in client.get("/api/v1/models").json()}
    assert (records[one.model_id]["name"], records[one.model_id]["label"]) == ("same", label)
