"""Buttons that queue several runs: repeated in blocks on each device, or every cell that nobody has run."""

import re
from collections import Counter
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from edgeprof.wire import messages as m
from tests.hub import fleet
from tests.hub.conftest import Open


def jobs_of(client: TestClient, path: str) -> list[dict[str, object]]:
    return client.get(f"/api/v1{path}").json()["jobs"]


def test_a_cards_button_queues_its_runs_in_blocks(open_hub: Open) -> None:
    of = fleet.typical()
    asked = m.RunProtocol(seed=7, soak_s=3.0)
    of.results[1:3] = [replace(one, protocol=asked) for one in of.results[1:3]]
    client = open_hub(of)
    text = client.get("/").text
    form = next(one for one in re.findall(r'<form method="post" action="/runs/repeat">(.*?)</form>', text, re.DOTALL))
    fields = re.findall(r'name="(\w+)" value="([^"]*)"', form)
    assert "Repeat 2 interleaved, about" in form
    data = {"repeats": "3", "run": [value for name, value in fields if name == "run"]}
    assert len(data["run"]) == 1  # whatever the number of runs: a form has at most 1,000 fields
    jobs = jobs_of(client, client.post("/runs/repeat", data=data).headers["location"])
    models = [job["model_id"] for job in jobs]
    assert Counter(models) == {of.results[1].model_id: 3, of.results[2].model_id: 3}
    assert all(set(models[at : at + 2]) == {of.results[1].model_id, of.results[2].model_id} for at in (0, 2, 4))
    assert all("'soak_s': 3.0" in str(job["protocol"]) for job in jobs)
    assert "2 runs in progress." in client.get("/").text


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        ({"repeats": "3"}, 400, "Select at least one run"),
        ({"repeats": "0", "run": "x"}, 400, "use 1 to 100"),
        ({"repeats": "three", "run": "x"}, 400, "not a number of repeats"),
        ({"repeats": "1", "run": "no-such-run"}, 404, "No result"),
    ],
)
def test_what_cannot_be_repeated_is_refused_with_a_sentence(
    open_hub: Open, data: dict[str, str], status: int, words: str
) -> None:
    answer = open_hub(fleet.typical()).post("/runs/repeat", data=data)
    assert (answer.status_code, words in answer.text) == (status, True)


def test_every_cell_that_nobody_ran_is_queued_at_once_and_only_those_of_the_view(open_hub: Open) -> None:
    client = open_hub(replace(fleet.typical(), jobs=[]))
    assert "Run all 2 not run here" in client.get("/").text
    narrow = client.post("/cells/run-shown?model=lite").headers["location"]
    assert len(jobs_of(client, narrow)) == 1
    rest_of = client.post("/cells/run-shown").headers["location"]
    assert len(jobs_of(client, rest_of)) == 1
    assert client.post("/cells/run-shown").status_code == 400


def test_cells_are_run_by_name_and_wrong_names_are_refused(open_hub: Open) -> None:
    of = replace(fleet.typical(), jobs=[])
    client = open_hub(of)
    lite = of.results[2]
    cell = f"{fleet.device_id(2)}/{lite.model_id}/{lite.config_key}"
    assert len(jobs_of(client, client.post("/cells/run-all", data={"cell": [cell, cell]}).headers["location"])) == 1
    again = client.post("/cells/run-all", data={"cell": cell})
    assert (again.status_code, "or waits in the queue" in again.text) == (400, True)
    other = f"{fleet.device_id(1)}/{of.results[0].model_id}/{of.results[0].config_key}"
    assert client.post("/cells/run-all", data={"cell": other}).status_code == 400  # it has a result
    many = ",".join(f"a/b/{number}" for number in range(5001))
    assert "at most 5000 jobs" in client.post("/cells/run-all", data={"cell": many}).text
    assert client.post("/cells/run-all", data={"cell": "a/b"}).status_code == 404
    assert client.post("/cells/run-all", data={"cell": f"{cell[:-3]}zzz"}).status_code == 404
