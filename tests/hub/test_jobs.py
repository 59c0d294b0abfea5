"""The queue of jobs: what it lists, the time left, cancel and retry of many, and cells of cancelled jobs."""

import re
import sqlite3
import time
from collections.abc import Collection
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from edgeprof.client.http_client import HubError
from edgeprof.tables import durations, job_words, render
from edgeprof.wire import messages as m
from edgeprof.wire import rest
from edgeprof_hub.campaigns import queue, time_left
from edgeprof_hub.store import history, jobs
from edgeprof_hub.store.base import WriteStore
from edgeprof_hub.store.records import JobRow
from tests.hub import fleet, job_cases, stores
from tests.hub.api_cases import add_digits
from tests.hub.fake_agent import FakeAgent
from tests.hub.live import Live, eventually

ALL = rest.JobFilter()


def ids(rows: list[JobRow]) -> list[str]:
    return [row.job.job_id for row in rows]


def test_the_queue_lists_what_runs_then_what_waits_then_what_ended_last(tmp_path: Path) -> None:
    with stores.opened(tmp_path) as store:
        made = job_cases.typical(store.writer)
        now, away = made["now"], made["away"]
        found = store.reader.jobs.page(ALL, 100, 0)
        assert ids(found)[:5] == [job.job_id for job in (*now, *away)]
        assert {row.job.state for row in found[5:]} == {"measured", "failed", "cancelled"}
        assert ids(store.reader.jobs.page(ALL, 4, 4)) == ids(found)[4:8]
        assert store.reader.jobs.counts(ALL) == {
            **{"running": 1, "accepted": 1, "sent": 1, "queued": 2},
            **{"measured": 2, "failed": 1, "cancelled": 1},
        }
        assert [row.ran_s for row in found if row.job.state == "measured"] == [60.0, 40.0]
        failed = rest.JobFilter(
            states=("failed",), device_id=fleet.device_id(1), campaign_id=made["past"][0].campaign_id
        )
        assert store.reader.jobs.ids(failed) == [made["past"][2].job_id]
        # Retried, a job waits behind those that the device has.
        store.writer.restart_job(made["past"][2].job_id, 1)
        store.writer.mark_sent(made["past"][2].job_id, 2, fleet.NOW_S + 50)
        again = store.reader.jobs.queue()
        assert ids(again)[3] == made["past"][2].job_id
        assert again[3].ran_s is None


def test_the_time_left_is_that_of_like_jobs_before_it_and_its_own(tmp_path: Path) -> None:
    with stores.opened(tmp_path) as store:
        job_cases.typical(store.writer)
        waiting = store.reader.jobs.queue()
        past = {fleet.device_id(1): store.reader.jobs.durations(fleet.device_id(1))}
        began_s = waiting[0].began_s
        assert began_s is not None
        left = time_left.times_left(waiting, past, [fleet.device_id(1)], began_s + 30)
        # Two of known models, one of a model that never ran: the windows of the protocol decide.
        assert [left[job_id].left_s for job_id in ids(waiting)] == [10.0, 70.0, 110.0, 160.0, None]
        assert [left[job_id].ahead for job_id in ids(waiting)] == [0, 1, 2, 3, 0]
        assert left[ids(waiting)[4]].absent == time_left.OFFLINE
        late = time_left.times_left(waiting, past, [fleet.device_id(1)], began_s + 90)
        assert late[ids(waiting)[0]] == time_left.TimeLeft(0, 0.0, overdue=True)
        nothing = time_left.times_left(waiting, {}, [fleet.device_id(1)], began_s)
        assert [nothing[job_id].absent for job_id in ids(waiting)][:2] == [
            time_left.NO_LIKE_RUN,
            time_left.AFTER_UNKNOWN,
        ]


def test_a_cell_that_only_had_cancelled_jobs_goes_and_a_retry_brings_it_back(tmp_path: Path) -> None:
    with stores.opened(tmp_path) as store:
        made = job_cases.typical(store.writer)
        models = [job.model_id for job in made["past"]]
        assert {row.model_id for row in store.reader.columns()} == set(models[:3])
        cancelled = made["past"][3].job_id
        assert store.writer.restart_job(cancelled, 1)
        assert {row.model_id for row in store.reader.columns()} == set(models)
        store.writer.save_job_state(cancelled, 2, "running", "load", None, "")
        job_cases.end(store.writer, replace(made["past"][3], attempt=2), 1, 3.0, "cancelled")
        assert {row.model_id for row in store.reader.columns()} == set(models[:3])
        # A cell with a result, or with another open job, stays.
        for job in made["now"]:
            store.writer.save_job_state(job.job_id, 1, "cancelled", "", None, "cancelled")
        assert {row.model_id for row in store.reader.columns()} == set(models[:3])
        shown = store.reader.cells(device_ids=[fleet.device_id(1)])
        assert {(row.model_id, row.stored is not None) for row in shown} == {(each, True) for each in models[:3]}


def test_cells_of_a_database_from_before_are_cleared_and_its_jobs_get_their_durations(tmp_path: Path) -> None:
    with stores.opened(tmp_path) as store:
        made = job_cases.typical(store.writer)
        cancelled = made["past"][3]
    with closing(sqlite3.connect(tmp_path / "hub.sqlite")) as old:
        for index in ("job_state", "job_cell", "job_ran"):
            old.execute(f"DROP INDEX {index}")
        for column in ("began_s", "ran_s"):
            old.execute(f"ALTER TABLE job DROP COLUMN {column}")
        old.execute("DELETE FROM _sqlite_migrations WHERE name = '0016_jobs'")
        old.execute(
            "INSERT INTO cell (device_id, model_id, config_key, config, job_id)"
            " SELECT device_id, model_id, config_key, config, job_id FROM job WHERE job_id = ?",
            [cancelled.job_id],
        )
        # The newest result of a cell says what its job took.
        old.commit()
    with stores.opened(tmp_path) as store:
        assert cancelled.model_id not in {row.model_id for row in store.reader.columns()}
        assert sorted(row.ran_s or 0.0 for row in store.reader.jobs.page(ALL, 100, 0))[-2:] == [40.0, 60.0]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *[(0.2, "1 s"), (59, "59 s"), (60, "1 min"), (125, "2 min 5 s"), (3540, "59 min"), (3600, "1 h")],
        *[(12_000, "3 h 20 min"), (86_400 * 2 + 3600 * 4, "2 d 4 h")],
    ],
)
def test_a_duration_is_as_short_as_a_person_would_say_it(seconds: float, text: str) -> None:
    assert durations.duration_text(seconds) == text


def test_an_age_has_one_unit() -> None:
    assert [durations.age_text(seconds) for seconds in (5, 61, 7300, 90_000)] == [
        *("just now", "1 min ago", "2 h ago", "1 d ago")
    ]


def test_the_sentence_counts_what_is_open_and_admits_what_is_not_known() -> None:
    def said(counts: dict[str, int], left_s: float | None = None, unknown: int = 0) -> str:
        return job_words.queue_text(
            rest.JobQueue(generated_s=0.0, entries=(), total=0, counts=counts, left_s=left_s, unknown=unknown)
        )

    assert said({"measured": 4}) == "No open jobs."
    assert said({"running": 1}, 41.0) == "1 open job: 1 running. About 41 s left."
    assert said({"sent": 1, "accepted": 1, "queued": 1}, None, 3) == "3 open jobs: 3 queued. Time left not known."
    assert said({"running": 1, "queued": 2}, 90.0, 1) == (
        "3 open jobs: 1 running, 2 queued. About 1 min 30 s left; not known for 1."
    )


def test_many_jobs_are_cancelled_and_retried_over_rest(live: Live, agent: FakeAgent) -> None:
    model = add_digits(live)
    asked = rest.CampaignRequest(model_ids=(model.model_id,), device_ids=(agent.device_id,), repeats=3)
    live.client.cancel_campaign(live.client.start_campaign(asked).campaign_id)
    table = live.client.compare()
    assert (table.columns, table.cells) == ((), ())
    assert render(table, "table").startswith("Nothing has been measured yet.")
    assert f'id="m-{model.model_id[:16]}' not in live.app_get("/")
    first, second = live.client.start_campaign(asked), live.client.start_campaign(asked)
    wanted = {job.job_id for job in (*first.jobs, *second.jobs)}
    eventually(lambda: wanted <= {job.job_id for job in agent.got(m.Job)})
    with pytest.raises(HubError) as refused:
        live.client.retry_jobs()
    assert refused.value.code == "nothing_failed"
    assert live.client.cancel_jobs(campaign_id=first.campaign_id) == 3
    found = live.client.jobs(state="open")
    assert {entry.job.campaign_id for entry in found.entries} == {second.campaign_id}
    assert (found.total, found.counts, found.unknown) == (3, {"cancelled": 6, "sent": 3}, 3)
    assert found.entries[0].left_absent == time_left.NO_LIKE_RUN
    assert [entry.ahead for entry in found.entries] == [0, 1, 2]
    assert found.entries[0].device_online
    cell = live.client.compare().cells[0]
    assert (cell.state, cell.campaign_id) == ("queued", second.campaign_id)
    assert cell.job_id in {job.job_id for job in second.jobs}
    for job in second.jobs:
        agent.send(m.Ack(job_id=job.job_id, attempt=1, status="refused", reason="no room"))
    eventually(lambda: live.client.jobs().counts.get("failed") == 3)
    assert "Retry 1 failed job<" in live.app_get("/jobs")
    assert live.client.retry_jobs(campaign_id=second.campaign_id) == 1  # one of the three like ones
    assert "Retry 1 failed" not in live.app_get("/jobs")
    with pytest.raises(HubError):
        live.client.retry_jobs()
    assert live.client.cancel_jobs(device_id=agent.device_id) == 1
    with pytest.raises(HubError) as nothing:
        live.client.cancel_jobs()
    assert nothing.value.code == "nothing_open"


def test_of_failed_jobs_only_the_newest_that_nothing_followed_is_retried(tmp_path: Path) -> None:
    with stores.opened(tmp_path) as store:
        job_cases.typical(store.writer)
        model = fleet.model("net-e", "net-e")
        store.writer.save_model(model)

        def queued(protocol: m.RunProtocol, number: int = 1) -> rest.JobRecord:
            (job,) = job_cases.campaign(number, [model])
            job = replace(job, protocol=protocol)
            store.writer.create_campaign([job])
            return job

        def failed(protocol: m.RunProtocol) -> rest.JobRecord:
            job = queued(protocol)
            store.writer.save_job_state(job.job_id, 1, "failed", "", None, "no room")
            return job

        def again() -> set[str]:
            return set(store.reader.jobs.failed(ALL))

        plain, soaked = m.RunProtocol(), m.RunProtocol(soak_s=3.0)
        first, second, soak = failed(plain), failed(plain), failed(soaked)
        assert again() == {second.job_id, soak.job_id}
        assert store.reader.jobs.failed(rest.JobFilter(campaign_id=first.campaign_id)) == {first.job_id: 1}
        assert store.reader.jobs.failed(rest.JobFilter(device_id=fleet.device_id(2))) == {}
        waiting = queued(plain)
        assert again() == set()
        store.writer.save_job_state(waiting.job_id, 1, "cancelled", "", None, "cancelled")
        assert again() == {second.job_id, soak.job_id}
        measured = job_cases.result_of(queued(plain), 1, 4.0)
        store.writer.save_result(measured, measured.result_id, time.time())
        assert again() == set()
        newest = failed(plain)
        assert again() == {newest.job_id}
        store.writer.delete_model(model.model_id)
        assert again() == set()


def test_many_are_changed_in_parts_between_which_other_changes_are_stored(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "A_PART", 2)
    live.hub.writer.call(job_cases.typical)
    parts: list[int] = []
    whole = live.hub.dispatch.cancel

    def cancel(store: WriteStore, job_ids: Collection[str]) -> list[str]:
        parts.append(len(job_ids))
        return whole(store, job_ids)

    monkeypatch.setattr(live.hub.dispatch, "cancel", cancel)
    assert queue.cancel_all(live.hub, ALL) == 5
    assert parts == [2, 2, 1]
    assert queue.retry_all(live.hub, ALL) == 1


def test_a_cell_with_a_note_or_a_regression_is_never_cleared(tmp_path: Path) -> None:
    with stores.opened(tmp_path) as store:
        cancelled = job_cases.typical(store.writer)["past"][3]
        key = (cancelled.device_id, cancelled.model_id, cancelled.config_key)

        def notes() -> int:
            return len(store.reader.history.annotations(key))

        assert store.writer.restart_job(cancelled.job_id, 1)
        note = rest.Annotation(
            annotation_id=0, device_id=key[0], model_id=key[1], config_key=key[2], at_s=fleet.NOW_S, text="fan replaced"
        )
        store.writer.change(lambda db: history.annotate(db, note))
        store.writer.save_job_state(cancelled.job_id, 2, "cancelled", "", None, "cancelled")
        assert notes() == 1
        result = store.reader.results(limit=1)[0].result.result_id
        one = rest.Regression(
            regression_id="r",
            device_id=key[0],
            model_id=key[1],
            config_key=key[2],
            suspect_id=result,
            state="suspected",
            sentence="slower",
            rerun_job_id=cancelled.job_id,
            created_s=fleet.NOW_S,
        )
        store.writer.change(lambda db: history.suspect(db, one))
        store.writer.change(lambda db: db.execute("DELETE FROM annotation"))
        store.writer.change(lambda db: jobs.drop_cell_of(db, cancelled.job_id))
        assert store.reader.history.regressions(key) == [one]
        store.writer.change(lambda db: history.annotate(db, note))
    with closing(sqlite3.connect(tmp_path / "hub.sqlite")) as old:
        old.execute("PRAGMA foreign_keys = ON")
        old.execute(jobs.CHANGES[-1])
        old.commit()
    with stores.opened(tmp_path) as store:
        assert len(store.reader.history.annotations(key)) == len(store.reader.history.regressions(key)) == 1


def test_two_thousand_jobs_are_listed_a_page_at_a_time(tmp_path: Path) -> None:
    with stores.opened(tmp_path) as store:
        made = job_cases.typical(store.writer)
        model = fleet.model("net-a", "net-a")
        store.writer.create_campaign(job_cases.campaign(1, [model] * 2000))
        assert len(store.reader.jobs.page(ALL, queue.A_PAGE, 1900)) == queue.A_PAGE
        assert len(store.reader.jobs.queue()) == 2005
        assert store.reader.jobs.page(ALL, 1, 0)[0].job.job_id == made["now"][0].job_id


def test_the_page_filters_by_state_device_and_campaign_and_its_forms_come_back_to_it(live: Live) -> None:
    made = live.hub.writer.call(job_cases.typical)
    first = made["past"][0]
    whole = live.app_get("/jobs")
    assert "5 open jobs: 1 running, 4 queued." in whole
    assert all(f'id="job-{job.job_id}"' in whole for jobs in made.values() for job in jobs)
    narrowed = live.app_get(f"/jobs?state=failed&device={first.device_id}&campaign={first.campaign_id}")
    assert re.findall('id="job-([^"]*)"', narrowed) == [made["past"][2].job_id]
    assert re.findall('id="job-([^"]*)"', live.app_get(f"/jobs?job={first.job_id}")) == [first.job_id]
    assert f'href="/jobs?job={made["now"][0].job_id}">running: measure' in live.app_get("/")
    assert "Newest campaigns" in whole
    assert f'href="/jobs?campaign={first.campaign_id}"' in whole
    assert "No job matches." in live.app_get("/jobs?campaign=nothing&state=odd&page=x")
    back = f"/jobs?state=failed&device={first.device_id}"
    form = {"state": "failed", "device": first.device_id, "page": "1"}
    browser = TestClient(live.app, base_url=live.url, follow_redirects=False)
    for path in (
        "/jobs/cancel",
        "/jobs/retry",
        "/jobs/cancel",
        f"/jobs/{first.job_id}/retry",
        f"/jobs/{first.job_id}/cancel",
    ):
        answer = browser.post(path, data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, back)
    again = browser.post("/jobs/cancel", data=form)
    assert again.status_code == 400
    assert "none of these is queued or running" in again.text
    assert live.hub.reader.jobs.counts(rest.JobFilter(device_id=first.device_id)) == {"measured": 1, "cancelled": 7}
