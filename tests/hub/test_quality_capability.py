"""The capability page and the form of the gates."""

from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection, HTTPMessage
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from click.testing import CliRunner

from edgeprof.client.http_client import HubError
from edgeprof.commands.gate import gate
from edgeprof.quality.capability import CapabilityRow
from edgeprof.wire import identity
from edgeprof.wire import messages as m
from edgeprof_hub.quality.cells import lead_sets
from edgeprof_hub.quality.of_run import evaluations_of
from edgeprof_hub.views.capability_page import capability_page
from tests.hub.live import Live, eventually, serving
from tests.hub.quality_cases import (
    BAD,
    FAMILY,
    FLOAT,
    GATE,
    GOOD,
    RIGHT,
    SET_ID,
    SLIGHTLY,
    WORSE,
    emptied,
    evaluated,
    speed,
    store,
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with serving(tmp_path_factory.mktemp("quality") / "data") as found:
        yield found


@pytest.fixture
def live(shared: Live) -> Live:
    emptied(shared.hub)
    return shared


def asked(live: Live, path: str, form: dict[str, str] | None = None) -> tuple[int, HTTPMessage, str]:
    """Status, headers and text of a page, or of what a form gives."""
    connection = HTTPConnection("127.0.0.1", live.port, timeout=30)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": live.url} if form else {}
    try:
        connection.request("POST" if form else "GET", path, urlencode(form) if form else None, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def test_each_model_has_figure_interval_items_and_what_they_can_show(live: Live) -> None:
    hub = live.hub
    store(hub, evaluated(hub, 1, FLOAT, RIGHT), evaluated(hub, 1, GOOD, [*SLIGHTLY[:-1], None]), gates=())
    page = live.app_get(f"/capability/{FAMILY}")
    for text in ("cnn fp32", "cnn int8", "93.9–97.4", "500 items", "499 of 500 items", "vision", "Accuracy, %"):
        assert text in page
    assert page.count("shows 3") == 2
    assert "cnn int8" not in live.app_get(f"/capability/{FLOAT.model_id}")


def test_two_models_of_one_name_have_a_column_each(live: Live) -> None:
    hub, again = live.hub, replace(GOOD, model_id="c" * 64)
    runs = (evaluated(hub, 1, GOOD, SLIGHTLY), evaluated(hub, 1, again, WORSE))
    store(hub, *runs, models=(FLOAT, GOOD, again), gates=())
    page = live.app_get(f"/capability/{FAMILY}")
    for run in runs:
        assert f"/runs/{run.result_id}" in page
    assert f"cnn int8 ({'c' * 8}" in page


def test_of_two_sets_with_as_many_evaluations_the_first_evaluated_leads(live: Live) -> None:
    hub = live.hub
    for set_id in ("f" * 64, "0" * 64):
        emptied(hub)
        store(hub, evaluated(hub, 1, GOOD, RIGHT), on_set(evaluated(hub, 1, GOOD, WORSE), set_id), gates=())
        assert lead_sets(hub.reader, {GOOD.model_id: FAMILY}) == {FAMILY: (SET_ID, 0)}


def test_the_lead_set_is_as_chosen_until_the_default_is_restored(live: Live) -> None:
    hub, other = live.hub, "ef" * 32
    runs = [evaluated(hub, 1, FLOAT, RIGHT), evaluated(hub, 1, GOOD, SLIGHTLY), evaluated(hub, 1, BAD, WORSE)]
    store(hub, *runs, on_set(evaluated(hub, 1, BAD, RIGHT), other), speed(1, BAD, 1.0), gates=())

    def shown() -> str | None:
        (cell,) = (cell for cell in live.client.compare().cells if cell.model_id == BAD.model_id)
        return cell.quality.set_id if cell.quality else None

    def run(*arguments: str) -> str:
        return CliRunner().invoke(gate, [FAMILY, *arguments, "--hub", live.url], catch_exceptions=False).output

    assert shown() == SET_ID
    assert run("--lead", other[:10]) == "The comparison shows digits on shapes-noise, as chosen.\n"
    assert shown() == other
    assert [one.is_lead for one in live.client.gates(FAMILY).sets if one.set_id == other] == [True]
    assert "Now: <bdi>shapes-noise" in live.app_get(f"/capability/{FAMILY}")
    with pytest.raises(HubError) as refused:
        live.client.set_lead(FAMILY, "nothing like it")
    assert refused.value.code == "unknown_set"
    assert asked(live, "/families/lead", {"family": FAMILY, "lead": ""})[0] == 303
    assert shown() == SET_ID
    assert run("--lead", SET_ID) == "The comparison shows digits on shapes, as chosen.\n"
    assert run("--no-lead") == "The comparison shows digits on shapes, the set with most evaluations.\n"
    changes = [(one.before, one.after) for one in live.client.label_changes()[:4] if one.field == "lead set"]
    noise, shapes = "shapes-noise (0 shots)", "shapes (0 shots)"
    assert changes == [(shapes, ""), ("", shapes), (noise, ""), ("", noise)]


def on_set(result: m.Result, set_id: str) -> m.Result:
    assert result.evaluation is not None
    config = replace(result.config, evaluation_set=set_id)
    evaluation = replace(result.evaluation, set_id=set_id, set_name="shapes-noise")
    return replace(result, config=config, config_key=identity.config_key(config), evaluation=evaluation)


def test_the_page_has_effective_context_chance_level_and_an_alarm() -> None:
    def row(**changes: Any) -> CapabilityRow:
        known: dict[str, Any] = dict(
            task="multiple-choice",
            set_name="needle",
            set_id="ab" * 32,
            domain="language",
            language="en",
            shots=0,
            context_tokens=256,
            perturbation="",
            model="m",
            quantization="",
            runtime="llama-capi 1",
            device="pi",
            metric="accuracy_percent",
            value=32.0,
            ci_low=17.0,
            ci_high=52.0,
            n=25,
            asked=25,
            smallest_difference=25.4,
            chance_percent=25.0,
            effective_context="256 tokens (below 256 to 512) of 8,192 nominal",
        )
        return CapabilityRow(**{**known, **changes})

    alarm = row(task="divergence", set_name="odds", context_tokens=None, metric="kl_divergence_nats", value=0.24)
    shown = capability_page("f", "f", [row(), row(context_tokens=512), replace(alarm, chance_percent=None)], ())
    assert [line.title for line in shown.lines] == ["odds", "needle", "needle", "Effective context"]
    (odds,), (needle,), _, (context,) = (line.cells for line in shown.lines)
    assert odds is not None
    assert odds.alarm.startswith("Alarm: 0.1 nats or more")
    assert needle is not None
    assert needle.chance == "not above the chance level"
    assert context is not None
    assert (context.value, context.interval, context.counts) == ("256", "below 256 to 512", "nominal: 8,192")


def test_a_family_without_evaluations_says_how_to_make_one(live: Live) -> None:
    store(live.hub, gates=())
    assert "edgeprof flash MODEL --evaluate SET" in live.app_get(f"/capability/{FAMILY}")
    assert asked(live, "/capability/nobody")[0] == 404


def test_gates_are_saved_on_the_page_and_a_wrong_line_stays_to_be_mended(live: Live) -> None:
    hub = live.hub
    store(hub, evaluated(hub, 1, FLOAT, RIGHT), evaluated(hub, 1, BAD, WORSE), gates=())
    status, _, page = asked(live, "/families/gate", {"family": FAMILY, "gates": "accuracy is fine"})
    assert status == 400
    assert "is not a gate" in page
    assert "accuracy is fine</textarea>" in page
    status, headers, _ = asked(live, "/families/gate", {"family": FAMILY, "gates": f"{GATE}\n"})
    assert (status, headers["location"]) == (303, f"/capability/{quote(FAMILY)}#gates-h")
    assert live.client.gates(FAMILY).gates == (GATE,)
    eventually(lambda: any(one.state == "fails" for one in live.client.gates(FAMILY).verdicts))


def test_speed_in_one_runtime_version_and_answers_in_another_are_not_put_together(live: Live) -> None:
    hub = live.hub
    energy = m.MetricRow(metric="energy_per_inference_j", value=0.5, n=1, scope="board")
    measured = speed(1, FLOAT, 4.0)
    measured = replace(measured, metrics=(*measured.metrics, energy))
    same, upgraded = evaluated(hub, 1, FLOAT, RIGHT), evaluated(hub, 1, FLOAT, WORSE, version="1.24.0")
    store(hub, measured, same, upgraded, gates=())
    (row,) = live.client.quality()
    assert (row.result_id, row.speed, row.correct) == (upgraded.result_id, None, None)
    (cell,) = live.client.compare().cells
    assert cell.quality is not None
    assert (cell.quality.result_id, cell.quality.correct) == (upgraded.result_id, None)
    assert [one.result_id for one in evaluations_of(hub.reader, measured, FAMILY)] == [same.result_id]
