"""Receipts and cancels of a hub that seals them: what passes, and every change that does not."""

from dataclasses import replace

import pytest

from edgeprof.signing import seals
from edgeprof.wire import codec
from edgeprof.wire.messages import Cancel, Receipt

SECRET = bytes(range(32))
KEY = seals.device_key(SECRET, "start-1", "d-1")
RECEIPT = Receipt(result_id="r-1", sha256="a" * 64, status="stored")
CANCEL = Cancel(job_id="j-1", attempt=1)


@pytest.mark.parametrize("message", [RECEIPT, replace(RECEIPT, reason=""), CANCEL, replace(CANCEL, attempt=None)])
def test_what_the_hub_sends_is_believed_after_its_way_over_the_wire(message: Receipt | Cancel) -> None:
    sent = codec.encode(seals.sealed(message, KEY))
    kind = "receipt" if isinstance(message, Receipt) else "cancel"
    arrived = codec.decode(kind, sent)
    assert isinstance(arrived, (Receipt, Cancel))
    assert seals.is_sealed(arrived, KEY)


@pytest.mark.parametrize(
    "other",
    [
        seals.device_key(SECRET, "start-1", "d-2"),
        seals.device_key(SECRET, "start-2", "d-1"),
        seals.device_key(bytes(32), "start-1", "d-1"),
    ],
    ids=["another device's", "another start's", "another hub's"],
)
@pytest.mark.parametrize("message", [RECEIPT, CANCEL])
def test_another_key_is_refused(message: Receipt | Cancel, other: bytes) -> None:
    assert not seals.is_sealed(seals.sealed(message, other), KEY)


@pytest.mark.parametrize(
    "changed",
    [
        {"result_id": "r-2"},
        {"sha256": "b" * 64},
        {"status": "rejected"},
        {"reason": "because"},
        {"reason": ""},
        {"seal": None},
        {"seal": ""},
        {"seal": "é"},
    ],
)
def test_a_changed_receipt_is_refused(changed: dict[str, str]) -> None:
    assert not seals.is_sealed(replace(seals.sealed(RECEIPT, KEY), **changed), KEY)


@pytest.mark.parametrize("changed", [{"job_id": "j-2"}, {"attempt": 2}, {"attempt": None}, {"seal": None}])
def test_a_changed_cancel_is_refused(changed: dict[str, str]) -> None:
    assert not seals.is_sealed(replace(seals.sealed(CANCEL, KEY), **changed), KEY)


def test_the_seal_of_a_receipt_is_none_of_a_cancel() -> None:
    receipt = seals.sealed(replace(RECEIPT, result_id="j-1", sha256="", status="stored"), KEY)
    assert not seals.is_sealed(replace(CANCEL, attempt=None, seal=receipt.seal), KEY)
