"""The hub's client: what a person is told when the hub, the URL or the token is wrong, and the event stream."""

from pathlib import Path

import pytest

from edgeprof.client.http_client import HubClient, HubError, token_from
from edgeprof.errors import UsageError
from edgeprof.net.sse import Event
from tests.cli.canned import answering
from tests.hub.live import free_port

BAD_URLS = [
    *("", "ftp://hub", "http://", "http://hub:abc", "http://hub:99999", "http://hub:0"),
    *("http://[::1", "no such thing", "http://a..b"),
]


@pytest.mark.parametrize("url", BAD_URLS)
def test_a_url_that_cannot_be_one_is_refused_before_any_connection(url: str) -> None:
    with pytest.raises(UsageError, match="is not a hub URL") as refused:
        HubClient(url)
    assert refused.value.code == "bad_url"


@pytest.mark.parametrize("url", ["hub:8765", "http://hub:8765/", "http://hub:8765/compare?x=1"])
def test_a_url_is_told_without_what_does_not_belong_to_it(url: str) -> None:
    assert HubClient(url).url == "http://hub:8765"


@pytest.mark.parametrize("token", ["two\nlines", "tökén", "null\0"])
def test_a_token_that_no_header_can_hold_is_refused(token: str) -> None:
    with pytest.raises(HubError) as refused:
        HubClient("hub", token)
    assert refused.value.code == "bad_token"


def test_a_hub_that_is_not_there_is_told_with_its_url() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(HubError, match=url) as refused:
        HubClient(url).devices()
    assert refused.value.code == "hub_unreachable"


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (409, b'{"error":{"code":"its_code","message":"Its sentence."}}', "its_code"),
        (404, b"<html>nothing here</html>", "http_404"),
        (502, b"", "http_502"),
        (200, b"<html>a login page</html>", "hub_answer_unreadable"),
        (200, b'[{"device_id": 1}]', "hub_answer_unreadable"),
    ],
)
def test_every_answer_that_is_not_ours_has_a_code(status: int, body: bytes, code: str) -> None:
    with answering(status, body) as url, pytest.raises(HubError) as refused:
        HubClient(url).devices()
    assert refused.value.code == code
    assert refused.value.message.endswith(".")


@pytest.mark.parametrize("status", [200, 500])
def test_an_answer_that_is_cut_off_is_an_error(status: int) -> None:
    with answering(status, b"[", promised=100) as url, pytest.raises(HubError) as refused:
        HubClient(url).devices()
    assert refused.value.code == "hub_unreachable"


def test_the_event_stream_is_read_as_the_standard_says() -> None:
    stream = b": hello\n\nevent: changed\r\ndata: one\ndata:two\n\nid: 7\ndata: {}\n\nevent: empty\n\ndata: cut off"
    with answering(200, stream) as url:
        assert list(HubClient(url).changes()) == [Event("changed", "one\ntwo"), Event("message", "{}")]


def test_a_token_comes_from_its_file_and_else_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEPROF_TOKEN", "of-the-environment")
    file = tmp_path / "token"
    file.write_text(" of-the-file\n")
    assert token_from(str(file)) == "of-the-file"
    assert token_from(None) == "of-the-environment"
    monkeypatch.setenv("EDGEPROF_TOKEN", "")
    assert token_from(None) is None


def test_a_token_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "nothing", tmp_path, binary):
        with pytest.raises(HubError, match=str(path)) as refused:
            token_from(str(path))
        assert refused.value.code == "token_unreadable"
