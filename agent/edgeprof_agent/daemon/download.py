"""How one file comes from the hub: resumed, bounded in time, size and tries, and believed only by its hash."""

import http.client
import logging
import os
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from errno import EDQUOT, ENOSPC
from pathlib import Path

from edgeprof.errors import EdgeprofError
from edgeprof.wire.messages import FileRef
from edgeprof_agent.config import DownloadLimits
from edgeprof_agent.daemon.background_hash import BackgroundHash
from edgeprof_agent.daemon.http import HubHttp, HubRefused, HubUnreachable

log = logging.getLogger(__name__)

CHUNK_BYTES = 256 * 1024
HASH_MISMATCHES_ALLOWED = 2
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


class _TryAgain(Exception):
    """This try failed; what is on disk may be of use to the next one."""


class _StartOver(_TryAgain):
    """This try failed, and what is on disk is not to be trusted."""


@dataclass
class _Transfer:
    """One download: what to fetch, where its bytes gather, and how it may be stopped."""

    hub: HubHttp
    file: FileRef
    part: Path
    limits: DownloadLimits
    deadline_s: float
    cancelled: threading.Event
    on_bytes: Callable[[int], None]
    digest: BackgroundHash = field(default_factory=BackgroundHash)
    """Of the part, as far as it was read or received here."""

    @property
    def etag_file(self) -> Path:
        return self.part.with_suffix(".etag")

    def forget(self) -> None:
        self.digest = BackgroundHash()
        self.part.unlink(missing_ok=True)
        self.etag_file.unlink(missing_ok=True)


def download(
    hub: HubHttp,
    file: FileRef,
    part: Path,
    limits: DownloadLimits,
    cancelled: threading.Event,
    on_bytes: Callable[[int], None],
) -> None:
    """Fill `part` with the file, checked and flushed to disk; a `part` left by an earlier try is resumed.

    Raises EdgeprofError with code download_failed, hash_mismatch, no_space or cancelled. It always ends.
    """
    transfer = _Transfer(hub, file, part, limits, time.monotonic() + limits.deadline_s, cancelled, on_bytes)
    failures = mismatches = 0
    while True:
        before = _size_of(part)
        try:
            if _attempt(transfer):
                transfer.etag_file.unlink(missing_ok=True)
                return
            transfer.forget()
            mismatches += 1
            reason = "the received bytes do not match the manifest"
        except _TryAgain as error:
            reason = str(error)
            if isinstance(error, _StartOver):
                transfer.forget()
        if mismatches > HASH_MISMATCHES_ALLOWED:
            raise EdgeprofError("hash_mismatch", f"The hub sent wrong bytes for {file.path}, {mismatches} times.")
        failures = 1 if _size_of(part) > before else failures + 1
        _wait_or_give_up(transfer, failures, reason)


def _attempt(transfer: _Transfer) -> bool:
    """One request. True: complete and right. False: complete and wrong."""
    file, part = transfer.file, transfer.part
    start = _resume_from(transfer)
    if start < file.size:
        headers = {"Range": f"bytes={start}-", "If-Range": transfer.etag_file.read_text()} if start else {}
        try:
            with transfer.hub.request(
                "GET", f"/blobs/{file.sha256}", headers, timeout_s=transfer.limits.stall_s
            ) as answer:
                if _begins_at(transfer, answer, start) != start:
                    start, transfer.digest = 0, BackgroundHash()
                _write(transfer, answer, start)
        except HubUnreachable as error:
            raise _TryAgain(error.message) from error
        except HubRefused as error:
            if error.status == 416:
                raise _StartOver("the hub refused the requested range") from error
            raise EdgeprofError("download_failed", f"The hub refused {file.path}: {error.message}") from error
    _flush(part)
    return transfer.digest.hexdigest() == file.sha256


def _resume_from(transfer: _Transfer) -> int:
    """How much of the part can be built on. What an earlier process left is hashed from the disk first."""
    have = _size_of(transfer.part)
    if have > transfer.file.size or (0 < have < transfer.file.size and not _size_of(transfer.etag_file)):
        transfer.forget()
        return 0
    if have != transfer.digest.size_bytes:
        transfer.digest = BackgroundHash()
        with transfer.part.open("rb") as stream, transfer.digest:
            while chunk := stream.read(CHUNK_BYTES):
                transfer.digest.update(chunk)
    transfer.on_bytes(have)
    return have


def _begins_at(transfer: _Transfer, answer: http.client.HTTPResponse, requested: int) -> int:
    """Where this answer's body begins; the ETag that a later resume needs is kept."""
    if (answer.getheader("Content-Encoding") or "identity") != "identity":
        raise _StartOver("the hub sent a compressed body that was not requested")
    etag = answer.getheader("ETag") or ""
    if answer.status == 200:
        _keep_etag(transfer, etag)
        length = answer.getheader("Content-Length")
        if length is not None and length != str(transfer.file.size):
            raise _StartOver(f"the hub has {length} bytes, but the manifest lists {transfer.file.size}")
        return 0
    if answer.status != 206 or not requested:
        raise _StartOver(f"the hub answered {answer.status}")
    if etag and etag != transfer.etag_file.read_text():
        raise _StartOver("the file on the hub changed during the download")
    _check_content_range(answer.getheader("Content-Range") or "", requested, transfer.file.size)
    return requested


def _keep_etag(transfer: _Transfer, etag: str) -> None:
    """Only a strong validator may stand in If-Range (RFC 9110, 13.1.5)."""
    if etag.startswith('"') and etag.isascii() and len(etag) < 200:
        transfer.etag_file.write_text(etag)
    else:
        transfer.etag_file.unlink(missing_ok=True)


def _check_content_range(header: str, requested: int, size: int) -> None:
    match = _CONTENT_RANGE.fullmatch(header.strip())
    if match is None:
        raise _StartOver(f"the hub sent an unreadable range {header[:80]!r}")
    start, end, total = int(match[1]), int(match[2]), match[3]
    if start != requested or end < start or end >= size or total not in ("*", str(size)):
        raise _StartOver(f"the hub sent another range ({header[:80]}) than requested")


def _write(transfer: _Transfer, answer: http.client.HTTPResponse, start: int) -> None:
    """Append the body, never more than the declared size: an endless body is cut there and judged by its hash."""
    done = start
    with _disk(transfer.part), transfer.part.open("ab" if start else "wb") as stream, transfer.digest:
        while done < transfer.file.size:
            _check_stopped(transfer)
            chunk = _read(answer, min(CHUNK_BYTES, transfer.file.size - done))
            stream.write(chunk)
            transfer.digest.update(chunk)
            done += len(chunk)
            begun_s = time.monotonic()
            transfer.on_bytes(done)
            transfer.deadline_s += time.monotonic() - begun_s  # a bandwidth limit waits there


def _read(answer: http.client.HTTPResponse, limit: int) -> bytes:
    try:
        chunk = answer.read1(limit)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _TryAgain(f"the connection broke ({str(error) or type(error).__name__})") from error
    if not chunk:
        raise _TryAgain("the connection ended before the file was complete")
    return chunk


class _disk:
    """Turns a failing disk into a failure with a name; what the network did passes through."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            code = "no_space" if error.errno in (ENOSPC, EDQUOT) else "download_failed"
            raise EdgeprofError(code, f"Cannot write to {self._path.parent}: {error.strerror}.") from error


def _flush(part: Path) -> None:
    with _disk(part), part.open("ab") as stream:
        os.fsync(stream.fileno())


def _check_stopped(transfer: _Transfer) -> None:
    if transfer.cancelled.is_set():
        raise EdgeprofError("cancelled", f"The download of {transfer.file.path} was cancelled.")
    if time.monotonic() > transfer.deadline_s:
        limit = f"{transfer.limits.deadline_s:.0f} s"
        raise EdgeprofError("download_failed", f"{transfer.file.path} did not arrive within {limit}.")


def _wait_or_give_up(transfer: _Transfer, failures: int, reason: str) -> None:
    if failures >= transfer.limits.tries:
        raise EdgeprofError(
            "download_failed", f"Could not fetch {transfer.file.path} in {failures} tries. Last error: {reason}."
        )
    log.info("download.retry file=%s failures=%d reason=%s", transfer.file.sha256[:12], failures, reason)
    left_s = max(0.0, transfer.deadline_s - time.monotonic())
    transfer.cancelled.wait(min(transfer.limits.backoff.delay_s(failures), left_s))
    _check_stopped(transfer)


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
