"""One file from servers that misbehave: what arrives is right, or a named failure, and it always ends."""

import hashlib
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from edgeprof.errors import EdgeprofError
from edgeprof.net.backoff import Backoff
from edgeprof.wire.messages import FileRef
from edgeprof_agent.config import DownloadLimits
from edgeprof_agent.daemon import download as download_module
from edgeprof_agent.daemon.background_hash import MAX_CHUNKS_WAITING, BackgroundHash
from edgeprof_agent.daemon.download import download
from edgeprof_agent.daemon.http import HubHttp
from tests.agent.faulty_server import ETAG, Step, cut_after, endless, honest, plain, ranged, serving, stalled

DATA = os.urandom(300_000)
QUICK = DownloadLimits(stall_s=0.2, deadline_s=20, tries=3, backoff=Backoff(0.0, 0.01))


def ref(data: bytes = DATA) -> FileRef:
    return FileRef(path="model.onnx", size=len(data), sha256=hashlib.sha256(data).hexdigest())


def fetch(
    url: str,
    part: Path,
    data: bytes = DATA,
    limits: DownloadLimits = QUICK,
    on_bytes: Callable[[int], None] = lambda _: None,
    cancelled: threading.Event | None = None,
) -> None:
    download(HubHttp(url), ref(data), part, limits, cancelled or threading.Event(), on_bytes)


def code_of(attempt: Callable[[], None]) -> str | None:
    try:
        attempt()
    except EdgeprofError as error:
        return error.code
    return None


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / "x.part"


def half_done(part: Path, etag: str = ETAG, size: int = 100_000) -> None:
    part.write_bytes(DATA[:size])
    part.with_suffix(".etag").write_text(etag)


@pytest.mark.parametrize("data", [b"", b"x", DATA], ids=["0 B", "1 B", "300 kB"])
def test_a_file_arrives(part: Path, data: bytes) -> None:
    with serving(honest(data)) as server:
        fetch(server.url, part, data)
    assert part.read_bytes() == data
    assert not part.with_suffix(".etag").exists()


def test_a_cut_is_resumed_where_it_happened(part: Path) -> None:
    with serving(cut_after(DATA, 120_000), honest(DATA)) as server:
        fetch(server.url, part)
    assert part.read_bytes() == DATA
    assert server.ranges == [None, "bytes=120000-"]
    assert server.conditions == [None, ETAG]


def test_many_cuts_do_not_use_up_the_tries_while_bytes_arrive(part: Path) -> None:
    with serving(cut_after(DATA, 3_000)) as server:
        fetch(server.url, part)
    assert part.read_bytes() == DATA
    assert len(server.ranges) == 100


def test_what_was_received_here_is_not_read_again_after_a_cut(part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []
    new = download_module.BackgroundHash

    def counted() -> BackgroundHash:
        begun.append(1)
        return new()

    monkeypatch.setattr(download_module, "BackgroundHash", counted)
    with serving(cut_after(DATA, 30_000)) as server:
        fetch(server.url, part)
    assert part.read_bytes() == DATA
    assert len(server.ranges) == 10
    assert begun == []  # a part that is read again is hashed from its start


def test_a_part_of_an_earlier_process_is_resumed(part: Path) -> None:
    half_done(part)
    with serving(honest(DATA)) as server:
        fetch(server.url, part)
    assert part.read_bytes() == DATA
    assert server.ranges == ["bytes=100000-"]


def test_a_complete_part_of_an_earlier_process_needs_no_request(part: Path) -> None:
    part.write_bytes(DATA)
    with serving(plain(500)) as server:
        fetch(server.url, part)
    assert server.ranges == []


def test_a_part_that_rotted_on_disk_is_fetched_anew(part: Path) -> None:
    part.write_bytes(b"\0" + DATA[1:100_000])
    part.with_suffix(".etag").write_text(ETAG)
    with serving(honest(DATA)) as server:
        fetch(server.url, part)
    assert part.read_bytes() == DATA
    assert server.ranges == ["bytes=100000-", None]


def test_a_part_longer_than_the_file_is_dropped(part: Path) -> None:
    part.write_bytes(DATA + b"more")
    with serving(honest(DATA)) as server:
        fetch(server.url, part)
    assert part.read_bytes() == DATA
    assert server.ranges == [None]


def test_without_a_strong_etag_nothing_is_resumed(part: Path) -> None:
    with serving(cut_after(DATA, 120_000, etag='W/"weak"'), honest(DATA)) as server:
        fetch(server.url, part)
    assert part.read_bytes() == DATA
    assert server.ranges == [None, None]


def test_an_etag_that_changed_restarts_from_zero(part: Path) -> None:
    half_done(part, etag='"old"')
    with serving(honest(DATA)) as server:
        fetch(server.url, part)
    assert part.read_bytes() == DATA
    assert server.ranges == ["bytes=100000-"]  # answered by a whole 200


ODD_ANSWERS_TO_A_RANGE: dict[str, Step] = {
    "200 instead of 206": plain(200, DATA, ETag=ETAG),
    "range starts early": ranged("bytes 99999-299999/300000", DATA[99_999:]),
    "range starts late": ranged("bytes 100001-299999/300000", DATA[100_001:]),
    "range ends beyond the file": ranged("bytes 100000-300000/300000", DATA[100_000:]),
    "range ends before it starts": ranged("bytes 100000-99999/300000", b""),
    "total length changed": ranged("bytes 100000-299999/300001", DATA[100_000:]),
    "no Content-Range": ranged(None, DATA[100_000:]),
    "empty Content-Range": ranged("", DATA[100_000:]),
    "letters": ranged("bytes abc-def/300000", DATA[100_000:]),
    "no total": ranged("bytes 100000-299999", DATA[100_000:]),
    "two ranges": ranged("bytes 100000-200000,200001-299999/300000", DATA[100_000:]),
    "negative": ranged("bytes -100000-299999/300000", DATA[100_000:]),
    "other unit": ranged("lines 100000-299999/300000", DATA[100_000:]),
    "other etag in the 206": ranged("bytes 100000-299999/300000", DATA[100_000:], etag='"e-2"'),
    "garbled rest": ranged("bytes 100000-299999/300000", os.urandom(200_000)),
    "416": plain(416),
    "204": plain(204),
    "503": plain(503, Retry_After="1"),
    "429": plain(429),
    "gzip": plain(200, DATA, ETag=ETAG, Content_Encoding="gzip"),
    "shorter file": plain(200, DATA[:5], ETag=ETAG),
    "longer file": plain(200, DATA + b"more", ETag=ETAG),
}


@pytest.mark.parametrize("odd", ODD_ANSWERS_TO_A_RANGE.values(), ids=ODD_ANSWERS_TO_A_RANGE.keys())
def test_an_odd_answer_to_a_resume_does_not_spoil_the_file(part: Path, odd: Step) -> None:
    half_done(part)
    with serving(odd, honest(DATA)) as server:
        fetch(server.url, part)
    assert part.read_bytes() == DATA


@pytest.mark.parametrize("odd", ODD_ANSWERS_TO_A_RANGE.values(), ids=ODD_ANSWERS_TO_A_RANGE.keys())
def test_an_odd_answer_for_ever_ends(part: Path, odd: Step) -> None:
    half_done(part)
    with serving(odd) as server:
        outcome = code_of(lambda: fetch(server.url, part))
    assert outcome in ("download_failed", "hash_mismatch") or part.read_bytes() == DATA
    assert len(server.ranges) < 10


def test_a_total_that_is_not_told_is_accepted(part: Path) -> None:
    half_done(part)
    with serving(ranged("bytes 100000-299999/*", DATA[100_000:])) as server:
        fetch(server.url, part)
    assert part.read_bytes() == DATA
    assert len(server.ranges) == 1


def test_garbled_bytes_are_never_accepted(part: Path) -> None:
    with (
        serving(plain(200, os.urandom(len(DATA)), ETag=ETAG)) as server,
        pytest.raises(EdgeprofError) as caught,
    ):
        fetch(server.url, part)
    assert caught.value.code == "hash_mismatch"
    assert not part.exists()


def test_an_endless_body_is_cut_at_the_declared_size(part: Path) -> None:
    with serving(endless(b"\0" * 65_536)) as server, pytest.raises(EdgeprofError) as caught:
        fetch(server.url, part)
    assert caught.value.code == "hash_mismatch"


def test_an_endless_body_that_begins_right_is_enough(part: Path) -> None:
    with serving(endless(DATA)) as server:
        fetch(server.url, part)
    assert part.read_bytes() == DATA


def test_a_stall_is_left_and_resumed(part: Path) -> None:
    with serving(stalled(DATA, 150_000), honest(DATA)) as server:
        fetch(server.url, part)
    assert part.read_bytes() == DATA
    assert server.ranges == [None, "bytes=150000-"]


def test_a_trickle_is_ended_by_the_deadline(part: Path) -> None:
    limits = DownloadLimits(stall_s=5, deadline_s=0.3, tries=3, backoff=Backoff(0.0, 0.01))
    with serving(cut_after(DATA, 1)) as server, pytest.raises(EdgeprofError) as caught:
        fetch(server.url, part, limits=limits)
    assert caught.value.code == "download_failed"
    assert "within" in caught.value.message


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_refusal_is_not_asked_again(part: Path, status: int) -> None:
    body = b'{"error": {"code": "no_such_blob", "message": "This hub has no such file."}}'
    with serving(plain(status, body)) as server, pytest.raises(EdgeprofError) as caught:
        fetch(server.url, part)
    assert caught.value.code == "download_failed"
    assert "This hub has no such file." in caught.value.message
    assert len(server.ranges) == 1


def test_a_server_that_is_down_is_given_up_after_the_tries(part: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(EdgeprofError) as caught:
            fetch(f"http://127.0.0.1:{unused.getsockname()[1]}", part)
    assert caught.value.code == "download_failed"
    assert "3 tries" in caught.value.message


def test_a_cancel_ends_it_and_leaves_the_part_for_later(part: Path) -> None:
    cancelled = threading.Event()

    def stop_early(done: int) -> None:
        if done:
            cancelled.set()

    with serving(cut_after(DATA, 100_000), honest(DATA)) as server:
        with pytest.raises(EdgeprofError) as caught:
            fetch(server.url, part, cancelled=cancelled, on_bytes=stop_early)
        assert caught.value.code == "cancelled"
        assert part.stat().st_size > 0
        fetch(server.url, part)
    assert part.read_bytes() == DATA


def test_a_disk_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    part = tmp_path / "x.part"
    part.symlink_to("/dev/full")
    with serving(honest(DATA)) as server, pytest.raises(EdgeprofError) as caught:
        fetch(server.url, part)
    assert caught.value.code == "no_space"


def test_a_hash_in_the_background_is_that_of_all_bytes_in_order() -> None:
    chunks = [os.urandom(10_000) for _ in range(3 * MAX_CHUNKS_WAITING)]
    total = BackgroundHash()
    for half in (chunks[:5], chunks[5:]):
        with total:
            for chunk in half:
                total.update(chunk)
    assert total.hexdigest() == hashlib.sha256(b"".join(chunks)).hexdigest()
    assert total.size_bytes == sum(map(len, chunks))


def test_a_bandwidth_limit_does_not_use_up_the_time(part: Path) -> None:
    """The caller waits in `on_bytes`: for three times as long as the download may take."""
    hasty = DownloadLimits(stall_s=0.2, deadline_s=0.5, tries=3, backoff=Backoff(0.0, 0.01))

    def wait(done: int) -> None:
        threading.Event().wait(0.5 if done else 0.0)

    with serving(honest(DATA)) as server:
        fetch(server.url, part, limits=hasty, on_bytes=wait)
    assert part.read_bytes() == DATA
