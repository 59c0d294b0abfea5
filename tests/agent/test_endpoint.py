"""The setting of an endpoint: what is an address, and a key that is nowhere but in the environment."""

import socket
from pathlib import Path

import pytest

from edgeprof.errors import UsageError
from edgeprof_agent import config
from edgeprof_agent.endpoint import parse_endpoint

HUB = {"hub": "http://h:8765"}
KEYS = {"A_KEY": "sk-secret", "EMPTY": " ", "TWO_LINES": "a\nb"}


@pytest.mark.parametrize(
    ("url", "seen", "host", "here"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com/v1", "api.openai.com", False),
        ("https://API.openai.com/v1/", "https://api.openai.com/v1", "api.openai.com", False),
        ("https://h.example/v1/chat/completions", "https://h.example/v1", "h.example", False),
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1", "127.0.0.1:8080", True),
        ("http://localhost:8080", "http://localhost:8080", "localhost:8080", True),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1", "[::1]:8080", True),
        ("http://192.168.1.7:8080/v1", "http://192.168.1.7:8080/v1", "192.168.1.7:8080", False),
    ],
)
def test_an_address_is_put_in_one_form(url: str, seen: str, host: str, here: bool) -> None:
    found = parse_endpoint(url, None, {})
    assert (found.url, found.host, found.on_this_host) == (seen, host, here)


@pytest.mark.parametrize(
    "url",
    [
        "api.openai.com",
        "ftp://h/v1",
        "https://",
        "https://me:hush-hush@h/v1",
        "https://h/v1?key=hush-hush",
        "https://h:port/v1",
        "https://[::1/v1",
    ],
)
def test_what_is_no_address_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_endpoint(url, None, {})
    assert refused.value.code == "bad_endpoint"
    assert "hush-hush" not in refused.value.message


@pytest.mark.parametrize(
    ("variable", "code"),
    [
        ("sk-secret", "bad_key_variable"),
        ("EDGEPROF_KEY", "bad_key_variable"),
        ("NOT_SET", "key_missing"),
        ("gsk_a_key_that_looks_like_a_name", "key_missing"),
        ("EMPTY", "key_missing"),
        ("TWO_LINES", "bad_key_variable"),
    ],
)
def test_a_key_is_named_by_its_variable(variable: str, code: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_endpoint("https://h/v1", variable, KEYS)
    assert refused.value.code == code
    assert variable not in refused.value.message


def test_a_key_goes_over_no_network_unencrypted() -> None:
    with pytest.raises(UsageError) as refused:
        parse_endpoint("http://h/v1", "A_KEY", KEYS)
    assert refused.value.code == "key_in_clear"
    assert parse_endpoint("http://127.0.0.1/v1", "A_KEY", KEYS).key_variable == "A_KEY"


def test_an_endpoint_is_a_device_of_its_own_beside_its_host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EDGEPROF_STATE", str(tmp_path))
    settings = config.load({**HUB, "endpoint": "https://h.example:444/v1", "endpoint_key_env": "A_KEY"}, KEYS)
    assert settings.data == tmp_path / "agent" / "endpoint-h.example-444-v1"
    assert settings.name == "h.example:444" != socket.gethostname()
    assert settings.endpoint is not None
    assert "sk-secret" not in repr(settings)
    by_environment = config.load(HUB, {"EDGEPROF_AGENT_ENDPOINT": "https://h.example/v1"})
    assert by_environment.endpoint is not None
    assert by_environment.endpoint.key_variable is None


@pytest.mark.parametrize(
    "settings",
    [
        {"endpoint": "https://h/v1", "emulate": "rpi-5"},
        {"endpoint": "https://h/v1", "meter": ["tasmota:plug@h"]},
        {"endpoint_key_env": "A_KEY"},
    ],
)
def test_an_endpoint_goes_with_nothing_that_is_of_a_board(settings: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        config.load({**HUB, **settings}, KEYS)
