"""`edgeprof endpoint`, and served models on the command line."""

from pathlib import Path

import pytest

from tests.agent.odd_endpoint import odd_endpoint
from tests.cli.conftest import Run

KEY = "sk-of-the-test"


def test_what_an_endpoint_serves_is_listed_with_a_key_that_is_not_told(
    monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setenv("THE_KEY", KEY)
    with odd_endpoint() as odd:
        odd.key = KEY
        listed = run("endpoint", "check", odd.url, "--key-env", "THE_KEY")
        assert listed.code == 0, listed.err
        assert "It serves 1 model:" in listed.out
        assert "odd-1" in listed.out
        assert "describe no cloud" in listed.out
        assert "[endpoint_failed]" in run("endpoint", "check", odd.url).err
        odd.key = "another"
        refused = run("endpoint", "check", odd.url, "--key-env", "THE_KEY")
    assert "401" in refused.err
    assert KEY not in listed.out + listed.err + refused.out + refused.err
    assert "[endpoint_failed]" in run("endpoint", "check", "http://127.0.0.1:9/v1").err


def test_a_served_model_without_an_endpoint_says_what_is_missing(tmp_path: Path, run: Run) -> None:
    file = tmp_path / "m.served"
    made = run("endpoint", "model", "org/m-1", "--out", str(file), "--price-provider", "openai", "--parameter", "a=0.5")
    assert made.code == 0, made.err
    assert file.read_bytes() == (
        b'{"edgeprof_served":1,"model":"org/m-1","parameters":{"a":0.5},"price":{"provider":"openai","model":"org/m-1"}}'
    )
    missing = run("profile", str(file))
    assert missing.code != 0
    assert "[endpoint_missing]" in missing.err
    lost = run("profile", str(file), "--endpoint-key-env", "A_KEY")
    assert "[bad_usage]" in lost.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("m", "--price-model", "x"),
        ("m", "--out", "m.gguf"),
        ("m", "--parameter", "temperature"),
        ("m", "--parameter", 'a={"b":1}'),
        ("m", "--parameter", "stream=false"),
    ],
)
def test_what_no_document_can_say_is_refused(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("endpoint", "model", *arguments).code != 0
    assert list(tmp_path.iterdir()) == []
