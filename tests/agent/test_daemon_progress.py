"""Progress: four lines a second at most, every new stage, and the stage that a failure is put to."""

import time

from edgeprof.wire.messages import Progress
from edgeprof_agent.daemon.progress import SECONDS_BETWEEN, ProgressTap
from tests.agent import pieces


def test_many_lines_become_few_and_every_new_stage_is_told() -> None:
    told: list[Progress] = []
    tap = ProgressTap(pieces.job(), told.append)
    began_s = time.monotonic()
    for number in range(5_000):
        tap("fetch", number / 5_000, "")
    assert len(told) <= 1 + (time.monotonic() - began_s) / SECONDS_BETWEEN
    for stage in ("start", "load", "measure"):
        tap(stage, None, "")
    assert [progress.stage for progress in told[-3:]] == ["start", "load", "measure"]
    assert tap.stage == "measure"


def test_a_stage_that_the_wire_does_not_name_is_told_and_not_put_to_a_failure() -> None:
    told: list[Progress] = []
    tap = ProgressTap(pieces.job(), told.append)
    tap("load", None, "")
    tap("warming the cat", None, "")
    assert told[-1].stage == "warming the cat"
    assert tap.stage == "load"
