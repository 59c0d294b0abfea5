"""Runs beside each other: verdicts by the engine, what differs, and what is refused."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from edgeprof.wire import messages as m
from edgeprof.wire import rest
from edgeprof_hub.app import create_app
from edgeprof_hub.config import HubSettings
from edgeprof_hub.views.side_by_side import like
from tests.hub import fleet, live, stores

FP32, INT8 = fleet.model("cnn fp32", "cnn"), fleet.model("cnn int8", "cnn", quantization="int8")


def run(number: int, ms: float, model_is_int8: bool = False, **changes: object) -> m.Result:
    record = INT8 if model_is_int8 else FP32
    made = fleet.result(number, record, fleet.vision_rows(ms, ms * 0.01))
    return replace(made, **changes)  # pyright: ignore[reportArgumentType]


SLOW, FAST, SAME = run(1, 4.0), run(1, 1.0, True), run(2, 4.0)
AGAIN = [run(3, 4.0 + 0.01 * (index % 3)) for index in range(6)]
PLAYED = run(2, 2.0, emulated=True)
FAILED = fleet.result(2, INT8, failure=fleet.UNSUPPORTED)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    data: Path = tmp_path_factory.mktemp("hub")
    of = fleet.Fleet(
        [fleet.state(1, "pi"), fleet.state(2, "<b>two</b>"), fleet.state(3, "three")],
        [fleet.facts(number) for number in (1, 2, 3)],
        [FP32, INT8],
        [SLOW, FAST, SAME, *AGAIN, PLAYED, FAILED],
    )
    with stores.opened(data) as store:
        fleet.fill(store.writer, of)
    with TestClient(
        create_app(HubSettings(data=data, mqtt_port=live.free_port())), base_url="http://127.0.0.1"
    ) as opened:
        yield opened


def shown(client: TestClient, *runs: m.Result) -> str:
    answer = client.get("/side-by-side", params={"run": [run.result_id for run in runs]})
    assert answer.status_code == 200
    return answer.text


def test_a_clear_difference_has_its_verdict_and_its_interval(client: TestClient) -> None:
    text = shown(client, SLOW, FAST)
    assert "B is faster than A by 75" in text
    assert "latency of B / A: 0.25" in text


def test_of_equal_runs_none_is_called_faster(client: TestClient) -> None:
    text = shown(client, SLOW, SAME)
    assert "No verdict on A and B: the noise floor of this device is not known" in text
    assert "faster than" not in text


def test_a_played_or_failed_run_gets_no_verdict_and_the_reason(client: TestClient) -> None:
    text = shown(client, SLOW, FAST, PLAYED, FAILED)
    assert "B is faster than A" in text
    assert "No verdict on A and C" in text
    assert "C is emulated" in text
    assert "No verdict on A and D: D failed." in text


def test_settings_that_differ_are_marked_and_no_others(client: TestClient) -> None:
    rows = shown(client, SLOW, FAST).split("<tr>")
    marked = [row for row in rows if '<span class="tag">differs</span>' in row]
    names = [row.split('<th scope="row">')[1].split("</th>")[0] for row in marked]
    assert names == ["Model", "Model file", "Quantization"]


def test_every_sample_is_in_the_chart(client: TestClient) -> None:
    text = shown(client, SLOW, FAST)
    document = text.split('id="spread-1">')[1].split("</script>")[0]
    assert document.count(",") >= 2 * 200
    assert "cnn fp32 on pi" in document


def test_names_are_text(client: TestClient) -> None:
    assert "<b>two</b>" not in shown(client, SLOW, SAME)


@pytest.mark.parametrize("runs", [[], [SLOW], [SLOW, SLOW]])
def test_fewer_than_two_runs_are_refused_with_a_sentence(client: TestClient, runs: list[m.Result]) -> None:
    answer = client.get("/side-by-side", params={"run": [run.result_id for run in runs]})
    assert (answer.status_code, "Select 2 to 6 to compare" in answer.text) == (400, True)


def test_a_run_that_is_not_there_is_named(client: TestClient) -> None:
    answer = client.get("/side-by-side", params={"run": [SLOW.result_id, "gone"]})
    assert (answer.status_code, "gone" in answer.text) == (404, True)


def test_the_matrix_offers_its_cells_to_be_ticked(client: TestClient) -> None:
    text = client.get("/").text
    assert f'name="run" value="{FAST.result_id}"' in text
    assert 'id="beside-go"' in text


def test_a_verdict_rests_on_the_runs_of_the_cell_that_are_like_the_ticked_one(client: TestClient) -> None:
    assert "From 6 runs of A and 1 run of B." in shown(client, AGAIN[0], FAST)


def test_runs_by_another_version_or_protocol_are_not_like_it() -> None:
    ran = SLOW.effective
    assert ran is not None
    other = [
        run(1, 4.0, effective=replace(ran, runtime_version="0.9")),
        run(1, 4.0, protocol=m.RunProtocol(window_s=99.0)),
        run(1, 4.0, status="failed"),
        SLOW,
        run(1, 4.0, protocol=m.RunProtocol(label="a label makes no other figures")),
        run(1, 4.0),
    ]
    found = like(SLOW, [rest.StoredResult(result=result, received_s=1.0) for result in other])
    assert [result.result_id for result in found] == [SLOW.result_id, *(result.result_id for result in other[-2:])]
