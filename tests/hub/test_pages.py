"""The pages as a browser without JavaScript gets them, over a real hub."""

import hashlib
import html
import json
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from edgeprof.wire import messages as m
from edgeprof_hub.app import STATIC
from tests.hub import fleet
from tests.hub.conftest import URL, Open


@pytest.fixture
def typical() -> fleet.Fleet:
    return fleet.typical()


def words(text: str) -> str:
    """A page's text as it is read."""
    bare = re.sub(r"<script.*?</script>", " ", text, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", bare)).replace("\xa0", " ").split())


def test_an_empty_hub_shows_the_line_that_starts_an_agent(open_hub: Open) -> None:
    text = open_hub(fleet.Fleet()).get("/").text
    assert f"edgeprof agent run --hub {URL}" in text
    assert "<table" not in text


def test_the_matrix_has_every_device_and_model_and_the_figures_as_measured(
    open_hub: Open, typical: fleet.Fleet
) -> None:
    text = words(open_hub(typical).get("/").text)
    assert "5 models on 2 devices (1 emulated): 6 measured, 2 failed, 1 queued." in text
    for told in ("pi5-kitchen", "digits-cnn int8", "0.254 ms", "0.248–0.260", "38.0 tokens/s", "842 ms"):
        assert told in text


def test_a_failure_is_named_and_links_to_its_log(open_hub: Open, typical: fleet.Fleet) -> None:
    client = open_hub(typical)
    found = re.search(r'class="failure" href="(/runs/[^"]+)"', client.get("/").text)
    assert found
    run = words(client.get(found[1]).text)
    assert "failed: operator_unsupported" in run
    assert "Encountered unresolved custom op" in run


def test_the_picked_metric_is_the_large_figure(open_hub: Open, typical: fleet.Fleet) -> None:
    text = open_hub(typical).get("/?metric=peak_memory_mib").text
    assert set(re.findall(r'class="lead"[^>]*><b>([^<]+)</b>', text)) == {"58.2", "260"}


def test_a_metric_that_does_not_exist_is_the_headline(open_hub: Open, typical: fleet.Fleet) -> None:
    client = open_hub(typical)
    strange = client.get("/?metric=" + quote("<script>"))
    assert strange.status_code == 200
    assert "<script>&" not in strange.text
    assert 'id="pick-headline" href="/"' in strange.text


def test_every_footnote_number_has_its_footnote(open_hub: Open, typical: fleet.Fleet) -> None:
    text = open_hub(typical).get("/?columns=energy,cost").text
    used = set(re.findall(r'href="#note-(\d+)"', text))
    assert used
    assert used == set(re.findall(r'id="note-(\d+)"', text))


def test_emulated_times_carry_no_mark(open_hub: Open, typical: fleet.Fleet) -> None:
    text = open_hub(typical).get("/").text
    (row,) = re.findall(r'<tr class="emulated">.*?</tr>', text, flags=re.DOTALL)
    assert "0.554" in row
    assert 'class="mark' not in row


def test_the_run_page_shows_what_was_recorded(open_hub: Open, typical: fleet.Fleet) -> None:
    client = open_hub(typical)
    result = typical.results[1]
    text = words(client.get(f"/runs/{result.result_id}").text)
    for told in ("0.254 ms", "0.248–0.260", "6 integer, 3 float", "Conv ×4", "51.0 °C", "58.5 °C", "rlimits"):
        assert told in text
    assert f"not measured: {fleet.NO_SENSOR}" in text
    assert "a receipt of 2026-03-01" in text


@pytest.mark.parametrize("is_readable", [True, False], ids=["readable", "garbage"])
def test_long_samples_are_drawn_from_their_artifact(
    open_hub: Open, typical: fleet.Fleet, tmp_path: Path, is_readable: bool
) -> None:
    series = {"latency": [1_000_000 + number for number in range(5000)], "empty": []}
    data = json.dumps({"unit": "ns", "series": series}).encode() if is_readable else b"\xff{"
    ref = m.ArtifactRef(
        name="samples", sha256=hashlib.sha256(data).hexdigest(), size=len(data), media_type="application/json"
    )
    run = replace(typical.results[0], samples_ms=(), artifacts=(ref,))
    typical.results[0] = run
    client = open_hub(typical)
    assert client.put(f"/api/v1/artifacts/{ref.sha256}", content=data).status_code < 300
    text = client.get(f"/runs/{run.result_id}").text
    drawn = re.findall(r'<script type="application/json" id="series-\d">(.*?)</script>', text)
    if is_readable:
        (document,) = map(json.loads, drawn)
        assert (document["count"], document["step"], document["values_ms"][0]) == (5000, 3, 1.0)
    else:
        assert drawn == []
        assert "This hub cannot draw the samples" in words(text)


def test_a_run_can_be_deleted_and_its_cell_goes(open_hub: Open, typical: fleet.Fleet) -> None:
    client = open_hub(typical)
    result_id = typical.results[0].result_id
    assert client.post(f"/runs/{result_id}/delete").headers["location"] == "/"
    assert client.get(f"/runs/{result_id}").status_code == 404
    assert "0.412" not in words(client.get("/").text)


def test_a_device_is_renamed_and_priced_by_forms(open_hub: Open, typical: fleet.Fleet) -> None:
    client = open_hub(typical)
    path = f"/devices/{fleet.device_id(1)}"
    client.post(f"{path}/name", data={"name": "attic"})
    client.post(f"{path}/price", data={"price_usd": "79.95", "price_source": "a shop, 2026"})
    text = client.get(path).text
    assert "attic" in words(text)
    assert 'value="79.95"' in text
    assert "attic" in words(client.get("/").text)
    client.post(f"{path}/price", data={"price_usd": "", "price_source": ""})
    assert "79.95" not in client.get(path).text


@pytest.mark.parametrize("price", ["cheap", "-1", "nan", "inf", "1e99"])
def test_what_is_no_price_is_refused_with_a_sentence(open_hub: Open, typical: fleet.Fleet, price: str) -> None:
    client = open_hub(typical)
    answer = client.post(f"/devices/{fleet.device_id(1)}/price", data={"price_usd": price})
    assert answer.status_code == 400
    assert "is not a price" in words(answer.text)


def test_the_device_page_tells_why_a_runtime_or_a_sensor_is_missing(open_hub: Open, typical: fleet.Fleet) -> None:
    text = words(open_hub(typical).get(f"/devices/{fleet.device_id(1)}").text)
    assert "not available: The package is missing." in text
    assert f"not readable: {fleet.NO_SENSOR}" in text
    assert "The device tree says raspberrypi,5-model-b." in text


def test_a_deleted_device_takes_its_cells_along(open_hub: Open, typical: fleet.Fleet) -> None:
    client = open_hub(typical)
    client.post(f"/devices/{fleet.device_id(2)}/delete")
    text = words(client.get("/").text)
    assert "0.554" not in text
    assert "on 1 device:" in text


def test_a_model_page_shows_files_and_renames_and_deletes(open_hub: Open, typical: fleet.Fleet) -> None:
    client = open_hub(typical)
    model = typical.models[0]
    path = f"/models/{model.model_id}"
    assert model.manifest.files[0].sha256 in client.get(path).text
    client.post(f"{path}/name", data={"name": "renamed"})
    assert "renamed" in words(client.get(path).text)
    client.post(f"{path}/delete")
    assert client.get(path).status_code == 404


def test_flashing_starts_a_campaign_and_shows_its_jobs(open_hub: Open, typical: fleet.Fleet) -> None:
    client = open_hub(typical)
    chosen = [typical.models[0].model_id, typical.models[1].model_id]
    answer = client.post("/flash", data={"model": chosen, "device": fleet.device_id(1), "threads": "2"})
    assert answer.status_code == 303
    text = words(client.get(answer.headers["location"]).text)
    assert "2 jobs, 0 finished" in text
    cancelled = client.post(answer.headers["location"] + "/cancel")
    assert "2 jobs, 2 finished" in words(client.get(cancelled.headers["location"]).text)


def test_a_family_is_flashed_whole_without_a_script(open_hub: Open, typical: fleet.Fleet) -> None:
    client = open_hub(typical)
    assert 'name="family" value="digits-cnn"' in client.get("/flash").text
    chosen = {"family": "digits-cnn", "model": typical.models[0].model_id, "device": fleet.device_id(1)}
    answer = client.post("/flash", data=chosen)
    assert len(jobs_of(client, answer.headers["location"])) == 3


def jobs_of(client: TestClient, campaign_path: str) -> list[dict[str, object]]:
    return client.get(f"/api/v1{campaign_path}").json()["jobs"]


def test_a_run_is_run_again_exactly(open_hub: Open, typical: fleet.Fleet) -> None:
    asked = replace(typical.results[0], protocol=m.RunProtocol(soak_s=30.0, seed=7))
    client, result_id = open_hub(replace(typical, results=[asked])), asked.result_id
    assert "Repeat this run" in client.get(f"/runs/{result_id}").text
    answer = client.post(f"/runs/{result_id}/again", follow_redirects=False)
    (job,) = jobs_of(client, answer.headers["location"])
    protocol = job["protocol"]
    assert isinstance(protocol, dict)
    assert (job["device_id"], job["model_id"], job["config_key"]) == (asked.device_id, asked.model_id, asked.config_key)
    assert (protocol["soak_s"], protocol["seed"], job["state"]) == (30.0, 7, "queued")


def test_a_cell_that_was_not_run_is_run_from_the_page(open_hub: Open, typical: fleet.Fleet) -> None:
    client = open_hub(replace(typical, jobs=[]))
    forms = re.findall(r'<form method="post" action="/cells/run">(.*?)</form>', client.get("/").text, re.DOTALL)
    assert len(forms) == 2  # the phone has run neither the LiteRT variant nor the language model
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', forms[0]))
    answer = client.post("/cells/run", data=fields, follow_redirects=False)
    (job,) = jobs_of(client, answer.headers["location"])
    assert (job["device_id"], job["model_id"], job["config_key"]) == tuple(fields.values())
    assert len(re.findall('action="/cells/run"', client.get("/").text)) == 1


def test_a_cell_of_no_column_is_refused(open_hub: Open, typical: fleet.Fleet) -> None:
    fields = {"device_id": fleet.device_id(1), "model_id": typical.models[0].model_id, "config_key": "0" * 16}
    assert open_hub(typical).post("/cells/run", data=fields, follow_redirects=False).status_code == 404


def test_what_failed_of_a_campaign_is_queued_again(open_hub: Open, typical: fleet.Fleet) -> None:
    job = replace(fleet.job(1, typical.models[0]), state="failed", note="refused", stage="load")
    fine = replace(fleet.job(1, typical.models[1]), campaign_id=job.campaign_id, state="measured")
    client = open_hub(replace(typical, jobs=[job, fine]))
    path = f"/campaigns/{job.campaign_id}"
    assert "Retry 1 failed job<" in client.get(path).text
    client.post(f"{path}/retry")
    states = {each["job_id"]: (each["state"], each["attempt"]) for each in jobs_of(client, path)}
    assert states == {job.job_id: ("queued", 2), fine.job_id: ("measured", 1)}
    refused = client.post(f"/api/v1{path}/retry")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "nothing_failed")


def test_states_and_what_is_said_of_them_are_words_of_their_own(open_hub: Open, typical: fleet.Fleet) -> None:
    client = open_hub(typical)
    emulated = next(result for result in typical.results if result.emulated)
    assert 'measured</span> <span class="tag">emulated' in client.get(f"/runs/{emulated.result_id}").text
    chosen = {"model": typical.models[0].model_id, "device": fleet.device_id(1)}
    path = client.post("/flash", data=chosen).headers["location"]
    client.post(f"{path}/cancel")
    assert 'cancelled</span> <small class="quiet">cancelled' in client.get(path).text


def test_a_campaign_of_nothing_is_refused_above_the_form(open_hub: Open, typical: fleet.Fleet) -> None:
    answer = open_hub(typical).post("/flash", data={"threads": "0"})
    assert answer.status_code == 400
    assert "Select at least one model and one device." in words(answer.text)
    assert "<form" in answer.text


@pytest.mark.parametrize("path", ["/runs/none", "/devices/none", "/models/none", "/campaigns/none"])
def test_what_is_not_there_is_said_on_a_page(open_hub: Open, path: str) -> None:
    answer = open_hub(fleet.Fleet()).get(path)
    assert answer.status_code == 404
    assert "Not found" in words(answer.text)


def test_a_form_of_another_site_changes_nothing(open_hub: Open, typical: fleet.Fleet) -> None:
    client = open_hub(typical)
    path = f"/devices/{fleet.device_id(1)}"
    answer = client.post(f"{path}/delete", headers={"origin": "http://elsewhere.example"})
    assert answer.status_code == 403
    assert client.get(path).status_code == 200


def test_no_page_allows_or_holds_anything_inline(open_hub: Open, typical: fleet.Fleet) -> None:
    client = open_hub(typical)
    run = f"/runs/{typical.results[0].result_id}"
    device, model = f"/devices/{fleet.device_id(1)}", f"/models/{typical.models[0].model_id}"
    for path in ("/", run, device, model, "/flash", "/sign-in"):
        answer = client.get(path)
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert not re.search(r"\son\w+=|\sstyle=|<style|javascript:", answer.text)
        scripts = re.findall(r"<script[^>]*>", answer.text)
        assert all('src="/static/' in tag or 'type="application/json"' in tag for tag in scripts)
        assert not re.search(r'(src|href)="(https?:)?//', answer.text)


HOSTILE = {
    "script": '<script>alert("x")</script>',
    "end of script": "</script><b>",
    "template": "{{ 98765*2 }}",
    "right to left": "אבג abc",
    "emoji": "🦊" * 20,
    "long": "x" * 200,
}


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_names_are_text(open_hub: Open, name: str) -> None:
    made = fleet.hostile(name)
    client = open_hub(made)
    for path in ("/", f"/devices/{fleet.device_id(1)}", f"/models/{made.models[0].model_id}", "/flash"):
        text = client.get(path).text
        assert "<script>alert" not in text
        assert "</script><b>" not in text
        assert "197530" not in text
    assert name in html.unescape(client.get(f"/models/{made.models[0].model_id}").text)


def test_the_vendored_scripts_are_the_published_ones() -> None:
    folder = STATIC / "vendor"
    rows = re.findall(r"^\| (\S+\.js) \|.*\| ([0-9a-f]{64}) \|$", (folder / "VENDORED.md").read_text(), re.MULTILINE)
    assert {name for name, _ in rows} == {file.name for file in folder.glob("*.js")}
    for name, sha256 in rows:
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == sha256


def test_every_script_and_style_that_a_template_names_is_there(open_hub: Open, typical: fleet.Fleet) -> None:
    client = open_hub(typical)
    run = f"/runs/{typical.results[0].result_id}"
    named = {path for page in ("/", run) for path in re.findall(r'"(/static/[^"]+)"', client.get(page).text)}
    assert len(named) >= 6
    assert all(client.get(path).status_code == 200 for path in named)


def colours(sheet: str) -> list[dict[str, str]]:
    """The variables of the light and of the dark theme."""
    blocks = re.findall(r":root \{(.*?)\}", sheet, flags=re.DOTALL)
    return [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for block in blocks]


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


GROUNDS = ("ground", "panel", "sunk")
PAIRS = [
    *((ink, ground) for ink in ("ink", "quiet", "link", "good", "bad", "warn", "busy") for ground in GROUNDS),
    *((f"line-{number}", "ground") for number in range(1, 7)),
    *(("good", "good-ground"), ("bad", "bad-ground"), ("ink", "bad-ground"), ("warn", "warn-ground")),
    *(("panel", "link"), ("ground", "ink"), ("ink", "warn-ground")),
]


@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_text_stands_out_from_its_ground_in_light_and_dark(ink: str, ground: str) -> None:
    themes = colours((STATIC / "edgeprof.css").read_text())
    assert len(themes) == 2
    for theme in themes:
        low, high = sorted((luminance(theme[ink]), luminance(theme[ground])))
        assert (high + 0.05) / (low + 0.05) >= 4.5


def test_the_newest_outcomes_are_told_newest_first(open_hub: Open, typical: fleet.Fleet) -> None:
    text = open_hub(typical).get("/").text.split('id="lately-h"')[1]
    told = re.findall(r'href="/runs/([^"]+)"', text)
    assert told == [result.result_id for result in reversed(typical.results)]
    assert "failed: operator_unsupported" in text
    assert "Decode 38.0 tokens/s" in text


def test_the_front_of_time_and_memory_names_its_cells(open_hub: Open, typical: fleet.Fleet) -> None:
    text = open_hub(typical).get("/").text
    front = text.split("On the front: 1 of 3")[1].split("</ul>")[0]
    assert "digits-cnn lite int8" in front
    assert f"/runs/{typical.results[2].result_id}" in front


def test_two_families_never_share_a_plane_of_time_and_memory(open_hub: Open, typical: fleet.Fleet) -> None:
    other = fleet.model("tiny fp32", "tiny")
    quick = fleet.result(1, other, fleet.vision_rows(0.001, 0.0001))
    of = replace(typical, models=[*typical.models, other], results=[*typical.results, quick])
    text = open_hub(of).get("/").text
    assert "On the front: 1 of 3" in text
    assert "<bdi>tiny</bdi>: p50 against peak memory" not in text


def test_distance_is_written_as_well_as_shaded_and_only_where_asked(open_hub: Open, typical: fleet.Fleet) -> None:
    client = open_hub(typical)
    text = client.get("/?colour=distance").text
    assert '">×1.65</span>' in text
    assert "shade-2" in text
    assert "shade-" not in client.get("/").text
    assert "shade-" not in client.get("/?colour=<b>").text


@pytest.mark.parametrize("wanted", [True, False])
def test_the_form_says_whether_energy_is_measured(open_hub: Open, typical: fleet.Fleet, wanted: bool) -> None:
    client = open_hub(typical)
    chosen = {
        "model": typical.models[0].model_id,
        "device": fleet.device_id(1),
        **({"energy": "yes"} if wanted else {}),
    }
    campaign = client.get(f"/api/v1{client.post('/flash', data=chosen).headers['location']}").json()
    assert [job["protocol"]["energy"] for job in campaign["jobs"]] == [wanted]
    refused = client.post("/flash", data={"energy": "yes"} if wanted else {}).text
    assert ('name="energy" value="yes" checked' in refused) == wanted
