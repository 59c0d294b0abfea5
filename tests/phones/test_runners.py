"""The table of runners: their settings, their command lines, and reports of several builds."""

from dataclasses import replace
from pathlib import Path

import pytest

from edgeprof.errors import UsageError
from edgeprof.wire.messages import RunConfig, RunProtocol
from edgeprof_agent import config
from edgeprof_agent.measuring.figures import Figures
from edgeprof_agent.phones.runners.base import Report, UnreadReport
from edgeprof_agent.phones.runners.table import RUNNERS, parse, runtime_facts
from tests.phones.pixel import write_program

OLD = """\
Running benchmark for at least 1 iterations and at least 0.5 seconds but terminate if exceeding 150 seconds.
count=1 curr=3512391

Running benchmark for at least 50 iterations and at least 1 seconds but terminate if exceeding 150 seconds.
count=50 first=2990275 curr=2913402 min=2727568 max=3189954 avg=2.95034e+06 std=109798

Inference timings in us: Init: 17187, First inference: 3512391, Warmup (avg): 3.51239e+06, Inference (avg): 2.95034e+06
"""


def test_a_build_without_a_median_has_no_p50_and_says_why() -> None:
    figures = Figures()
    RUNNERS["benchmark_model"].read(Report(out="", err=OLD), RunConfig(runtime="benchmark_model"), figures)
    assert figures.value("latency_p50_ms") is None
    assert figures.value("latency_mean_ms") == pytest.approx(2950.34)
    absent = {one.metric: one.reason for one in figures.absent}
    assert absent["latency_p50_ms"] == "benchmark_model prints no samples, and this build no such figure"


def test_the_protocol_and_the_threads_reach_the_command_line() -> None:
    config = RunConfig(runtime="benchmark_model", threads=4, prompt_tokens=64, decode_tokens=16, depth_tokens=512)
    protocol = RunProtocol(warmup_runs=7, min_runs=30, window_s=2.0, window_limit_s=9.0)
    assert RUNNERS["benchmark_model"].arguments("/m.tflite", config, protocol) == [
        *("--graph=/m.tflite", "--num_threads=4", "--warmup_runs=7"),
        *("--num_runs=30", "--min_secs=2", "--max_secs=9"),
    ]
    asked = RUNNERS["llama-bench"].arguments("/m.gguf", config, protocol)
    assert asked[:8] == ["-m", "/m.gguf", "-o", "json", "-r", "5", "-ngl", "0"]
    assert asked[8:] == ["-p", "64", "-n", "16", "-d", "512", "-t", "4"]
    assert "-t" not in RUNNERS["llama-bench"].arguments("/m.gguf", replace(config, threads=0), protocol)


@pytest.mark.parametrize("text", ["", "[]", "not JSON", '[{"n_prompt": 1}]'])
def test_a_report_of_another_form_is_not_guessed_at(text: str) -> None:
    for runner in RUNNERS.values():
        with pytest.raises(UnreadReport):
            runner.read(Report(out=text, err=""), RunConfig(runtime=runner.name), Figures())


def test_a_folder_brings_its_libraries_and_the_version_covers_all_of_them(tmp_path: Path) -> None:
    write_program(tmp_path / "llama-bench", "#!/bin/sh\n")
    alone = parse([f"llama-bench={tmp_path / 'llama-bench'}"])["llama-bench"]
    (tmp_path / "libllama.so").write_bytes(b"library")
    (tmp_path / "README.md").write_text("not a library")
    whole = parse([f"llama-bench={tmp_path}"])["llama-bench"]
    assert [file.name for file in whole.files] == ["llama-bench", "libllama.so"]
    assert alone.version != whole.version
    facts = {fact.variant: fact for fact in runtime_facts({"llama-bench": whole})}
    assert facts["llama-bench"].version == whole.version
    assert facts["benchmark_model"].version is None
    assert "--phone-runner benchmark_model=PATH" in (facts["benchmark_model"].reason or "")


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ("perf_test=/bin/true", "bad_phone_runner"),
        ("llama-bench", "bad_phone_runner"),
        ("llama-bench=/nowhere/llama-bench", "phone_runner_missing"),
    ],
)
def test_a_setting_that_names_no_runner_is_refused(setting: str, code: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse([setting])
    assert raised.value.code == code


def test_an_agent_of_phones_has_a_folder_of_its_own_and_measures_nothing_of_the_host(tmp_path: Path) -> None:
    file = tmp_path / "agent.toml"
    file.write_text('hub = "http://hub:8765"\nphone_runner = ["llama-bench=/opt/llama-bench"]\n')
    found = config.load({}, {}, file)
    assert (found.phone_runners, found.data.name) == (("llama-bench=/opt/llama-bench",), "phones")
    from_environment = config.load(
        {"hub": "http://hub:8765"}, {"EDGEPROF_AGENT_PHONE_RUNNER": "llama-bench=/a benchmark_model=/b"}
    )
    assert from_environment.phone_runners == ("llama-bench=/a", "benchmark_model=/b")
    with pytest.raises(UsageError, match="cannot be combined"):
        config.load({"cores": "2"}, {}, file)
