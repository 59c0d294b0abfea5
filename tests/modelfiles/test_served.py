"""The document of a served model: what it may hold, what is refused, and that it is a model file like any other."""

from pathlib import Path

import pytest

from edgeprof.errors import EdgeprofError
from edgeprof.modelfiles import declared_inputs, inspect, served_file, small_weights_share
from edgeprof.modelfiles.served_file import Served, ServedPrice
from edgeprof.wire import identity

PLAIN = b'{"edgeprof_served":1,"model":"odd-1"}'


def put(folder: Path, data: bytes, name: str = "m.served") -> Path:
    file = folder / name
    file.write_bytes(data)
    return file


def test_a_document_is_a_model_file_and_comes_back_as_it_was_written(tmp_path: Path) -> None:
    served = Served(
        edgeprof_served=1,
        model="org/odd-1",
        parameters={"temperature": 0, "stop": ["a"]},
        price=ServedPrice(provider="openai", model="x"),
    )
    file = put(tmp_path, served_file.written(served))
    found = inspect(file)
    assert found.format == "served"
    assert served_file.read(file) == served
    assert declared_inputs(file, "served") == ()
    assert small_weights_share(file, "served") is None


def test_another_parameter_is_another_model(tmp_path: Path) -> None:
    one, other = put(tmp_path, PLAIN, "a.served"), put(tmp_path, PLAIN[:-1] + b',"parameters":{"seed":1}}', "b.served")
    assert identity.model_id(inspect(one).manifest) != identity.model_id(inspect(other).manifest)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"{", "truncated"),
        (b"[]", "array"),
        (b'{"edgeprof_served":2,"model":"x"}', "edgeprof_served"),
        (b'{"edgeprof_served":1}', "model"),
        (b'{"edgeprof_served":1,"model":""}', "model"),
        (b'{"edgeprof_served":1,"model":"x","key":"sk-1"}', "key"),
        (b'{"edgeprof_served":1,"model":"x","parameters":{"stream":false}}', "stream"),
        (b'{"edgeprof_served":1,"model":"x","price":{"provider":"openai"}}', "model"),
        (b'{"edgeprof_served":1,"model":"x","parameters":{"a":{}}}', "parameters"),
        (PLAIN + b" " * served_file.MAX_BYTES, "16 KiB"),
        (b"\xff\xfe", "not a served model"),
    ],
)
def test_what_is_no_such_document_is_told_by_its_field(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(EdgeprofError) as refused:
        inspect(put(tmp_path, data))
    assert refused.value.code == "not_a_model"
    assert said in refused.value.message


def test_a_document_under_another_name_is_named(tmp_path: Path) -> None:
    with pytest.raises(EdgeprofError, match=r"Rename it to end in \.served"):
        inspect(put(tmp_path, PLAIN, "m.gguf"))
    assert inspect(put(tmp_path, PLAIN, "m.json")).format == "served"
    with pytest.raises(EdgeprofError) as refused:
        inspect(put(tmp_path, b'{"a": 1}', "n.json"))
    assert refused.value.code == "not_a_model"
