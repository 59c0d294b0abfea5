"""The history of a cell: figures over runs, what changed between them, and notes that people write."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from edgeprof.wire import messages as m
from edgeprof.wire import rest
from edgeprof_hub.app import create_app
from edgeprof_hub.config import HubSettings
from edgeprof_hub.views.cell_history import cell_history
from tests.hub import fleet, live, stores

CNN = fleet.model("cnn <b>", "cnn")


def run(ms: float, version: str = "1.23.2", **changes: object) -> m.Result:
    made = fleet.result(1, CNN, fleet.vision_rows(ms, ms * 0.01))
    assert made.effective is not None
    newer = replace(made, effective=replace(made.effective, runtime_version=version))
    return replace(newer, **changes)  # pyright: ignore[reportArgumentType]


RUNS = [run(4.0), run(4.1), run(3.0, "1.24.0"), fleet.result(1, CNN, failure=fleet.UNSUPPORTED)]
KEY = (RUNS[0].device_id, RUNS[0].model_id, RUNS[0].config_key)
DEVICE = fleet.record(1)
PARAMS: dict[str, str] = {"device_id": KEY[0], "model_id": KEY[1], "config_key": KEY[2]}
ADDRESS = "/cells/" + "/".join(KEY)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with stores.opened(tmp_path) as store:
        fleet.fill(store.writer, fleet.Fleet([fleet.state(1, "pi")], [fleet.facts(1)], [CNN], RUNS))
    app = create_app(HubSettings(data=tmp_path, mqtt_port=live.free_port()))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as opened:
        yield opened


def points_of(text: str) -> list[tuple[float, float]]:
    chart = json.loads(text.split('id="history">')[1].split("</script>")[0])
    (line,) = chart["lines"]
    return [(point["x"], point["y"]) for point in line["points"]]


def test_every_run_has_its_row_and_every_measured_one_its_point(client: TestClient) -> None:
    text = client.get(ADDRESS).text
    assert "4 runs" in text
    assert "✕ operator_unsupported" in text
    assert points_of(text) == [(1, 4.0), (2, 4.1), (3, 3.0)]
    assert "runtime onnxruntime 1.23.2 → onnxruntime 1.24.0" in text
    assert "cnn &lt;b&gt;" in text


def test_a_change_a_note_and_a_regression_stand_between_the_runs_they_belong_between() -> None:
    stored = [rest.StoredResult(result=result, received_s=100.0 + index) for index, result in enumerate(RUNS[:3])]
    note = rest.Annotation(
        annotation_id=1, device_id=KEY[0], model_id=KEY[1], config_key=KEY[2], at_s=100.5, text="new supply"
    )
    found = rest.Regression(
        regression_id="r",
        device_id=KEY[0],
        model_id=KEY[1],
        config_key=KEY[2],
        suspect_id=RUNS[1].result_id,
        state="confirmed",
        sentence="slower",
        rerun_job_id="j",
        created_s=0.0,
        ratio=1.25,
    )
    page = cell_history(DEVICE, CNN, KEY, list(reversed(stored)), [note], [found], "", is_cut=False)
    assert page.chart is not None
    assert [(rule.x, rule.text) for rule in page.chart.rules] == [
        (2.5, "runtime onnxruntime 1.23.2 → onnxruntime 1.24.0"),
        (1.5, "new supply"),
        (1.5, "regression, ×1.25"),
    ]


def test_another_metric_may_be_shown_and_an_unknown_one_is_the_headline(client: TestClient) -> None:
    assert "58.2" in client.get(f"{ADDRESS}?metric=peak_memory_mib").text
    assert "4.1 ms" in client.get(f"{ADDRESS}?metric=%3Cscript%3E").text.replace("4.10", "4.1")


def test_a_note_is_kept_shown_as_text_and_deleted(client: TestClient) -> None:
    said = {"text": "<i>new</i> supply", "at": "2026-11-27T08:30"}
    assert client.post(f"{ADDRESS}/notes", data=said).headers["location"] == ADDRESS
    (note,) = client.get(
        "/api/v1/annotations", params=dict(zip(("device_id", "model_id", "config_key"), KEY, strict=True))
    ).json()
    assert (note["text"], note["at_s"]) == ("<i>new</i> supply", 1_795_768_200.0)
    text = client.get(ADDRESS).text
    assert "&lt;i&gt;new&lt;/i&gt; supply" in text
    assert "2026-11-27 08:30:00 UTC" in text
    client.post(f"{ADDRESS}/notes/delete", data={"annotation_id": note["annotation_id"]})
    assert "new" not in client.get(ADDRESS).text.split("notes-h")[-1].split("new kernel")[0]
    assert client.delete(f"/api/v1/annotations/{note['annotation_id']}").status_code == 404


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"text": "", "at": ""}, "at least one visible character"),
        ({"text": "x", "at": "yesterday"}, "is not a time"),
        ({"text": "x", "at": "9999-01-01T00:00"}, "between 1970 and 2100"),
        ({"text": "x" * 81, "at": ""}, "80 characters"),
    ],
)
def test_a_note_of_no_use_is_refused(client: TestClient, said: dict[str, str], told: str) -> None:
    answer = client.post(f"{ADDRESS}/notes", data=said)
    assert answer.status_code == 400
    assert told in answer.text


def test_there_is_no_history_of_what_is_not_there(client: TestClient) -> None:
    for path in (
        f"/cells/nobody/{KEY[1]}/{KEY[2]}",
        f"/cells/{KEY[0]}/nothing/{KEY[2]}",
        f"/cells/{KEY[0]}/{KEY[1]}/other",
    ):
        assert client.get(path).status_code == 404
    strange = {"device_id": KEY[0], "model_id": KEY[1], "config_key": "other", "text": "x"}
    assert client.post("/api/v1/annotations", json=strange).status_code == 404
    assert client.post("/api/v1/annotations", json={**strange, "config_key": KEY[2], "at_s": -1}).status_code == 422


def test_a_run_leads_to_its_history_and_history_goes_with_the_device(client: TestClient) -> None:
    assert f'href="{ADDRESS}"' in client.get(f"/runs/{RUNS[0].result_id}").text
    client.post(f"{ADDRESS}/notes", data={"text": "x"})
    assert client.delete(f"/api/v1/devices/{KEY[0]}").status_code == 204
    assert client.get(ADDRESS).status_code == 404
    assert client.get("/api/v1/annotations", params=PARAMS).json() == []


def regression_of(suspect: m.Result, state: rest.RegressionState = "confirmed") -> rest.Regression:
    return rest.Regression(
        regression_id="r",
        device_id=KEY[0],
        model_id=KEY[1],
        config_key=KEY[2],
        suspect_id=suspect.result_id,
        state=state,
        sentence="slower",
        rerun_job_id="j",
        created_s=0.0,
    )


def searches(runs: list[m.Result], regression: rest.Regression) -> list[str]:
    stored = [rest.StoredResult(result=result, received_s=100.0 + index) for index, result in enumerate(runs)]
    page = cell_history(DEVICE, CNN, KEY, stored[::-1], [], [regression], "latency_p50_ms", is_cut=False)
    return list(page.searches.values())


def test_a_regression_with_another_version_names_the_command_that_finds_it() -> None:
    slower = run(5.0, "1.24.1+local")
    runs = [run(4.0), fleet.result(1, CNN, failure=fleet.UNSUPPORTED), slower]
    command = "edgeprof bisect model.onnx --package onnxruntime --good 1.23.2 --bad 1.24.1"
    assert [text.split(" -t ")[0] for text in searches(runs, regression_of(slower))] == [command]


def test_no_command_without_a_newer_version_or_a_regression_that_stands() -> None:
    same, older, newer = run(5.0), run(5.0, "1.22.0"), run(5.0, "1.24.0")
    assert searches([run(4.0), same], regression_of(same)) == []
    assert searches([run(4.0), older], regression_of(older)) == [], "the search runs from old to new"
    assert searches([newer], regression_of(newer)) == [], "nothing before it"
    assert searches([run(4.0), newer], regression_of(newer, "not_confirmed")) == []
    assert len(searches([run(4.0), newer], regression_of(newer, "suspected"))) == 1
