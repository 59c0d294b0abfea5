"""The benchmark of faults finds what it counts: a lost, an altered, a doubled and a stuck result."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from benchmarks.fault_count import HUB_DATABASE, Count, count
from edgeprof_agent.daemon.database import TABLES
from edgeprof_hub.store.schema import SPINE

Row = tuple[str, str]
"""A result's id and the SHA-256 of its bytes."""


def counted(
    folder: Path, made: Sequence[Row], stored: Sequence[Row], *, state: str = "receipted", job_state: str = "measured"
) -> Count:
    """What is counted of an agent `alpha` that made these results, and a hub that stored those. One job each."""
    (folder / "alpha").mkdir()
    with closing(sqlite3.connect(folder / "alpha" / "agent.db")) as agent, agent:
        for statement in TABLES.values():
            agent.execute(statement)
        for result, sha256 in made:
            agent.execute(
                "INSERT INTO results (result_id, job_id, attempt, payload, sha256, artifacts, state, changed_s)"
                " VALUES (?, ?, 1, '', ?, '[]', ?, 0)",
                (result, f"job-{result[0]}", sha256, state),
            )
    (folder / HUB_DATABASE).parent.mkdir()
    with closing(sqlite3.connect(folder / HUB_DATABASE)) as hub, hub:
        for statement in SPINE:
            hub.execute(statement)
        hub.execute(
            "INSERT INTO job VALUES ('j', 'c', 1, 'd', 'm', '', '', '', ?, '', 0, '', NULL, 0, 0, 0)", (job_state,)
        )
        for result, sha256 in stored:
            hub.execute(
                "INSERT INTO result (result_id, job_id, device_id, model_id, config_key, status, payload_sha256,"
                """ received_s, document) VALUES (?, ?, 'd', 'm', 'k', 'measured', ?, 0, '{"attempt": 1}')""",
                (result, f"job-{result[0]}", sha256),
            )
    return count(folder, ("alpha",), ())


def test_what_arrived_once_is_clean(tmp_path: Path) -> None:
    found = counted(tmp_path, [("a", "1"), ("b", "2")], [("a", "1"), ("b", "2")])
    assert found.is_clean
    assert (found.created, found.stored, found.outcomes) == (2, 2, {"measured": 2})


def test_a_result_that_is_not_on_the_hub_is_lost(tmp_path: Path) -> None:
    assert counted(tmp_path, [("a", "1"), ("b", "2")], [("a", "1")]).lost == ("b is not on the hub",)


def test_a_result_with_other_bytes_is_lost(tmp_path: Path) -> None:
    assert counted(tmp_path, [("a", "1")], [("a", "9")]).lost == ("a has other bytes on the hub",)


def test_two_results_of_one_attempt_are_duplicated(tmp_path: Path) -> None:
    both = [("a1", "1"), ("a2", "2")]
    assert counted(tmp_path, both, both).duplicated == ("job job-a attempt 1 has 2 results",)


def test_a_result_of_no_device_is_duplicated(tmp_path: Path) -> None:
    assert counted(tmp_path, [], [("a", "1")]).duplicated == ("a was made by no device",)


def test_a_job_without_an_end_is_stuck(tmp_path: Path) -> None:
    assert counted(tmp_path, [], [], job_state="running").stuck == ("job j is running (no stage) on the hub",)


def test_a_result_in_the_outbox_is_stuck(tmp_path: Path) -> None:
    found = counted(tmp_path, [("a", "1")], [], state="queued")
    assert (found.lost, found.stuck) == ((), ("result a is queued on alpha: no reason",))


def test_a_result_that_was_set_aside_is_lost_and_stuck(tmp_path: Path) -> None:
    found = counted(tmp_path, [("a", "1")], [], state="aside")
    assert (len(found.lost), len(found.stuck)) == (1, 1)
