"""Served models: against a real llama.cpp server, and against endpoints that do one thing wrong."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from benchmarks.llama_server import llama_server
from edgeprof.modelfiles import served_file
from edgeprof.modelfiles.served_file import Parameter, Served, ServedPrice
from edgeprof.wire.evidence import SweepAt
from edgeprof.wire.messages import Result, RunProtocol
from edgeprof_agent.endpoint import parse_endpoint
from edgeprof_agent.runtimes.openai import http
from edgeprof_agent.runtimes.openai import requests as openai_asking
from edgeprof_agent.runtimes.openai.adapter import steps_of
from edgeprof_agent.runtimes.openai.answers import Usage
from tests.agent.gguf_models import tiny_llama
from tests.agent.measuring import measured, request_for, values
from tests.agent.odd_endpoint import OddEndpoint, odd_endpoint

SHORT = RunProtocol(warmup_runs=1, warmup_limit_s=0.1, window_s=0.1, window_limit_s=0.3, deadline_s=60)
KEY = "sk-of-the-test"


@pytest.fixture
def odd() -> Iterator[OddEndpoint]:
    with odd_endpoint() as server:
        yield server


def document(folder: Path, name: str, parameters: dict[str, Parameter] | None = None) -> Path:
    file = folder / f"{name}.served"
    price = ServedPrice(provider="openai", model="gpt-4o-mini")
    file.write_bytes(
        served_file.written(Served(edgeprof_served=1, model=name, parameters=parameters or {}, price=price))
    )
    return file


def ask(
    url: str,
    folder: Path,
    name: str = "odd-1",
    key: str | None = None,
    protocol: RunProtocol = SHORT,
    decode: int = 8,
    prompt: int = 40,
    parameters: dict[str, Parameter] | None = None,
) -> Result:
    asked = request_for(document(folder, name, parameters), "openai-api", protocol=protocol)
    config = replace(asked.config, prompt_tokens=prompt, decode_tokens=decode, threads=0)
    return measured(replace(asked, config=config, endpoint=parse_endpoint(url, key, os.environ)))


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Result:
    folder = tmp_path_factory.mktemp("served")
    with llama_server(tiny_llama(folder / "tiny.gguf"), "tiny") as url:
        swept = replace(SHORT, sweep=(SweepAt(prompt_tokens=300), SweepAt(depth_tokens=8)), energy=True)
        return ask(url, folder, "tiny", protocol=swept, decode=16, prompt=200, parameters={"ignore_eos": True})


def test_a_real_llama_cpp_server_is_measured_as_its_clients_see_it(real: Result) -> None:
    assert real.status == "measured", real.failure
    found = values(real)
    assert found["ttft_ms"] > 0
    assert found["decode_tokens_per_s"] > 0
    assert found["connect_ms"] > 0
    assert found["request_errors_percent"] == 0
    remote = real.remote
    assert remote is not None
    assert (remote.model, remote.answered_as, remote.on_this_host) == ("tiny", "tiny", True)
    assert (remote.price_provider, remote.price_model) == ("openai", "gpt-4o-mini")
    assert remote.requests > 15
    assert remote.errors == {}
    assert remote.total_output_tokens > remote.requests
    assert remote.prompt_tokens == pytest.approx(200, abs=20)  # one token a letter, and words differ in length


def test_what_only_the_machine_behind_an_endpoint_knows_has_a_reason_and_no_figure(real: Result) -> None:
    absent = {item.metric: item.reason for item in real.absent}
    for metric in ("prefill_tokens_per_s", "peak_memory_mib", "load_ms", "energy_per_token_j", "model_size_mib"):
        assert metric in absent
        assert metric not in values(real)
    assert "network" in absent["prefill_tokens_per_s"]
    assert real.memory is None
    assert real.trust is not None
    assert not any("prefill" in (mark.reason or "") for mark in real.trust.marks)
    assert real.cold_start is None
    assert real.energy == ()
    assert not {item.metric for item in real.absent} & set(values(real))


def test_a_longer_prompt_is_a_point_and_a_depth_is_refused(real: Result) -> None:
    longer, depth = real.points
    assert longer.failure is None
    figures = {row.metric for row in longer.metrics}
    assert figures >= {"ttft_ms", "decode_tokens_per_s"}
    assert not figures & {"prefill_tokens_per_s", "peak_memory_mib"}
    assert "no depth" in (depth.failure or "")


def test_the_endpoints_count_decides_and_prompts_are_about_as_long_as_asked(odd: OddEndpoint, tmp_path: Path) -> None:
    result = ask(odd.url, tmp_path)
    assert result.status == "measured", result.failure
    assert result.remote is not None
    assert result.remote.prompt_tokens == 40
    assert result.remote.answered_as == "odd-1"
    assert result.remote.requests == len(odd.bodies)
    assert result.remote.total_cached_tokens == 3 * len(odd.bodies)
    prompts = [body["messages"][0]["content"] for body in odd.bodies if "list of words" in str(body)]
    assert len(set(prompts)) == len(prompts)
    # A part every 2 ms at the least: no more than 500 a second, and sleeping is exact to a few of them.
    assert 100 < values(result)["decode_tokens_per_s"] <= 500
    assert values(result)["inter_token_p50_ms"] >= 2


def test_a_key_is_sent_and_stands_nowhere(odd: OddEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd.key = KEY
    monkeypatch.setenv("THE_KEY", KEY)
    result = ask(odd.url, tmp_path, key="THE_KEY")
    assert result.status == "measured", result.failure
    assert odd.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert KEY.encode() not in msgspec.json.encode(result)
    odd.key = "another"
    refused = ask(odd.url, tmp_path, key="THE_KEY")
    assert refused.failure is not None
    assert (refused.failure.code, refused.failure.stage) == ("load_error", "load")
    assert "401" in refused.failure.message
    assert "--endpoint-key-env" in refused.failure.message
    assert KEY.encode() not in msgspec.json.encode(refused)


def test_an_older_name_of_the_limit_is_found_out(odd: OddEndpoint, tmp_path: Path) -> None:
    odd.old_limit = True
    result = ask(odd.url, tmp_path, parameters={"temperature": 0})
    assert result.status == "measured", result.failure
    assert all("max_completion_tokens" not in body for body in odd.bodies[1:])
    assert all(body["temperature"] == 0 for body in odd.bodies)
    assert result.remote is not None
    assert result.remote.errors == {}
    assert result.effective is not None
    assert "requested as odd-1, max_tokens, temperature=0" in result.effective.notes


def test_errors_that_pass_are_counted_waited_for_and_in_no_time(odd: OddEndpoint, tmp_path: Path) -> None:
    limited = (429, '{"error":{"message":"slow down"}}', {"Retry-After": "0"})
    odd.refusals = [(503, "busy", {"Retry-After": "0"}), limited, limited]
    result = ask(odd.url, tmp_path)
    assert result.status == "measured", result.failure
    assert result.remote is not None
    assert result.remote.errors == {"503": 1, "429": 2}
    asked = result.remote.requests + 3
    assert values(result)["request_errors_percent"] == pytest.approx(300 / asked)


def test_an_endpoint_that_only_refuses_is_given_up(odd: OddEndpoint, tmp_path: Path) -> None:
    odd.refusals = [(500, "out of order", {"Retry-After": "0"})] * openai_asking.MAX_IN_A_ROW
    result = ask(odd.url, tmp_path)
    assert result.failure is not None
    assert result.failure.code == "inference_error"
    assert "5 requests in a row failed" in result.failure.message
    assert "out of order" in result.failure.message
    assert len(odd.bodies) == openai_asking.MAX_IN_A_ROW


def test_a_pause_that_is_longer_than_the_run_ends_it(odd: OddEndpoint, tmp_path: Path) -> None:
    odd.refusals = [(429, "tomorrow", {"Retry-After": "86400"})]
    result = ask(odd.url, tmp_path)
    assert result.failure is not None
    assert "1 requests in a row failed" in result.failure.message or "tomorrow" in result.failure.message
    assert len(odd.bodies) == 1


@pytest.mark.parametrize(
    ("status", "said", "advice"),
    [
        (404, '{"error":{"message":"no such"}}', "endpoint check"),
        (400, "what?", "what?"),
        (302, "", "redirects"),
    ],
)
def test_a_refusal_for_good_is_not_asked_again(
    odd: OddEndpoint, tmp_path: Path, status: int, said: str, advice: str
) -> None:
    odd.refusals = [(status, said, {"Location": "https://elsewhere.example/"})]
    result = ask(odd.url, tmp_path)
    assert result.failure is not None
    assert result.failure.code == "load_error"
    assert advice in result.failure.message
    assert len(odd.bodies) == 1


@pytest.mark.parametrize(
    ("odd_thing", "said"),
    [
        ({"tells_usage": False}, "does not report how many tokens"),
        ({"reasoning": 1000}, "reasoning_effort"),
        ({"ignores_limit": True}, "more than the one token"),
        ({"at_once": 1000}, "came in one piece"),
    ],
)
def test_an_answer_that_tells_no_speed_says_why(
    odd: OddEndpoint, tmp_path: Path, odd_thing: dict[str, object], said: str
) -> None:
    for name, value in odd_thing.items():
        setattr(odd, name, value)
    result = ask(odd.url, tmp_path)
    assert result.failure is not None
    assert said in result.failure.message


def test_an_answer_that_breaks_off_is_an_error_that_is_asked_again(
    odd: OddEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd.breaks_after = 2
    result = ask(odd.url, tmp_path, protocol=replace(SHORT, deadline_s=3))
    assert result.failure is not None
    assert "in a row failed" in result.failure.message
    assert "odd-1" not in result.failure.message


def test_an_error_within_an_answer_is_told_in_its_own_words(odd: OddEndpoint, tmp_path: Path) -> None:
    odd.says_error_within = "the context is full"
    result = ask(odd.url, tmp_path, protocol=replace(SHORT, deadline_s=3))
    assert result.failure is not None
    assert "the context is full" in result.failure.message


def test_several_tokens_at_once_give_a_speed_and_no_gaps(odd: OddEndpoint, tmp_path: Path) -> None:
    odd.at_once = 3
    result = ask(odd.url, tmp_path)
    assert result.status == "measured", result.failure
    assert values(result)["decode_tokens_per_s"] > 0
    absent = {item.metric: item.reason for item in result.absent}
    assert "several tokens at once" in absent["inter_token_p50_ms"]


def test_a_connection_that_was_closed_in_between_is_no_error(odd: OddEndpoint, tmp_path: Path) -> None:
    odd.closes = True
    result = ask(odd.url, tmp_path)
    assert result.status == "measured", result.failure
    assert result.remote is not None
    assert result.remote.errors == {}


def test_nobody_at_the_address_is_a_failure_with_the_address(tmp_path: Path) -> None:
    result = ask("http://127.0.0.1:9/v1", tmp_path)
    assert result.failure is not None
    assert result.failure.code == "load_error"
    assert "http://127.0.0.1:9/v1 (connection)" in result.failure.message


def test_a_served_model_runs_nowhere_but_at_its_endpoint(tmp_path: Path) -> None:
    served = request_for(document(tmp_path, "odd-1"), "openai-api", protocol=SHORT)
    alone = measured(served)
    assert alone.failure is not None
    assert alone.failure.code == "runtime_missing"
    board = request_for(tiny_llama(tmp_path / "tiny.gguf"), "xllamacpp", protocol=SHORT)
    misplaced = measured(replace(board, endpoint=parse_endpoint("http://127.0.0.1:9/v1", None, {})))
    assert misplaced.failure is not None
    assert misplaced.failure.code == "runtime_missing"


@pytest.mark.parametrize(
    ("completion", "reasoning", "parts", "steps", "one_by_one"),
    [
        (9, 0, 9, 8, True),
        (9, 0, 8, 7, True),  # the end of the text is billed and not shown
        (9, 0, 3, 6, False),  # three at once: the first three came before the clock started
        (9, 4, 5, 4, True),
        (9, 4, 9, 8, True),  # its reasoning is shown
        (9, 0, 1, 0, False),
    ],
)
def test_steps_are_those_that_were_seen_to_pass(
    completion: int, reasoning: int, parts: int, steps: int, one_by_one: bool
) -> None:
    told = {
        "prompt_tokens": 1,
        "completion_tokens": completion,
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }
    assert steps_of(msgspec.convert(told, Usage), parts) == (steps, one_by_one)


def test_a_list_of_models_that_is_too_long_is_not_held(odd: OddEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = http.Connection(odd.url, None)
    assert connection.models() == ["odd-1"]
    odd.models = 200
    monkeypatch.setattr(http, "_MAX_LIST_BYTES", 1024)
    with pytest.raises(http.EndpointUnreachable, match="longer than 1 KiB") as caught:
        connection.models()
    assert caught.value.kind == "answer"


def test_what_comes_after_the_end_of_an_answer_is_not_read_to_its_end(
    odd: OddEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "_MAX_LINE_BYTES", 4096)
    odd.after_the_end = b"x" * 100_000
    connection = http.Connection(odd.url, None)
    body: dict[str, object] = {"messages": [{"role": "user", "content": "a"}], "max_tokens": 2}
    for _ in range(2):
        reply = connection.chat(body)
        assert reply.usage is not None
    connection.close()
