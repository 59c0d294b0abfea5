"""Messages to bytes and back; what cannot be read says why."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeprof.wire import codec
from edgeprof.wire import messages as m

RECEIPT = m.Receipt(result_id="r", sha256="0" * 64, status="stored")


def changed(**fields: Any) -> bytes:
    return json.dumps({**json.loads(codec.encode(RECEIPT)), **fields}).encode()


def test_a_message_survives_the_wire() -> None:
    model = m.ModelRef(
        model_id="m",
        name="n",
        format="onnx",
        manifest=m.Manifest(entry="a.onnx", files=(m.FileRef(path="a.onnx", size=1, sha256="0" * 64),)),
    )
    job = m.Job(
        job_id="j",
        attempt=1,
        model=model,
        config=m.RunConfig(runtime="onnxruntime", shapes={"x": (1, 3)}),
        config_key="k",
        protocol=m.RunProtocol(),
    )
    assert codec.decode("job", codec.encode(job)) == job


def test_an_unknown_field_is_ignored() -> None:
    assert codec.decode("receipt", changed(added_in_2031="x")) == RECEIPT


@pytest.mark.parametrize(("version", "word"), [(2, "newer"), (0, "older")])
def test_another_wire_version_is_refused_by_name(version: int, word: str) -> None:
    with pytest.raises(codec.WireVersionError, match=word) as caught:
        codec.decode("receipt", changed(wire=version))
    assert caught.value.got == version
    assert "same edgeprof release" in str(caught.value)


def test_a_wrong_type_is_named_with_its_field() -> None:
    with pytest.raises(codec.WireError, match=r"result_id"):
        codec.decode("receipt", changed(result_id=7))


def test_a_status_outside_the_closed_set_is_refused() -> None:
    with pytest.raises(codec.WireError, match=r"status"):
        codec.decode("receipt", changed(status="lost"))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"{",
        b"\x00",
        b"[" * 10_000,
        b'{"wire":1e999}',
        b'{"wire":' + b"9" * 5_000 + b"}",
    ],
)
def test_bytes_that_are_no_message_are_a_wire_error(payload: bytes) -> None:
    with pytest.raises(codec.WireError):
        codec.decode("receipt", payload)


def test_an_oversized_message_is_refused_unparsed() -> None:
    with pytest.raises(codec.WireError, match="the limit is"):
        codec.decode("receipt", b" " * (codec.MAX_MESSAGE_BYTES + 1))


@given(st.sampled_from(sorted(codec.MESSAGE_TYPES)), st.binary(max_size=400))
def test_random_bytes_never_raise_anything_else(message_class: str, payload: bytes) -> None:
    with pytest.raises(codec.WireError):
        codec.decode(message_class, payload)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=8))
def test_random_json_fields_never_raise_anything_else(value: object) -> None:
    try:
        codec.decode("receipt", changed(status=value))
    except codec.WireError:
        return
    assert value in ("stored", "duplicate", "conflict", "rejected")
