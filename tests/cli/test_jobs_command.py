"""`edgeprof jobs` and `edgeprof results` against a real hub."""

import csv
import io
import json
import re
import time

import pytest

from edgeprof.commands.results import since_s
from edgeprof.errors import UsageError
from edgeprof.tables.results import FORMATS
from edgeprof.wire import identity
from tests.cli.conftest import Run
from tests.hub import fleet, job_cases
from tests.hub.live import Live


def test_jobs_are_listed_cancelled_and_retried(run: Run, hub: Live) -> None:
    made = hub.hub.writer.call(job_cases.typical)
    now, past = made["now"], made["past"]
    shown = run("jobs").out
    assert re.match(r"5 open jobs: 1 running, 4 queued. About 3 min( \d+ s)? left; not known for 1.\n", shown)
    assert "running measure 50 %" in shown
    assert "queued, device offline" in shown
    assert "failed: operator_unsupported" in shown
    assert "took 40 s" in shown
    assert shown.index(now[0].job_id) < shown.index(now[1].job_id) < shown.index(past[0].job_id)
    assert "8 more. Show them with --limit 9" in run("jobs", "--limit", "1").out
    campaigns = run("jobs", "campaigns").out.splitlines()
    assert len(campaigns) == 4
    assert "net-a on attic-pi" in campaigns[1]
    assert "3 models on kitchen-pi  1 running, 3 queued" in campaigns[2]
    assert campaigns[3].endswith(f"4 models on kitchen-pi  1 failed, 2 measured, 1 cancelled  {past[0].campaign_id}")
    assert len(json.loads(run("jobs", "campaigns", "--limit", "1", "--json").out)) == 1
    failed = json.loads(run("jobs", "--state", "failed", "--device", "kitchen-pi", "--json").out)
    assert [entry["job"]["job_id"] for entry in failed["entries"]] == [past[2].job_id]
    assert run("jobs", "retry", past[2].job_id).out == f"Queued 1 job again. See {hub.url}/jobs\n"
    assert run("jobs", "cancel", past[2].job_id).out == "Cancelled 1 job.\n"
    assert run("jobs", "cancel", past[2].job_id).refused_with("job_ended")
    assert run("jobs", "cancel", "--all", "--campaign", now[0].campaign_id).out == "Cancelled 4 jobs.\n"
    assert run("jobs", "cancel", "--all").out == "Cancelled 1 job.\n"
    assert run("jobs", "cancel", "--all").refused_with("nothing_open")
    assert run("jobs", "retry", "--failed").refused_with("nothing_failed")
    assert run("jobs", "--state", "open").out == "No open jobs.\n"
    assert run("jobs", "--watch").out.startswith("No open jobs.")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("cancel",), "bad_usage"),
        (("cancel", "x", "--all"), "bad_usage"),
        (("cancel", "../x"), "bad_job_id"),
        (("retry", "x", "--device", "kitchen-pi"), "bad_usage"),
        (("--campaign", "../x"), "bad_campaign_id"),
        (("--device", "nobody"), "unknown_device"),
    ],
)
def test_a_wrong_use_of_jobs_is_one_sentence(run: Run, hub: Live, arguments: tuple[str, ...], code: str) -> None:
    assert hub.url
    assert run("jobs", *arguments).refused_with(code)


def test_results_are_listed_newest_first_with_figure_interval_badge_and_id(run: Run, hub: Live) -> None:
    assert run("results").out == "No result matches.\n"
    assert run("jobs", "campaigns").out.startswith("No campaign yet.")
    hub.hub.writer.call(lambda store: fleet.fill(store, fleet.typical()))
    stored = hub.hub.reader.results()
    lines = run("results").out.splitlines()
    assert [line.split()[-1] for line in lines[1 : 1 + len(stored)]] == [one.result.result_id for one in stored]
    measured = next(one.result for one in stored if one.result.metrics and "p50" in lines[1 + stored.index(one)])
    (row,) = [line for line in lines if measured.result_id in line]
    assert row.startswith("p50 ")
    assert "–" in row
    failed = next(one.result for one in stored if one.result.failure)
    assert failed.failure is not None
    only = json.loads(run("results", "--state", failed.failure.code, "--format", "json").out)
    assert failed.result_id in {one["result_id"] for one in only}
    assert {one["failure_code"] for one in only} == {failed.failure.code}
    found = list(csv.DictReader(io.StringIO(run("results", "--format", "csv", "--limit", "2").out)))
    assert [one["result_id"] for one in found] == [one.result.result_id for one in stored[:2]]
    assert run("results", "--format", "md", "--limit", "1").out.count("\n") == 3
    family = json.loads(run("results", "--family", "digits-cnn", "--format", "json").out)
    assert {one["family"] for one in family} == {"digits-cnn"}
    assert run("results", "--since", "1h").out == "No result matches.\n"
    assert run("results", "--family", "nothing").out == "No result matches.\n"
    assert run("results", "--state", "out_of_memory", "--since", "1s").out == "No result matches.\n"
    assert run("results", "--state", "faild").refused_with("unknown_state")


def test_one_result_shows_its_headline(run: Run, hub: Live) -> None:
    hub.hub.writer.call(lambda store: fleet.fill(store, fleet.typical()))
    newest = hub.hub.reader.results()
    for stored in newest:
        result = stored.result
        shown = run("results", result.result_id).out
        assert shown.endswith(f"All of it: {hub.url}/runs/{result.result_id}\n")
        assert result.model_name in shown.splitlines()[0]
        if result.failure:
            assert f"failed: {result.failure.code}." in shown
        else:
            assert "Peak memory" in shown
            assert "not measured" in shown
            assert "Badge: ? not checked" in shown
    assert json.loads(run("results", newest[0].result.result_id, "--format", "json").out)["result_id"]
    assert run("results", newest[0].result.result_id, "--device", "x").refused_with("bad_usage")
    assert run("results", identity.new_id()).refused_with("not_found")
    assert run("results", "../x").refused_with("bad_result_id")


def test_a_foreign_text_cannot_steer_the_terminal(run: Run, hub: Live) -> None:
    hub.hub.writer.call(lambda store: fleet.fill(store, fleet.hostile("\x1b[2J=1+1<b>|")))
    for kind in FORMATS:
        assert "\x1b" not in run("results", "--format", kind).out
    assert "\x1b" not in run("jobs").out


def test_a_moment_is_an_age_or_a_date() -> None:
    now_s = time.time()
    assert [now_s - since_s(text, now_s) for text in ("90s", "2 h", "7d", "1w")] == pytest.approx(
        [90, 7200, 7 * 86_400, 7 * 86_400]
    )
    assert since_s("2026-11-30", now_s) == since_s("2026-11-30T00:00:00Z", now_s) == 1_795_996_800
    with pytest.raises(UsageError, match="yesterday") as refused:
        since_s("yesterday", now_s)
    assert refused.value.code == "bad_since"
