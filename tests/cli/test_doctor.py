"""`edgeprof doctor`: a verdict on each part, and a command where one is missing."""

import json

from tests.cli.conftest import Run


def test_people_and_programs_are_told_the_same(run: Run) -> None:
    findings = json.loads(run("doctor", "--json").out)
    text = run("doctor").out
    assert {finding["verdict"] for finding in findings} <= {"ok", "missing", "optional"}
    for finding in findings:
        assert finding["subject"] in text
        assert finding["detail"] in text


def test_every_runtime_that_is_not_here_has_the_command_that_mends_it(run: Run) -> None:
    runtimes = [item for item in json.loads(run("doctor", "--json").out) if item["subject"].startswith("runtime ")]
    assert {item["subject"] for item in runtimes} >= {"runtime onnxruntime", "runtime litert", "runtime xllamacpp"}
    for finding in runtimes:
        mendable = "has wheels for Python" not in finding["detail"]
        assert bool(finding["mend"]) == (finding["verdict"] != "ok" and mendable)


def test_the_exit_code_says_whether_anything_can_be_measured(run: Run) -> None:
    ended = run("doctor")
    assert (ended.code == 0) == ("This machine can profile models." in ended.out)
